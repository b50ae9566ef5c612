/** A TLS server behind the recording relay, for tests that make their clients themselves. */
import { createServer, type Server, type TlsOptions, type TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import { certificate } from '../support/certificate.js'
import { type Relay, startRelay } from '../support/relay.js'
import { once } from '../support/streams.js'

export interface Relayed {
  readonly listener: Server
  readonly relay: Relay
  /** Options for a client of it. */
  readonly client: { readonly port: number; readonly host: string; readonly ca: string; readonly servername: string }
  /** The server's next socket. */
  readonly nextServer: () => Promise<TLSSocket>
}

export async function relayedServer(options: TlsOptions = {}): Promise<Relayed> {
  const { key, cert } = certificate
  const listener = createServer({ key, cert, ...options })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  const relay = await startRelay({ port: address.port })
  listener.on('keylog', (line: Buffer) => relay.keys.add(line))
  listener.on('tlsClientError', () => undefined)
  onTestFinished(async () => {
    await relay.close()
    listener.close()
  })
  const waiting: ((socket: TLSSocket) => void)[] = []
  const arrived: TLSSocket[] = []
  const sockets = new Set<TLSSocket>()
  listener.on('secureConnection', (socket) => {
    socket.on('error', () => undefined)
    sockets.add(socket)
    const next = waiting.shift()
    if (next === undefined) arrived.push(socket)
    else next(socket)
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  const nextServer = () => {
    const socket = arrived.shift()
    return socket === undefined ? new Promise<TLSSocket>((resolve) => waiting.push(resolve)) : Promise.resolve(socket)
  }
  const client = { port: relay.port, host: '127.0.0.1', ca: cert, servername: certificate.host }
  return { listener, relay, client, nextServer }
}
