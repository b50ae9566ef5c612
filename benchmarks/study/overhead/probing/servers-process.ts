/** `SERVERS`: so many TLS servers, each on an address of 127.0.0.0/8 of its own, all on one port. They answer at once. */
import net from 'node:net'
import tls from 'node:tls'
import { certificate, key } from '../../../support/certificate.js'
import { serveParent } from '../../../support/child-side.js'
import { listeningPort } from '../../../support/relay.js'
import { addressOf } from './addresses.js'

const servers = Number(process.argv[2])
// Node ends its side when the peer's close_notify comes.
const server = tls.createServer({ key, cert: certificate, noDelay: true }, (socket) => {
  socket.on('error', () => {})
  socket.resume()
})
let port = 0
for (let index = 0; index < servers; index += 1) {
  const listener = net.createServer({ noDelay: true }, (socket) => server.emit('connection', socket))
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen({ port, host: addressOf(index), backlog: 64 }, resolve)
  })
  if (port === 0) port = listeningPort(listener)
}
serveParent([port])
