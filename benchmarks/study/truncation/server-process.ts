/**
 * The honest server: answers each request over TLS, closes with close_notify and FIN, and keeps count of its bytes. It
 * says the ports of TLS 1.2 for HTTP/1.1 and HTTP/2, then those of TLS 1.3. Sessions are never resumed, so that every
 * connection has the records of a full handshake.
 *
 * `sent FROM TO` answers with how many bytes of ciphertext went to the connection from port FROM to port TO: before the
 * response, and of it, close_notify included; `nothing` where no response went.
 */
import { constants } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { certificate, key } from '../../support/certificate.js'
import { serveParent } from '../../support/child-side.js'
import { listeningPort } from '../../support/relay.js'
import { protocols, type Protocol } from './cells.js'
import { requestedFraming, responseOf, type Framing } from './responses.js'

interface Sent {
  readonly before: number
  readonly response: number
}

/** By both ports: two connections to different ports may come from the same one. */
const sent = new Map<string, Promise<Sent>>()
const ports: number[] = []
for (const protocol of protocols) {
  for (const alpn of ['http/1.1', 'h2'] as const) ports.push(await listen(protocol, alpn))
}

serveParent(ports, {
  async sent(from, to) {
    const connection = `${from} ${to}`
    const counted = sent.get(connection)
    if (counted === undefined) return 'nothing'
    sent.delete(connection)
    const { before, response } = await counted
    return `${before} ${response}`
  },
})

async function listen(protocol: Protocol, alpn: 'http/1.1' | 'h2'): Promise<number> {
  const secureContext = tls.createSecureContext({
    key,
    cert: certificate,
    minVersion: protocol,
    maxVersion: protocol,
    secureOptions: constants.SSL_OP_NO_TICKET,
  })
  const server = net.createServer({ noDelay: true }, (transport) => {
    transport.on('error', () => {})
    const socket = new tls.TLSSocket(transport, { isServer: true, secureContext, ALPNProtocols: [alpn] })
    socket.on('error', () => {})
    awaitRequest(socket, alpn === 'h2', (framing) => {
      sent.set(`${transport.remotePort} ${transport.localPort}`, answer(transport, socket, framing))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return listeningPort(server)
}

function awaitRequest(socket: tls.TLSSocket, isHttp2: boolean, onRequest: (framing: Framing) => void): void {
  let received = Buffer.alloc(0)
  let answered = false
  socket.on('data', (bytes: Buffer) => {
    received = Buffer.concat([received, bytes])
    const framing = answered ? undefined : requestedFraming(received, isHttp2)
    if (framing === undefined) return
    answered = true
    onRequest(framing)
  })
}

async function answer(transport: net.Socket, socket: tls.TLSSocket, framing: Framing): Promise<Sent> {
  // Not at once: tickets of TLS 1.3 leave when the read that has brought the request returns.
  await new Promise((resolve) => setImmediate(resolve))
  const before = transport.bytesWritten
  for (const piece of responseOf(framing).pieces) {
    // One at a time: writes that wait become one record.
    await new Promise((written) => socket.write(piece, written))
  }
  await new Promise<void>((ended) => socket.end(ended))
  return { before, response: transport.bytesWritten - before }
}
