// A message that Mosquitto acknowledges, and end(), which says DISCONNECT.
import mqtt from 'mqtt'
import { host, port } from '../kit.mjs'
import { connections } from './kit.mjs'

await connections(async () => {
  const client = await mqtt.connectAsync(`mqtts://${host}:${port}`, { reconnectPeriod: 0 })
  await client.publishAsync('news', 'hello', { qos: 1 })
  return () => client.endAsync()
})
