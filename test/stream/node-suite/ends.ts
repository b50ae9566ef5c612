/**
 * TLS as node:tls and as `close-notify/stream` have it, behind one small interface: what a case of the node-suite connects and
 * serves with. Whatever a case has opened is closed behind it.
 */
import net, { type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import tls, { type TLSSocket } from 'node:tls'
import { closureOf } from '../../../lib/index.js'
import { createContext, connect, createServer, type OpenSSL, TlsStream } from '../../../lib/stream/index.js'
import type { TlsVersion } from '../../support/pair.js'
import { once } from '../../support/streams.js'
import { type Watched, watch } from './watch.js'

/** What TLSSocket and TlsStream have in common, as far as the cases use it. */
export interface End extends Duplex {
  authorized: boolean
  readonly bytesRead: number
  getProtocol(): string | null | undefined
  setTimeout(ms: number, listener?: () => void): unknown
  destroySoon(): void
}

export interface ClientOptions {
  readonly port?: number
  readonly host?: string
  readonly path?: string
  readonly socket?: Duplex
  readonly rejectUnauthorized?: boolean
  readonly allowHalfOpen?: boolean
  readonly timeout?: number
  readonly signal?: AbortSignal
  readonly ciphers?: string
  readonly minVersion?: TlsVersion
  readonly maxVersion?: TlsVersion
  /** False: the certificate is not trusted. */
  readonly isTrusting?: boolean
  /** False: no servername is given. */
  readonly isNamed?: boolean
}

export interface ServerOptions {
  readonly allowHalfOpen?: boolean
  readonly handshakeTimeout?: number
  readonly minVersion?: TlsVersion
  readonly maxVersion?: TlsVersion
}

export type Kind = 'node:tls' | 'TlsStream'

/** Of the servers, and whom clients trust. */
interface Identity {
  readonly host: string
  /** PEM */
  readonly key: string
  readonly cert: string
}

export interface EndsOptions {
  readonly version: TlsVersion
  readonly client: Kind
  readonly server: Kind
  readonly identity: Identity
  /**
   * The library of streams.
   * @default the process's own
   */
  readonly openssl?: OpenSSL
}

interface Implementation {
  connect(options: ClientOptions, listener?: () => void): End
  createServer(options: ServerOptions, listener?: (end: End) => void): Server
  /** A server's side on a transport. */
  accept(transport: Duplex, versions: ServerOptions): End
  /** Our close_notify alone, with TCP left open. */
  closeNotify(end: End): Promise<void>
}

function implementationOf(kind: Kind, options: EndsOptions): Implementation {
  return kind === 'node:tls' ? stockAs(options) : streamsAs(options)
}

function stockAs({ identity: { host: servername, key, cert } }: EndsOptions): Implementation {
  return {
    connect: ({ isTrusting = true, isNamed = true, ...options }, listener) => {
      const trust = { ...(isNamed && { servername }), ...(isTrusting && { ca: cert }) }
      const connection: tls.ConnectionOptions = { ...trust, ...options }
      return tls.connect(connection, listener)
    },
    createServer: (options, listener) => tls.createServer({ key, cert, ...options }, listener),
    accept: (transport, versions) => new tls.TLSSocket(transport, { isServer: true, key, cert, ...versions }),
    closeNotify: (end) => closureOf(stockOf(end)).closeNotify(),
  }
}

function streamsAs({ identity: { host: servername, key, cert }, openssl }: EndsOptions): Implementation {
  const library = { ...(openssl !== undefined && { openssl }) }
  const own = { key, cert, ...library }
  return {
    connect: ({ isTrusting = true, isNamed = true, ...options }, listener) => {
      const trust = { ...(isNamed && { servername }), ...(isTrusting && { ca: cert }) }
      return connect({ ...library, ...trust, ...options }, listener)
    },
    createServer: (options, listener) => createServer({ ...own, ...options }, listener),
    accept: (transport, versions) =>
      new TlsStream(transport, { context: createContext('server', { ...own, ...versions }) }),
    closeNotify: (end) => oursOf(end).closeNotify(),
  }
}

/** What a case is given: a client of one kind, servers of one kind, one version. */
export class Ends {
  readonly version: TlsVersion
  readonly clientKind: Kind
  readonly #client: Implementation
  readonly #server: Implementation
  readonly #opened = new Set<Duplex>()
  readonly #servers = new Set<Server>()

  constructor(options: EndsOptions) {
    this.version = options.version
    this.clientKind = options.client
    this.#client = implementationOf(options.client, options)
    this.#server = implementationOf(options.server, options)
  }

  connect(options: ClientOptions, listener?: () => void): End {
    return this.keep(this.connectUnkept(options, listener))
  }

  /** The same; nobody holds it but the case. */
  connectUnkept(options: ClientOptions, listener?: () => void): End {
    const { version } = this
    return this.#client.connect({ minVersion: version, maxVersion: version, ...options }, listener)
  }

  /** It listens. `listener` is called a turn after 'secureConnection'. */
  async serve(listener?: (end: End) => void, options: ServerOptions = {}): Promise<TlsServing> {
    const server = this.createServer(listener, options)
    return { server, port: await this.listen(server) }
  }

  /** The same; `heard` is what the server's first end has heard. */
  async serveHeard(
    act: (end: End) => void = () => undefined,
  ): Promise<{ readonly port: number; readonly heard: Promise<Watched> }> {
    let accepted: (heard: Watched) => void = () => undefined
    const heard = new Promise<Watched>((resolve) => {
      accepted = resolve
    })
    const { port } = await this.serve((end) => {
      const watched = watch(end)
      act(end)
      void watched.closed.then(() => {
        accepted(watched)
      })
    })
    return { port, heard }
  }

  createServer(listener?: (end: End) => void, options: ServerOptions = {}): Server {
    const { version } = this
    const range = { minVersion: version, maxVersion: version }
    return this.#server.createServer({ ...range, ...options }, (end) => {
      this.keep(end)
      // In the stack of the event, which is OpenSSL's in TLS 1.3, end() of stock Node sends no close_notify.
      if (listener !== undefined) setImmediate(listener, end)
    })
  }

  accept(transport: Duplex): End {
    const { version } = this
    return this.keep(this.#server.accept(transport, { minVersion: version, maxVersion: version }))
  }

  /** A client and the server's end of one connection, when both have told that they are secure. */
  async pair(client: ClientOptions = {}, server: ServerOptions = {}): Promise<{ client: End; server: End }> {
    let accepted: (end: End) => void = () => undefined
    const accepting = new Promise<End>((resolve) => {
      accepted = resolve
    })
    const { port } = await this.serve(accepted, server)
    const end = this.connect({ port, ...client })
    const [other] = await Promise.all([accepting, once(end, 'secureConnect')])
    return { client: end, server: other }
  }

  clientCloseNotify(end: End): Promise<void> {
    return this.#client.closeNotify(end)
  }

  // --- Plain TCP ---

  async servePlain(listener: (socket: Socket) => void): Promise<number> {
    return this.listen(
      net.createServer((socket) => {
        this.keep(socket)
        listener(socket)
      }),
    )
  }

  connectPlain(port: number): Socket {
    return this.keep(net.connect({ port, host: '127.0.0.1' }))
  }

  /** On 127.0.0.1, on whatever localhost is, or by a path. */
  async listen(server: Server, where = '127.0.0.1'): Promise<number> {
    this.#servers.add(server)
    if (where.includes('/')) server.listen(where)
    else server.listen(0, where)
    await once(server, 'listening')
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  /** Destroyed in the end; an error that the case does not ask for is not its matter. */
  keep<T extends Duplex>(opened: T): T {
    opened.on('error', () => undefined)
    this.#opened.add(opened)
    return opened
  }

  async close(): Promise<void> {
    // Stock Node crashes when a socket is destroyed beneath TLS, and TLS after it, in the stack of its handshake.
    await new Promise((resolve) => void setImmediate(resolve))
    for (const opened of [...this.#opened].reverse()) opened.destroy()
    await Promise.all(
      [...this.#servers].map(
        (server) =>
          new Promise<void>((resolve) => {
            server.close(() => {
              resolve()
            })
          }),
      ),
    )
  }
}

export interface TlsServing {
  readonly server: Server
  readonly port: number
}

function stockOf(end: End): TLSSocket {
  if (end instanceof tls.TLSSocket) return end
  throw new Error('Expected a TLSSocket')
}

function oursOf(end: End): TlsStream {
  if (end instanceof TlsStream) return end
  throw new Error('Expected a TlsStream')
}
