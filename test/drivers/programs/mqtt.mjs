// A client of MQTT: a message of each quality of service, a session that another client takes over, and a forced end.
import mqtt from 'mqtt'
import { host, ours, policy, port, step } from './kit.mjs'

const connecting = ours?.closingConnect(policy)
const create = (more = {}) => {
  const options = { reconnectPeriod: 0, ...more }
  return mqtt.connectAsync(`mqtts://${host}:${port}`, connecting ? connecting(options) : options)
}

const receiver = await create()
const sender = await create({ clientId: 'sender' })
await step('messages', async () => {
  const got = []
  const all = new Promise((resolve) => {
    receiver.on('message', (topic, text) => {
      got.push(`${topic} ${text}`)
      if (got.length === 3) resolve()
    })
  })
  await receiver.subscribeAsync('news/#', { qos: 2 })
  for (const qos of [0, 1, 2]) await sender.publishAsync(`news/${qos}`, 'hello', { qos })
  await all
  return got.sort()
})
await step('taken over', async () => {
  const codes = []
  sender.on('error', (error) => codes.push(error.code ?? error.message))
  const closed = new Promise((resolve) => sender.once('close', resolve))
  const second = await create({ clientId: 'sender' })
  await closed
  await second.endAsync()
  return codes
})
await step('ended', () => receiver.endAsync())
const forced = await create()
await step('ended by force', () => forced.endAsync(true))
