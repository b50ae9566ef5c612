// got with an agent that keeps connections.
import https from 'node:https'
import got from 'got'
import { host, ours, policy, port, step } from './kit.mjs'

const agent = new https.Agent({ keepAlive: true, maxSockets: 1 })
if (ours) ours.controlClosure(agent, policy)
const client = got.extend({ prefixUrl: `https://${host}:${port}`, agent: { https: agent }, retry: { limit: 0 } })

await step('two on a kept connection', async () => [await client('kept').text(), await client('kept').text()])
await step('an upload', async () => (await client.post('echo', { body: 'a body '.repeat(10_000) }).text()).length)
await step('a stream', async () => (await client.stream('kept').toArray()).join(''))
await step('the last of its connection', () => client('last').text())
await step('cut', () => client('cut').text())
await step('one more', () => client('kept').text())
agent.destroy()
