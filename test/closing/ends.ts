/** Two ends of a connection, of which ours is closed by the machine: sockets of Node's, TLS streams of ours, or in memory. */
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { onTestFinished } from 'vitest'
import type { ClosingOptions } from '../../lib/closing/options.js'
import type { ClosingSide } from '../../lib/closing/side.js'
import { SocketSide } from '../../lib/closure/socket-side.js'
import { lifetimeOf } from '../../lib/closure/lifetime.js'
import { closureOf } from '../../lib/index.js'
import { loadOpenSSL } from '../../lib/openssl/index.js'
import { sideOf } from '../../lib/stream/tls-stream.js'
import { connectSides } from '../closure/sides.js'
import { connectPair as connectSsls } from '../openssl/ssl-pair.js'
import { connectStreams } from '../stream/pair.js'
import { type PairOptions, type TlsVersion, tlsVersions } from '../support/pair.js'
import { alertRecord } from '../support/tampering.js'
import { MemoryEnd } from './memory-end.js'

/** ms that no closing of a test needs. */
export const ample = 20_000

/** A closing that nothing hurries. */
export const defaults: ClosingOptions = {
  mode: 'bidirectional',
  flushBudget: 'once',
  flushTimeout: ample,
  waitTimeout: ample,
  maxDiscardBytes: 1000,
  onData: undefined,
  afterwards: 'fin',
  signal: undefined,
  waitingRoom: undefined,
}

/** An end that is to be closed, and what the peer can be made to do. */
export interface Ends {
  readonly side: ClosingSide
  /** Our side's close_notify and FIN, as they came to the peer's side of the wire, in order. */
  sent(): readonly ('close_notify' | 'fin')[]
  /** Our side has read to the end of what the peer sent. */
  hasReadToEnd(): boolean
  /** Our reader reads all that comes. */
  read(): void
  /** Our side has more to send than the transport takes, for the peer takes nothing any more. */
  stall(): Promise<void>
  readonly peer: {
    closeNotify(): void
    fin(): void
    send(bytes: number): void
    /** Over TCP: its RST, and a fatal alert of its TLS. */
    readonly tcp?: { reset(): void; alert(): void }
  }
}

/** The ends by name, and how they are made. `keepOpen`: our side drains without ending its stream. */
export const makers: readonly { readonly name: string; readonly make: (keepOpen: boolean) => Promise<Ends> }[] = [
  ...tlsVersions.flatMap((version) => [
    { name: `Node's client, ${version}`, make: (keepOpen: boolean) => socketEnds(version, 'client', keepOpen) },
    { name: `Node's server, ${version}`, make: (keepOpen: boolean) => socketEnds(version, 'server', keepOpen) },
    { name: `a stream's client, ${version}`, make: (keepOpen: boolean) => streamEnds(version, 'client', keepOpen) },
    { name: `a stream's server, ${version}`, make: (keepOpen: boolean) => streamEnds(version, 'server', keepOpen) },
    { name: `in memory, ${version}`, make: () => memoryEnds(version) },
  ]),
]

// So that a test can send in the peer's name.
const relay: PairOptions['relay'] = { onRecord: () => 'pass' }

async function socketEnds(version: TlsVersion, near: 'client' | 'server', keepOpen: boolean): Promise<Ends> {
  const halfOpen = { localHalfOpen: true, peerHalfOpen: true, relay }
  const { local, peer, wire } = await connectSides({ version, near }, halfOpen)
  const { connection } = lifetimeOf(local)
  if (connection === undefined) throw new Error('expected a connection after the handshake')
  return endsOf(new SocketSide(connection, keepOpen ? 'write' : 'end'), { local, peer, wire, near })
}

async function streamEnds(version: TlsVersion, near: 'client' | 'server', keepOpen: boolean): Promise<Ends> {
  // What the stream makes of an end without close_notify is its own affair: the machine ends TCP by itself.
  const options = { allowHalfOpen: true, peerHalfOpen: true, onTruncation: 'report', relay } as const
  const { local, peer, wire } = await connectStreams({ name: 'own', openssl: loadOpenSSL(), version, near }, options)
  return endsOf(sideOf(local, keepOpen ? 'write' : 'end'), { local, peer, wire, near })
}

interface Connected {
  readonly local: Duplex
  readonly peer: TLSSocket
  readonly wire: Awaited<ReturnType<typeof connectSides>>['wire']
  readonly near: 'client' | 'server'
}

/** Over TCP, with Node's own TLS as the peer, which reads all that comes. */
function endsOf(side: ClosingSide, { local, peer, wire, near }: Connected): Ends {
  const far = near === 'client' ? 'server' : 'client'
  peer.resume()
  return {
    side,
    sent: () => wire.closing(near).map((what) => (what === 'fin' ? 'fin' : alertOf(what))),
    hasReadToEnd: () => local.readableEnded,
    read: () => void local.resume(),
    stall: () => {
      wire.stall(near, true)
      local.write(Buffer.alloc(32 * 1024 * 1024))
      return Promise.resolve()
    },
    peer: {
      closeNotify: () => void closureOf(peer).closeNotify(),
      fin: () => void closureOf(peer).shutdown({ mode: 'quiet' }),
      send: (bytes) => void peer.write(Buffer.alloc(bytes)),
      tcp: {
        reset: () => wire.cut(far, { afterBytes: 0, with: 'rst' }),
        alert: () => wire.send(far, [alertRecord('fatal', 'internal_error')]),
      },
    },
  }
}

function memoryEnds(version: TlsVersion): Promise<Ends> {
  const { client, server } = connectSsls(loadOpenSSL(), { version })
  const [near, far] = [new MemoryEnd(client), new MemoryEnd(server)]
  near.far = far
  far.far = near
  far.isRead = true
  onTestFinished(() => {
    near.free()
    far.free()
  })
  return Promise.resolve({
    side: near,
    sent: () => near.sent,
    hasReadToEnd: () => near.isRead && near.peerEnd() !== undefined,
    read: () => {
      near.isRead = true
    },
    stall: () => {
      near.isStalled = true
      near.write(1)
      return Promise.resolve()
    },
    peer: {
      closeNotify: () => {
        far.writeCloseNotify()
        far.flush()
      },
      fin: () => far.endTransport(() => undefined),
      send: (bytes) => far.write(bytes),
    },
  })
}

function alertOf(text: string): 'close_notify' {
  if (text !== 'alert warning close_notify') throw new Error(`expected a close_notify, but ${text} was sent`)
  return 'close_notify'
}
