// node-fetch with an agent that keeps connections, and without one.
import https from 'node:https'
import fetch from 'node-fetch'
import { host, ours, policy, port, step } from './kit.mjs'

const agent = new https.Agent({ keepAlive: true, maxSockets: 1 })
if (ours) ours.controlClosure(agent, policy)
const url = (path) => `https://${host}:${port}/${path}`
const ask = async (path, more = {}) => (await fetch(url(path), { agent, ...more })).text()

await step('two on a kept connection', async () => [await ask('kept'), await ask('kept')])
await step('an upload', async () => (await ask('echo', { method: 'POST', body: 'a body '.repeat(10_000) })).length)
await step('the last of its connection', () => ask('last'))
await step('cut', () => ask('cut'))
await step('one more', () => ask('kept'))
agent.destroy()
