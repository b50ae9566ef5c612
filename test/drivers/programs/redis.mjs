// The same work with the other driver of Redis, which shows its sockets to nobody.
import { createClient } from 'redis'
import { host, ours, policy, port, step } from './kit.mjs'

const connecting = ours?.closingConnect(policy)
const codes = []
async function create(more = {}) {
  const socket = { host, port, tls: true, ...more }
  const client = createClient({ socket: connecting ? connecting(socket) : socket })
  client.on('error', (error) => codes.push(error.code ?? error.message))
  return client.connect()
}

const redis = await create()
await step('set and get', async () => {
  await redis.set('key', 'a value '.repeat(1000))
  return (await redis.get('key')).length
})
await step('a transaction', () =>
  redis
    .multi()
    .del('n')
    .incr('n')
    .incr('n')
    .exec()
    .then((all) => all.slice(1)),
)
const subscriber = await create()
await step('a message', async () => {
  const message = new Promise((resolve) => void subscriber.subscribe('news', resolve))
  while ((await redis.publish('news', 'hello')) === 0) await new Promise(setImmediate)
  return message
})
await step('closed', () => subscriber.close())

const killed = await create({ reconnectStrategy: false })
await step('killed by the server', async () => {
  const failed = new Promise((resolve) => killed.once('error', resolve))
  await redis.sendCommand(['CLIENT', 'KILL', 'ID', String(await killed.sendCommand(['CLIENT', 'ID']))])
  await failed
  return codes
})
await step('destroyed', () => redis.destroy())
