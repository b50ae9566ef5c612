/**
 * A stream of ours and a socket of Node's, for programs that run over both: what differs is a fault, or stands in
 * docs/stream.md.
 *
 *     describe.each(stacks)('$name', (stack) => {
 *       const { port, relay } = await stack.serve({}, (socket) => web.emit('connection', socket))
 *       const socket = stack.connect(port, { ALPNProtocols: ['h2'] })
 */
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import { onTestFinished } from 'vitest'
import { type ClosureMode, connect, createServer, type TlsStream } from '../../../lib/stream/index.js'
import { certificate } from '../../support/certificate.js'
import { type Relay, startRelay } from '../../support/relay.js'
import { once } from '../../support/streams.js'

const { key, cert, host: servername } = certificate

/** Options that both stacks have, and how a stream of ours ends. */
export interface StackOptions {
  readonly ALPNProtocols?: string[]
  readonly closing?: ClosureMode
  readonly onTruncation?: 'error' | 'report'
  /**
   * Whether a client trusts the certificate of the tests.
   * @default true
   */
  readonly trusts?: boolean
}

/** What a driver asks of a socket. */
export interface DriverSocket extends Duplex {
  readonly alpnProtocol: string | false | null
  readonly authorized: boolean
  readonly encrypted: true
  readonly connecting: boolean
  readonly pending: boolean
  readonly readyState: string
  readonly timeout?: number | undefined
  setTimeout(ms: number): unknown
}

export interface Serving {
  /** Of the relay. */
  readonly port: number
  readonly relay: Relay
  /** Codes of the errors of its connections, in their order. */
  readonly errors: readonly string[]
  /** Verdicts of its connections that have ended, where the stack has them. */
  readonly verdicts: readonly string[]
  /** Resolves when no connection of the server is left. */
  readonly drained: () => Promise<void>
}

export interface Stack {
  readonly name: 'TlsStream' | 'node:tls'
  readonly isOurs: boolean
  /** To that port of 127.0.0.1, until the test is over. */
  connect(port: number, options?: StackOptions): DriverSocket
  /** TLS on a socket that is there. */
  secure(socket: Socket): DriverSocket
  serve(options: Omit<StackOptions, 'trusts'>, accept: (socket: Duplex) => unknown): Promise<Serving>
}

const identity = { key, cert }
const address = { host: '127.0.0.1', servername }

function trusted({ trusts = true }: StackOptions) {
  return trusts ? { ca: cert } : {}
}

const ours: Stack = {
  name: 'TlsStream',
  isOurs: true,
  connect(port, options = {}) {
    const { trusts: _trusts, ...ofStream } = options
    const stream = connect({ port, ...address, ...trusted(options), ...ofStream })
    onTestFinished(() => void stream.destroy())
    return stream
  },
  secure(socket) {
    const stream = connect({ socket, servername, ca: cert })
    onTestFinished(() => void stream.destroy())
    return stream
  },
  async serve(options, accept) {
    const verdicts: string[] = []
    const server = createServer({ ...identity, ...options }, (stream: TlsStream) => {
      void stream.report.then(({ verdict }) => verdicts.push(verdict))
      accept(stream)
    })
    return { verdicts, ...(await listening(server)) }
  },
}

const nodes: Stack = {
  name: 'node:tls',
  isOurs: false,
  connect(port, options = {}) {
    const { ALPNProtocols } = options
    const socket = tls.connect({
      port,
      ...address,
      ...trusted(options),
      ...(ALPNProtocols !== undefined && { ALPNProtocols }),
    })
    onTestFinished(() => void socket.destroy())
    return socket
  },
  secure(socket) {
    const secured = tls.connect({ socket, servername, ca: cert })
    onTestFinished(() => void secured.destroy())
    return secured
  },
  async serve({ ALPNProtocols }, accept) {
    const server = tls.createServer({ ...identity, ...(ALPNProtocols !== undefined && { ALPNProtocols }) }, accept)
    return { verdicts: [], ...(await listening(server)) }
  },
}

export const stacks: readonly Stack[] = [ours, nodes]

/** Behind a relay, until the test is over. */
export async function listening(server: Server): Promise<Omit<Serving, 'verdicts'>> {
  const sockets = new Set<Duplex>()
  const errors: string[] = []
  server.on('secureConnection', (socket: Duplex) => {
    sockets.add(socket)
    socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? error.message))
    socket.once('close', () => sockets.delete(socket))
  })
  await listen(server)
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const relay = await startRelay({ port: portOf(server) })
  onTestFinished(relay.close)
  const drained = async () => {
    for (const socket of sockets) await new Promise((resolve) => void socket.once('close', resolve))
  }
  return { port: relay.port, relay, errors, drained }
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return portOf(server)
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  return address.port
}
