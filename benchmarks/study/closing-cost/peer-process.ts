/**
 * The far ends of the benchmark, in a process of their own. They listen, in this order, as
 * - the peer that answers: a plain `tls.Server`, which ends its side when our close_notify or FIN comes;
 * - the peer that stays silent: it reads, sends no close_notify and no FIN, until the command `drop`;
 * - the echo that measures the relay.
 *
 * Both peers send one byte when the handshake is done: who has read it has read the session tickets too, so that
 * nothing is on its way when a closing begins.
 */
import { once } from 'node:events'
import type net from 'node:net'
import tls from 'node:tls'
import { certificate, key } from '../../support/certificate.js'
import { serveParent } from '../../support/child-side.js'
import { createEchoServer } from '../../support/echo.js'
import { listeningPort } from '../../support/relay.js'

const silent = new Set<tls.TLSSocket>()
const answersServer = createPeer(false)
const silentServer = createPeer(true)
silentServer.on('secureConnection', (socket) => {
  silent.add(socket)
  socket.on('close', () => silent.delete(socket))
})

const ports = []
for (const server of [answersServer, silentServer, createEchoServer()]) ports.push(await listen(server))

serveParent(ports, {
  drop() {
    for (const socket of silent) socket.destroy()
  },
})

function createPeer(allowHalfOpen: boolean): tls.Server {
  const options = { key, cert: certificate, minVersion: 'TLSv1.3', allowHalfOpen, noDelay: true } as const
  return tls
    .createServer(options, (socket) => {
      socket.on('error', () => {})
      socket.resume()
      // A turn later: in this one, under TLS 1.3, the byte would leave before the session tickets.
      setImmediate(() => socket.write('.'))
    })
    .on('tlsClientError', () => {})
}

async function listen(server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return listeningPort(server)
}
