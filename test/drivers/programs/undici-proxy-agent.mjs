// undici's ProxyAgent: TLS to the proxy, and TLS to the server through it.
import { ProxyAgent, request } from 'undici'
import { host, ours, policy, port, step } from './kit.mjs'

const connecting = ours?.closingConnect(policy)
const uri = `https://${host}:${port}`
const tls = connecting && { requestTls: connecting(), proxyTls: connecting() }
const dispatcher = new ProxyAgent({ uri, connections: 1, ...tls })
const ask = async (path, more = {}) => (await request(`${uri}/${path}`, { dispatcher, ...more })).body.text()

await step('two on a kept connection', async () => [await ask('kept'), await ask('kept')])
await step('an upload', async () => (await ask('echo', { method: 'POST', body: 'a body '.repeat(10_000) })).length)
await step('the last of its connection', () => ask('last'))
await step('cut', () => ask('cut'))
await step('one more', () => ask('kept'))
await step('closed', () => dispatcher.close())
