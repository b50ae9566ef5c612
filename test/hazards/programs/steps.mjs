// Brings the closing of a client socket to a given step, and leaves it there.
import { once } from 'node:events'
import tls from 'node:tls'
import { cert, immediate, packageUrl } from './support.mjs'

const { closureOf } = await import(packageUrl)
// No budget of ours is to be what ends it.
const options = { mode: 'bidirectional', flushTimeout: 600_000, waitTimeout: 600_000 }

export async function closingAt(step, port) {
  const client = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ca: cert, allowHalfOpen: true })
  client.on('error', () => {})
  const closure = closureOf(client)
  if (step === 'handshake') {
    await once(client, 'connect')
    return client
  }
  await once(client, 'secureConnect')
  await immediate()
  client.resume()
  if (step === 'drain') {
    client.write(Buffer.alloc(64 * 1024 * 1024))
    closure.shutdown(options)
    await immediate()
    await immediate()
    return client
  }
  const done = closure.shutdown(options)
  if (step === 'after') await done
  const written = () => closure.alerts.some(({ direction }) => direction === 'sent')
  while (!written()) await immediate()
  // 'wait' comes some turns after the alert was written: by then it has been flushed.
  if (step === 'wait') for (let i = 0; i < 20; i++) await immediate()
  return client
}
