// agentkeepalive: kept connections, and one that it ends itself when it has been idle for a while.
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { HttpsAgent } from 'agentkeepalive'
import { host, ours, policy, port, step } from './kit.mjs'

const agent = new HttpsAgent({ maxSockets: 1, freeSocketTimeout: 200 })
if (ours) ours.controlClosure(agent, policy)

async function ask(path, { body, ...more } = {}) {
  const response = await new Promise((resolve, reject) => {
    https
      .request(`https://${host}:${port}/${path}`, { agent, ...more }, resolve)
      .once('error', reject)
      .end(body)
  })
  return text(response)
}

await step('two on a kept connection', async () => [await ask('kept'), await ask('kept')])
await step('idle for too long', async () => {
  while (agent.getCurrentStatus().closeSocketCount === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  return agent.getCurrentStatus().timeoutSocketCount
})
await step('an upload', async () => (await ask('echo', { method: 'POST', body: 'a body '.repeat(10_000) })).length)
await step('the last of its connection', () => ask('last'))
await step('cut', () => ask('cut'))
await step('one more', () => ask('kept'))
agent.destroy()
