// undici: its own functions and the global fetch, on an Agent that is closed and one that is destroyed.
import { Agent, fetch, request } from 'undici'
import { host, ours, policy, port, step } from './kit.mjs'

const connecting = ours?.closingConnect(policy)
const create = () => new Agent({ connections: 1, ...(connecting && { connect: connecting() }) })
const url = (path) => `https://${host}:${port}/${path}`

const dispatcher = create()
const ask = async (path, more = {}) => (await request(url(path), { dispatcher, ...more })).body.text()
await step('two on a kept connection', async () => [await ask('kept'), await ask('kept')])
await step('an upload', async () => (await ask('echo', { method: 'POST', body: 'a body '.repeat(10_000) })).length)
await step('fetch', async () => (await fetch(url('kept'), { dispatcher })).text())
await step('the last of its connection', () => ask('last'))
await step('cut', () => ask('cut'))
await step('cut, by fetch', async () => (await fetch(url('cut'), { dispatcher })).text())
await step('one more', () => ask('kept'))
await step('closed', () => dispatcher.close())

const second = create()
await step('on another', async () => (await request(url('kept'), { dispatcher: second })).body.text())
await step('destroyed', () => second.destroy())
