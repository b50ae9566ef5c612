// Brings the closing of a client socket to a given step, and leaves it there.
import { once } from 'node:events'
import { cert, connect, immediate, loadClosureOf, ofStreams } from './support.mjs'

const closureOf = await loadClosureOf()
// No budget of ours is to be what ends it.
const options = { mode: 'bidirectional', flushTimeout: 600_000, waitTimeout: 600_000 }

export async function closingAt(step, port) {
  const client = await connect({ port, host: '127.0.0.1', servername: 'localhost', ca: cert, allowHalfOpen: true })
  client.on('error', () => {})
  const closure = closureOf(client)
  if (step === 'handshake') {
    // No event of a stream tells of TCP alone.
    if (ofStreams) await immediate()
    else await once(client, 'connect')
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
  // A stream tells of its alerts by its report alone.
  const written = () => ofStreams || closure.alerts.some(({ direction }) => direction === 'sent')
  while (!written()) await immediate()
  // 'wait' comes some turns after the alert was written: by then it has been flushed.
  if (step === 'wait' || ofStreams) for (let i = 0; i < 20; i++) await immediate()
  return client
}
