/**
 * A TLS stream of ours on a TCP socket, and at the other end one that decides what goes into one segment.
 *
 *     const { local, end, ours } = await wrapped(sides)
 *     end.send(end.closeNotify(), 'in the clear')
 */
import { connect as connectTcp, createServer as createTcpServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { createContext, type StreamClosingOptions, TlsStream } from '../../lib/stream/index.js'
import { certificate } from '../support/certificate.js'
import { EngineEnd } from '../support/engine-end.js'
import { once } from '../support/streams.js'
import type { OnTcp, Way } from '../unwrap/shared/taken-off.js'
import { portOf, type StreamSides } from './pair.js'

interface TcpPair {
  readonly client: Socket
  readonly server: Socket
}

export async function tcpPair(): Promise<TcpPair> {
  const { client, server } = await unkeptTcpPair()
  onTestFinished(() => {
    client.destroy()
    server.destroy()
  })
  return { client, server }
}

/** The same, and nobody holds it. */
export async function unkeptTcpPair(): Promise<TcpPair> {
  const listener = createTcpServer({ allowHalfOpen: true })
  const accepted = new Promise<Socket>((resolve) => {
    listener.once('connection', resolve)
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const client = connectTcp({ port: portOf(listener), host: '127.0.0.1', allowHalfOpen: true })
  const [server] = await Promise.all([accepted, once(client, 'connect')])
  listener.close()
  for (const socket of [client, server]) socket.setNoDelay(true)
  return { client, server }
}

export function wrap(...args: Parameters<typeof unkept>): TlsStream {
  const stream = unkept(...args)
  onTestFinished(() => void stream.destroy())
  return stream
}

/** The same, and nobody holds it. */
export function unkept(
  tcp: Socket,
  { openssl, near, version }: Omit<StreamSides, 'name'>,
  closing: StreamClosingOptions = {},
): TlsStream {
  const { cert, key, host: servername } = certificate
  const range = { openssl, minVersion: version, maxVersion: version }
  return near === 'client'
    ? new TlsStream(tcp, { context: createContext('client', { ca: cert, ...range }), servername, ...closing })
    : new TlsStream(tcp, { context: createContext('server', { cert, key, ...range }), ...closing })
}

/** Our stream, and a raw end that decides what goes into one segment. */
export async function wrapped(sides: StreamSides, before?: (tcp: Socket) => void) {
  const { client, server } = await tcpPair()
  const [ours, theirs] = sides.near === 'client' ? [client, server] : [server, client]
  const far = sides.near === 'client' ? 'server' : 'client'
  before?.(ours)
  const local = wrap(ours, sides)
  const secure = once(local, 'secure')
  const end = new EngineEnd(theirs, { side: far, version: sides.version })
  await secure
  await end.until(() => end.isSecure())
  return { local, end, ours, theirs }
}

/** A TlsStream as one of those who put TLS on. */
export function wrappedWays(some: readonly StreamSides[]): readonly Way[] {
  return some.map((sides) => ({
    name: `TlsStream, ${sides.name}`,
    version: sides.version,
    near: sides.near,
    begin: async (before) => {
      const { local, end, ours, theirs } = await wrapped(sides, before)
      const errors: Error[] = []
      local.on('error', (error: Error) => errors.push(error))
      return {
        tcp: ours,
        tls: local,
        unwrap: unwrapOf(local),
        report: () => local.report,
        peer: end,
        far: theirs,
        errors,
      }
    },
    put: (tcp, near) => {
      const tls = wrap(tcp, { ...sides, near })
      return { tls, unwrap: unwrapOf(tls), secured: once(tls, 'secure') }
    },
  }))
}

function unwrapOf(stream: TlsStream): OnTcp['unwrap'] {
  return (options) => stream.unwrap(options)
}
