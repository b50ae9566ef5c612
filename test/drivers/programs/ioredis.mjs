// A client of Redis: a pipeline, a subscription, QUIT, a connection that the server kills, and one that is cut off here.
import Redis from 'ioredis'
import { host, ours, policy, port, step } from './kit.mjs'

const connecting = ours?.closingConnect(policy)
const create = (more = {}) => new Redis({ host, port, tls: connecting ? connecting() : {}, ...more })
const quiet = (client) => {
  const codes = []
  client.on('error', (error) => codes.push(error.code))
  return codes
}

const redis = create()
const own = quiet(redis)
await step('set and get', async () => {
  await redis.set('key', 'a value '.repeat(1000))
  return (await redis.get('key')).length
})
await step('a pipeline', async () => {
  const answers = await redis.pipeline().del('n').incr('n').incr('n').exec()
  return answers.map(([, value]) => value).slice(1)
})
const subscriber = create()
await step('a message', async () => {
  const message = new Promise((resolve) => subscriber.once('message', (_channel, text) => resolve(text)))
  await subscriber.subscribe('news')
  await redis.publish('news', 'hello')
  return message
})
await step('quit', () => subscriber.quit())

const killed = create({ retryStrategy: () => null })
const codes = quiet(killed)
await step('killed by the server', async () => {
  const closed = new Promise((resolve) => killed.once('end', resolve))
  await redis.client('KILL', 'ID', await killed.client('ID'))
  await closed
  return codes
})
await step('disconnected', async () => {
  const closed = new Promise((resolve) => redis.once('end', resolve))
  redis.disconnect()
  await closed
  return own
})
