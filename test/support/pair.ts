/**
 * Two of Node's own TLS sockets with a recording relay between them.
 *
 *     const { client, server, wire, close } = await connectPair({ version: 'TLSv1.3' })
 *     onTestFinished(close)
 *     client.end()
 *     await wire.seen('client', 'fin')
 *     expect(wire.closing('client')).toEqual(['alert warning close_notify', 'fin'])
 *
 * The relay has the keys from the server's 'keylog' event. Both sockets have their handshakes behind them, neither is
 * read yet, and the caller is not inside one of OpenSSL's callbacks. An 'error' of either socket is kept in `errors`
 * and does not throw; `close` destroys what is left.
 */
import { connect as connectTcp, createServer as createTcpServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect, createServer, type ConnectionOptions, type Server, type TlsOptions, type TLSSocket } from 'node:tls'
import { certificate } from './certificate.js'
import { startRelay, type Relay, type RelayOptions } from './relay.js'
import { once } from './streams.js'
import type { Wire } from './wire.js'

import type { TlsVersion } from '../../lib/tls/versions.js'

export type { TlsVersion }
export { tlsVersions } from '../../lib/tls/versions.js'

/** `tls.connect` takes `allowHalfOpen`; its types in @types/node 20 do not say so. */
export type ClientOptions = ConnectionOptions & { readonly allowHalfOpen?: boolean }

export interface PairOptions {
  readonly version: TlsVersion
  /**
   * Of both sockets; `clientOptions` and `serverOptions` can say it for one.
   * @default false, as Node has it
   */
  readonly allowHalfOpen?: boolean
  readonly clientOptions?: ClientOptions
  readonly serverOptions?: TlsOptions
  /** Makes the stream that one side's TLS stands on; that side's `allowHalfOpen` is the stream's then. */
  readonly beneath?: { readonly side: 'client' | 'server'; readonly make: (tcp: Socket) => Duplex }
  readonly relay?: Omit<RelayOptions, 'port'>
}

export interface Pair {
  readonly client: TLSSocket
  readonly server: TLSSocket
  /** The server that accepted `server`; it accepts more connections, through `relay.port` too. */
  readonly listener: Server
  readonly relay: Relay
  readonly wire: Wire
  readonly errors: { readonly client: Error[]; readonly server: Error[] }
  readonly close: () => Promise<void>
}

export async function connectPair(options: PairOptions): Promise<Pair> {
  const { version, allowHalfOpen = false, clientOptions, serverOptions, beneath } = options
  const versions = { minVersion: version, maxVersion: version } as const
  const listener = createServer({
    key: certificate.key,
    cert: certificate.cert,
    allowHalfOpen,
    ...versions,
    ...serverOptions,
  })
  const { make } = beneath?.side === 'server' ? beneath : {}
  const acceptor =
    make === undefined
      ? listener
      : createTcpServer({ allowHalfOpen: true }, (tcp) => void listener.emit('connection', make(tcp)))
  acceptor.listen(0, '127.0.0.1')
  await once(acceptor, 'listening')
  const address = acceptor.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')

  const relay = await startRelay({ port: address.port, ...options.relay })
  listener.on('keylog', (line: Buffer) => relay.keys.add(line))
  const errors: Pair['errors'] = { client: [], server: [] }
  const accepting = new Set<TLSSocket>()
  listener.on('secureConnection', (socket) => accepting.add(socket))
  const accepted = new Promise<TLSSocket>((resolve, reject) => {
    listener.once('tlsClientError', reject)
    listener.once('secureConnection', (socket) => {
      socket.on('error', (error: Error) => errors.server.push(error))
      resolve(socket)
    })
  })
  const connection: ClientOptions = {
    port: relay.port,
    host: '127.0.0.1',
    ca: certificate.cert,
    servername: certificate.host,
    allowHalfOpen,
    ...versions,
    ...clientOptions,
  }
  if (beneath?.side === 'client') {
    const tcp = connectTcp({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true })
    connection.socket = beneath.make(tcp)
  }
  const client = connect(connection)
  const connected = once(client, 'secureConnect')
  client.on('error', (error: Error) => errors.client.push(error))
  const [server] = await Promise.all([accepted, connected])
  // out of the SSL call that emitted the event: in TLS 1.3 a server's end() in there sends FIN without close_notify
  await new Promise((resolve) => setImmediate(resolve))

  const close = async (): Promise<void> => {
    client.destroy()
    for (const socket of accepting) socket.destroy()
    await relay.close()
    await new Promise<void>((resolve) => acceptor.close(() => resolve()))
  }
  return { client, server, listener, relay, wire: await relay.nextWire(), errors, close }
}
