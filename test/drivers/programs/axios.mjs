// axios with an agent that keeps connections; a whole body and a stream.
import https from 'node:https'
import { text } from 'node:stream/consumers'
import axios from 'axios'
import { host, ours, policy, port, step } from './kit.mjs'

const httpsAgent = new https.Agent({ keepAlive: true, maxSockets: 1 })
if (ours) ours.controlClosure(httpsAgent, policy)
const client = axios.create({ baseURL: `https://${host}:${port}`, httpsAgent, proxy: false })

await step('two on a kept connection', async () => [(await client('/kept')).data, (await client('/kept')).data])
await step('an upload', async () => (await client.post('/echo', 'a body '.repeat(10_000))).data.length)
await step('the last of its connection', async () => (await client('/last')).data)
await step('cut', async () => (await client('/cut')).data)
await step('cut, a stream', async () => text((await client('/cut', { responseType: 'stream' })).data))
await step('one more', async () => (await client('/kept')).data)
httpsAgent.destroy()
