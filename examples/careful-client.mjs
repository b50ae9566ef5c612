// A client that must not lose data, of a protocol in which the end of the data is the end of the connection. What it gets is whole
// or an error, and is fetched anew then; what it sends counts as delivered when the server has answered its close_notify.
//
//     node examples/careful-client.mjs
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import tls from 'node:tls'
import { closureOf } from 'close-notify'
import { connect, TruncationError } from 'close-notify/stream'
import { makeCertificate } from './support/certificate.mjs'
import { portOf, summaryOf } from './support/wire.mjs'

const { key, cert } = await makeCertificate()

/** @param {number} port */
async function fetchAll(port) {
  for (let attempt = 1; ; attempt++) {
    const stream = connect({ port, host: 'localhost', ca: cert })
    try {
      stream.write('GET')
      const bytes = await buffer(stream)
      console.log(`attempt ${attempt}: ${bytes.length} bytes, ${summaryOf(await stream.report)}`)
      return bytes
    } catch (error) {
      if (!(error instanceof TruncationError) || attempt === 3) throw error
      console.log(`attempt ${attempt}: ${error.code} after ${stream.bytesRead} bytes: ${error.report.verdict}`)
    }
  }
}

/** @param {number} port @param {Buffer} bytes */
async function sendAll(port, bytes) {
  const stream = connect({ port, host: 'localhost', ca: cert })
  await once(stream, 'secureConnect')
  stream.resume().write(bytes)
  const report = await stream.shutdown({ mode: 'bidirectional', flushTimeout: 5000, waitTimeout: 5000 })
  // The server has read our close_notify, and so all that stood before it.
  const isDelivered = report.verdict === 'clean' && report.undeliveredBytes === 0
  console.log(`${bytes.length} bytes sent, ${isDelivered ? 'delivered' : 'NOT delivered'}: ${summaryOf(report)}`)
}

// --- A server whose first answer is cut in the middle, as an attacker on the way would do it by a FIN ---

let isFirst = true
const server = tls.createServer({ key, cert }, (socket) => {
  socket.once('data', (/** @type {Buffer} */ command) => {
    if (String(command) !== 'GET') return
    socket.write(Buffer.alloc(isFirst ? 4000 : 10_000))
    void closureOf(socket).shutdown({ mode: isFirst ? 'quiet' : 'unidirectional' })
    isFirst = false
  })
})
server.listen(0, 'localhost')
await once(server, 'listening')

await fetchAll(portOf(server))
await sendAll(portOf(server), Buffer.alloc(1_000_000, 'PUT'))
server.close()
