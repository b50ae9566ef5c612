/**
 * The plan of one connection of the stress test, drawn from a seed and an index: the same two numbers give the same
 * plan, on every Node. Only the plan repeats; how its acts meet the events of the network does not.
 */
import { seededRandom, type SeededRandom } from '../support/random.js'

export interface Plan {
  readonly index: number
  readonly protocol: 'tls' | 'http1' | 'http2'
  readonly version: 'TLSv1.2' | 'TLSv1.3'
  /** ms that the network takes in each direction. */
  readonly delay: number
  /** Whether a side's RST reaches the other side as a RST; if not, as a FIN, as from a proxy. */
  readonly resetsPass: boolean
  readonly allowHalfOpen: boolean
  /** After how many ms both sockets are destroyed, whatever they do. */
  readonly hold: number
  readonly client: SidePlan
  readonly server: SidePlan
}

export interface SidePlan {
  /** Application data: what tls writes, http1's and http2's request body or response. */
  readonly bytes: number
  readonly pieces: number
  readonly corked: boolean
  readonly reader: Reader
  /** Whether the closure is taken before the handshake (only a client can) or when it is done. */
  readonly takenEarly: boolean
  /** Whether its TLS stands on a Duplex of the program's own: everywhere else keep-open is refused. Only tls. */
  readonly overDuplex: boolean
  /** Whether it is a TlsStream. Only tls. */
  readonly isStream: boolean
  readonly acts: readonly Act[]
}

/** How a side reads: all at once, a piece every few ms, nothing ever, or nothing for a while. */
type Reader =
  | { readonly kind: 'flowing' }
  | { readonly kind: 'slow'; readonly pause: number }
  | { readonly kind: 'stalled' }
  | { readonly kind: 'late'; readonly after: number }

export interface Act {
  readonly when: When
  readonly what: What
}

export type When =
  /** The TCP connection stands; the handshake does not. Only a client. */
  | { readonly kind: 'connected' }
  /** In the callback of the handshake, inside SSL_read, before anything is written. */
  | { readonly kind: 'secured' }
  /** In the tick in which the last piece was written. */
  | { readonly kind: 'written' }
  /** In the callback of the last write. */
  | { readonly kind: 'flushed' }
  /** When the first data is delivered. */
  | { readonly kind: 'received' }
  | { readonly kind: 'after'; readonly ms: number }

export type What =
  | { readonly kind: 'shutdown'; readonly options: PlannedShutdown; readonly abortAfter: number | undefined }
  | { readonly kind: 'closeNotify'; readonly flushTimeout: number }
  | { readonly kind: 'end' | 'destroy' | 'destroySoon' | 'fail' }
  /** Only http1 (server.closeAllConnections(), agent.destroy()) and http2. */
  | { readonly kind: 'closeOwner' | 'destroyOwner' }
  /** Only a TlsStream. */
  | { readonly kind: 'unwrap'; readonly options: PlannedUnwrap }

export interface PlannedShutdown {
  readonly mode: 'quiet' | 'unidirectional' | 'bidirectional'
  readonly flushTimeout: number
  readonly waitTimeout: number
  readonly maxDiscardBytes: number
  readonly onData?: 'deliver' | 'discard' | 'fail'
  readonly afterwards?: 'fin' | 'keep-open'
}

export interface PlannedUnwrap {
  readonly flushTimeout: number
  readonly waitTimeout: number
  readonly onData: 'deliver' | 'discard' | 'fail'
  readonly onTimeout: 'destroy' | 'reject'
}

export function planOf(seed: number, index: number): Plan {
  const random = seededRandom((seed + Math.imul(index + 1, 0x9e3779b9)) >>> 0)
  // The first numbers of neighbouring seeds are alike.
  for (let i = 0; i < 8; i++) random.next()
  const protocol = random.pick(['tls', 'tls', 'http1', 'http2'] as const)
  return {
    index,
    protocol,
    version: random.pick(['TLSv1.2', 'TLSv1.3']),
    delay: random.pick([0, 0, 1, 5]),
    resetsPass: random.next() < 0.3,
    allowHalfOpen: random.next() < 0.3,
    hold: random.pick([60, 150, 300, 500]),
    client: sidePlan(random, protocol, 'client'),
    server: sidePlan(random, protocol, 'server'),
  }
}

function sidePlan(random: SeededRandom, protocol: Plan['protocol'], side: 'client' | 'server'): SidePlan {
  const count = random.pick([0, 1, 1, 1, 2, 3])
  const isStream = protocol === 'tls' && random.next() < 0.6
  const drawn = {
    bytes: side === 'server' || protocol === 'tls' ? size(random) : random.pick([0, 0, 0, 100, 200_000]),
    pieces: random.pick([1, 1, 3, 20]),
    corked: random.next() < 0.2,
    reader: reader(random),
    takenEarly: random.next() < 0.5,
    isStream,
    acts: Array.from({ length: count }, () => ({ when: when(random, side), what: what(random, protocol, isStream) })),
  }
  return { ...drawn, overDuplex: drawn.acts.some(({ what }) => keepsOpen(what)) }
}

function keepsOpen(what: What): boolean {
  return what.kind === 'shutdown' && what.options.afterwards === 'keep-open'
}

function size(random: SeededRandom): number {
  const kind = random.next()
  if (kind < 0.45) return random.integer(10, 1000)
  if (kind < 0.85) return random.integer(1000, 150_000)
  return random.integer(150_000, 3_000_000)
}

function reader(random: SeededRandom): Reader {
  const kind = random.next()
  if (kind < 0.55) return { kind: 'flowing' }
  if (kind < 0.75) return { kind: 'slow', pause: random.integer(1, 5) }
  if (kind < 0.9) return { kind: 'late', after: random.integer(5, 100) }
  return { kind: 'stalled' }
}

function when(random: SeededRandom, side: 'client' | 'server'): When {
  const kind = random.next()
  if (kind < 0.03 && side === 'client') return { kind: 'connected' }
  if (kind < 0.15) return { kind: 'secured' }
  if (kind < 0.35) return { kind: 'written' }
  if (kind < 0.5) return { kind: 'flushed' }
  if (kind < 0.65) return { kind: 'received' }
  return { kind: 'after', ms: random.pick([0, 1, 2, 5, 10, 30, 60]) }
}

function what(random: SeededRandom, protocol: Plan['protocol'], isStream: boolean): What {
  const kind = random.next()
  if (kind < 0.15 && isStream) return { kind: 'unwrap', options: unwrapping(random) }
  if (kind < 0.55) return shutdown(random, protocol, isStream)
  if (kind < 0.65) return { kind: 'closeNotify', flushTimeout: budget(random) }
  if (kind < 0.73) return { kind: 'end' }
  if (kind < 0.8) return { kind: 'destroy' }
  if (kind < 0.83) return { kind: 'destroySoon' }
  if (kind < 0.86) return { kind: 'fail' }
  return { kind: random.next() < 0.7 ? 'closeOwner' : 'destroyOwner' }
}

function unwrapping(random: SeededRandom): PlannedUnwrap {
  return {
    flushTimeout: budget(random),
    waitTimeout: budget(random),
    onData: random.pick(['deliver', 'discard', 'fail']),
    onTimeout: random.pick(['destroy', 'reject']),
  }
}

function shutdown(random: SeededRandom, protocol: Plan['protocol'], isStream: boolean): What {
  const onData = random.pick(['deliver', 'discard', 'fail', undefined] as const)
  const keepOpen = protocol === 'tls' && !isStream && random.next() < 0.15
  return {
    kind: 'shutdown',
    options: {
      mode: random.pick(['quiet', 'unidirectional', 'bidirectional', 'bidirectional']),
      flushTimeout: budget(random),
      waitTimeout: budget(random),
      maxDiscardBytes: random.pick([0, 1000, 1_000_000, 10_000_000]),
      // http refuses 'deliver' on a server's side and http2 on both: left out more often there.
      ...(onData !== undefined && (protocol === 'tls' || onData !== 'deliver') && { onData }),
      ...(keepOpen && { afterwards: 'keep-open' as const }),
    },
    abortAfter: random.next() < 0.1 ? random.pick([0, 1, 5, 20]) : undefined,
  }
}

function budget(random: SeededRandom): number {
  return random.pick([5, 20, 60, 200, 1000])
}
