// https-proxy-agent: TLS to the proxy, and TLS to the server through it.
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { HttpsProxyAgent } from 'https-proxy-agent'
import { host, ours, policy, port, step } from './kit.mjs'

const url = `https://${host}:${port}`
// Without maxSockets, with which Node 26 opens tunnels that it does not use.
const agent = new HttpsProxyAgent(url, { keepAlive: true })
if (ours) ours.controlClosure(agent, policy)

async function ask(path, { body, ...more } = {}) {
  const response = await new Promise((resolve, reject) => {
    https
      .request(`${url}/${path}`, { agent, ...more }, resolve)
      .once('error', reject)
      .end(body)
  })
  return text(response)
}

await step('two on a kept connection', async () => [await ask('kept'), await ask('kept')])
await step('an upload', async () => (await ask('echo', { method: 'POST', body: 'a body '.repeat(10_000) })).length)
await step('the last of its connection', () => ask('last'))
await step('cut', () => ask('cut'))
await step('one more', () => ask('kept'))
agent.destroy()
