// A server that closes each connection to the last step, and knows how it ended: everything written before, then its close_notify,
// then the client's within a budget, then FIN. Three clients: one that answers, one that just ends TCP, one that does nothing.
//
//     node examples/precise-server.mjs
import { once } from 'node:events'
import tls from 'node:tls'
import { closureOf } from 'close-notify'
import { makeCertificate } from './support/certificate.mjs'
import { portOf, summaryOf } from './support/wire.mjs'

const { key, cert } = await makeCertificate()

/** @param {tls.TLSSocket} socket @param {string} name */
async function sayGoodbye(socket, name) {
  socket.write('the last words')
  const report = await closureOf(socket).shutdown({ mode: 'bidirectional', flushTimeout: 1000, waitTimeout: 200 })
  // Whatever became of the waiting, the promise has resolved: no connection hangs.
  console.log(`${name}: ${summaryOf(report)}`)
}

const server = tls.createServer({ key, cert }, (socket) => {
  // A RST is an error of the socket's; the report tells of it, too.
  socket.on('error', () => undefined)
  socket.once('data', (name) => void sayGoodbye(socket, String(name)))
})
server.listen(0, 'localhost')
await once(server, 'listening')

/** @type {Record<string, (socket: tls.TLSSocket) => void>} */
const clients = {
  // Node answers by itself when the server's close_notify is read.
  'a client that answers': (socket) => socket.resume(),
  'a client that just ends TCP': (socket) => socket.resume().once('end', () => socket.destroy()),
  'a client that does nothing': (socket) => socket.resume(),
}
for (const [name, behave] of Object.entries(clients)) {
  const options = { port: portOf(server), host: 'localhost', ca: cert, allowHalfOpen: !name.endsWith('answers') }
  const socket = tls.connect(options, () => socket.write(name))
  behave(socket)
  // The connection of the last one ends when the server's budget has run out.
  await once(socket, name.endsWith('nothing') ? 'end' : 'close')
  if (name.endsWith('nothing')) setTimeout(() => socket.destroy(), 400)
}
server.close()
