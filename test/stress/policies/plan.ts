/**
 * The plan of one scenario of the policy stress, drawn from a seed and an index: a server, its clients, their policies
 * and everything that is done to them. The same two numbers give the same plan, on every Node (undici's version apart).
 * Only the plan repeats; how its acts meet the events of the network does not.
 */
import type { ConnectionPolicy } from '../../../lib/index.js'
import { seededRandom, type SeededRandom } from '../../support/random.js'

export interface Plan {
  readonly index: number
  readonly version: 'TLSv1.2' | 'TLSv1.3'
  readonly serverKind: ServerKind
  readonly clientKind: ClientKind
  /** The policy of the server, and whether it is given to the server or to each of its sockets. */
  readonly server: PolicyPlan | undefined
  readonly serverTarget: 'server' | 'sockets'
  /** The policy of the agent, of the connector, or of each socket of a client that has neither. */
  readonly client: PolicyPlan | undefined
  /** Nothing is done that could lose a byte or a response: everything must arrive whole. */
  readonly isCalm: boolean
  /** The relay's act on the first, second, … connection; undefined where there is no relay. */
  readonly cuts: readonly (Cut | undefined)[] | undefined
  readonly lanes: readonly LanePlan[]
  readonly acts: readonly TargetAct[]
  /** After how many ms everything is given up that is still under way. */
  readonly hold: number
  readonly keepAliveTimeout: number
  /** Connections of an agent at one time; requests that undici pipelines. */
  readonly maxSockets: number
  readonly pipelining: number
}

type ServerKind = 'tls' | 'https' | 'http2'

type ClientKind =
  | 'tls'
  /** https.Agent */
  | 'https'
  /** HTTP/1.1 written by hand: pipelined requests, and late ones. */
  | 'handmade'
  | 'http2'
  | 'undici'

export interface PolicyPlan extends ConnectionPolicy {
  readonly maxWaiting?: number
  readonly hasSignal: boolean
  /** The results of `perConnection` for the first, second, … connection. */
  readonly overrides: readonly (ConnectionPolicy | undefined)[] | undefined
}

export interface Cut {
  /** Whose bytes are cut off: what this side sends after so many bytes is lost. */
  readonly from: 'client' | 'server'
  readonly after: number
  readonly how: 'fin' | 'rst'
}

/** The work of one client: one connection, or one request after the other through the agent. */
export interface LanePlan {
  readonly after: number
  readonly exchanges: readonly ExchangePlan[]
  /** Only tls and handmade: how the connection is ended, by either side. */
  readonly clientEnding: Ending
  readonly serverEnding: Ending
  /** Requests that are written with the first; the others follow, one by one. */
  readonly pipelined: number
  /** When the others follow: a few ms after the first, when data has come, or when the server has ended. */
  readonly late: 'soon' | 'data' | 'end'
  /** The client stays when the server has ended. */
  readonly isSilent: boolean
}

export interface Ending {
  readonly how: 'end' | 'destroySoon' | 'destroy' | 'fail' | 'reset' | 'stay'
  /** How many ms after the last write. */
  readonly after: number
}

export interface ExchangePlan {
  readonly upload: number
  readonly uploadPieces: number
  readonly framing: 'length' | 'chunked' | 'close'
  readonly bytes: number
  readonly pieces: number
  readonly pause: number
  /** With `Connection: close`. */
  readonly close: boolean
  readonly answer: 'at-once' | 'after-upload' | 'later'
  /** Whether the server reads an upload that it does not wait for. */
  readonly readsUpload: boolean
  readonly serverAct: ServerAct
  readonly clientAct: ClientAct
  readonly reader: Reader
}

/** The server's act when its response is half written, or written. */
type ServerAct =
  | 'none'
  | 'destroy-halfway'
  | 'response-destroy-halfway'
  | 'session-destroy-halfway'
  | 'session-close-halfway'
  | 'destroy-after'
  | 'destroySoon-after'
  | 'end-after'
  | 'session-close-after'

/** The client's act when the first bytes of a response have come. */
type ClientAct = 'none' | 'request-destroy' | 'response-destroy' | 'socket-destroy' | 'session-close'

export type Reader =
  | { readonly kind: 'flowing' }
  | { readonly kind: 'slow'; readonly pause: number }
  | { readonly kind: 'late'; readonly after: number }
  | { readonly kind: 'stalled' }

export interface TargetAct {
  readonly after: number
  readonly what:
    | 'server-close'
    | 'closeAllConnections'
    | 'closeIdleConnections'
    | 'client-destroy'
    | 'server-stop'
    | 'client-stop'
    | 'server-abort'
    | 'client-abort'
    | 'destroy-a-socket'
    | 'destroySoon-a-socket'
}

type Pair = readonly [ServerKind, ClientKind]

const pairs: readonly [Pair, ...Pair[]] = [
  ['tls', 'tls'],
  ['https', 'https'],
  ['https', 'https'],
  ['https', 'handmade'],
  ['https', 'handmade'],
  ['https', 'undici'],
  ['https', 'undici'],
  ['http2', 'http2'],
]

export function planOf(seed: number, index: number): Plan {
  const random = seededRandom((seed + Math.imul(index + 1, 0x9e3779b9)) >>> 0)
  // The first numbers of neighbouring seeds are alike.
  for (let i = 0; i < 8; i++) random.next()
  const [serverKind, clientKind] = random.pick(pairs)
  const isCalm = random.next() < 0.35
  const draw = new Draw(random, serverKind, clientKind, isCalm)
  const controlled = random.pick(['both', 'both', 'server', 'client'] as const)
  const hasRelay = !isCalm && random.next() < 0.35
  const lanes = Array.from({ length: random.integer(3, 10) }, () => draw.lane())
  return {
    index,
    version: random.pick(['TLSv1.2', 'TLSv1.3']),
    serverKind,
    clientKind,
    server: controlled === 'client' ? undefined : draw.policy(),
    serverTarget: random.next() < 0.8 ? 'server' : 'sockets',
    client: controlled === 'server' ? undefined : draw.policy(),
    isCalm,
    cuts: hasRelay ? Array.from({ length: 8 }, () => draw.cut()) : undefined,
    lanes,
    acts: isCalm ? [] : Array.from({ length: random.pick([0, 0, 1, 1, 2, 3]) }, () => draw.act()),
    hold: isCalm ? 15_000 : random.pick([200, 400, 800]),
    keepAliveTimeout: isCalm ? 10_000 : random.pick([5, 30, 5000]),
    maxSockets: random.integer(1, 6),
    pipelining: random.integer(1, 3),
  }
}

class Draw {
  readonly #random: SeededRandom
  readonly #serverKind: ServerKind
  readonly #clientKind: ClientKind
  readonly #isCalm: boolean

  constructor(random: SeededRandom, serverKind: ServerKind, clientKind: ClientKind, isCalm: boolean) {
    this.#random = random
    this.#serverKind = serverKind
    this.#clientKind = clientKind
    this.#isCalm = isCalm
  }

  policy(): PolicyPlan {
    const random = this.#random
    const overrides =
      random.next() < 0.3
        ? Array.from({ length: random.integer(1, 4) }, () => (random.next() < 0.4 ? undefined : this.#override()))
        : undefined
    const isComplete = random.next() < 0.9
    return {
      ...(isComplete ? this.#connectionPolicy() : {}),
      ...(random.next() < 0.4 && { maxWaiting: random.pick([0, 1, 2, 3]) }),
      hasSignal: random.next() < 0.3,
      overrides,
    }
  }

  #override(): ConnectionPolicy {
    const random = this.#random
    const all = this.#connectionPolicy()
    const { onTruncation, ...others } = all
    // Which of undici's requests went over which connection is not told to anybody.
    const kept = this.#clientKind === 'undici' || onTruncation === undefined ? others : all
    return Object.fromEntries(Object.entries(kept).filter(() => random.next() < 0.5))
  }

  #connectionPolicy(): ConnectionPolicy {
    const random = this.#random
    const onDestroy = random.pick(['bare', 'close_notify'] as const)
    const onTruncation = random.pick(['report', 'error', 'error'] as const)
    // A quiet peer's close-delimited response is a truncated one.
    if (this.#isCalm) {
      return {
        mode: random.pick(['unidirectional', 'bidirectional'] as const),
        flushTimeout: 10_000,
        waitTimeout: 10_000,
        onDestroy,
        onTruncation,
      }
    }
    return {
      mode: random.pick(['unidirectional', 'bidirectional', 'bidirectional', 'bidirectional', 'quiet'] as const),
      flushTimeout: random.pick([20, 100, 1000, 3000]),
      waitTimeout: random.pick([5, 20, 60, 200, 1000]),
      maxDiscardBytes: random.pick([0, 1000, 100_000, 1_048_576]),
      onDestroy,
      onTruncation,
    }
  }

  cut(): Cut | undefined {
    const random = this.#random
    if (random.next() < 0.4) return undefined
    const from = random.pick(['client', 'server', 'server'] as const)
    const near = random.next() < 0.5
    return {
      from,
      // The handshake, and what comes with it, is less than 2,000 bytes of either side.
      after: near ? random.integer(1, 3000) : random.integer(500, random.pick([3000, 30_000, 200_000])),
      how: random.pick(['fin', 'rst']),
    }
  }

  act(): TargetAct {
    return {
      after: this.#random.pick([0, 1, 3, 10, 20, 40, 80]),
      what: this.#random.pick([
        'server-close',
        'closeAllConnections',
        'closeIdleConnections',
        'client-destroy',
        'server-stop',
        'client-stop',
        'server-abort',
        'client-abort',
        'destroy-a-socket',
        'destroySoon-a-socket',
      ]),
    }
  }

  lane(): LanePlan {
    const random = this.#random
    const isHandmade = this.#clientKind === 'handmade'
    const count = this.#serverKind === 'tls' ? 1 : random.pick([1, 1, 2, 3])
    return {
      after: random.pick([0, 0, 0, 1, 5, 20]),
      exchanges: Array.from({ length: count }, () => this.#exchange()),
      clientEnding: this.#ending(true, isHandmade),
      serverEnding: this.#ending(false, false),
      // Data behind a closing that does not wait is answered with RST.
      pipelined: this.#isCalm ? count : random.integer(1, count),
      late: random.pick(['soon', 'data', 'end']),
      isSilent: !this.#isCalm && random.next() < 0.15,
    }
  }

  #ending(isClient: boolean, isReader: boolean): Ending {
    const random = this.#random
    const stays = isReader && random.next() < 0.6
    const how = random.pick(['end', 'end', 'end', 'stay', 'destroySoon', 'destroy', 'reset', 'fail'] as const)
    const after = random.pick([0, 0, 1, 5, 20])
    if (stays) return { how: 'stay', after }
    if (this.#isCalm) return { how: isClient ? 'stay' : 'end', after }
    return { how, after }
  }

  #exchange(): ExchangePlan {
    const random = this.#random
    const isTls = this.#serverKind === 'tls'
    const framing = random.pick(['length', 'chunked', 'close'] as const)
    const isBare = this.#isCalm && this.#clientKind === 'handmade'
    const upload = !isBare && (isTls || random.next() < 0.25) ? this.#size() : 0
    const isEarly = upload > 0 && !isTls && !this.#isCalm && random.next() < 0.5
    return {
      upload,
      uploadPieces: random.integer(1, 4),
      framing,
      bytes: this.#size(),
      pieces: random.pick([1, 1, 1, 2, 5]),
      pause: random.pick([0, 0, 0, 1, 3]),
      close: framing === 'close' || random.next() < 0.5,
      answer: isEarly ? 'at-once' : upload > 0 ? 'after-upload' : random.pick(['at-once', 'at-once', 'later']),
      readsUpload: this.#isCalm || random.next() < 0.5,
      serverAct: this.#isCalm || random.next() < 0.75 ? 'none' : this.#serverAct(),
      clientAct: this.#isCalm || random.next() < 0.85 ? 'none' : this.#clientAct(),
      reader: this.#reader(),
    }
  }

  #serverAct(): ServerAct {
    return this.#random.pick([
      'destroy-halfway',
      'response-destroy-halfway',
      'session-destroy-halfway',
      'session-close-halfway',
      'destroy-after',
      'destroySoon-after',
      'end-after',
      'session-close-after',
    ])
  }

  #clientAct(): ClientAct {
    return this.#random.pick(['request-destroy', 'response-destroy', 'socket-destroy', 'session-close'])
  }

  #reader(): Reader {
    const random = this.#random
    const kind = random.next()
    if (kind < 0.7) return { kind: 'flowing' }
    if (kind < 0.83) return { kind: 'slow', pause: random.integer(1, 3) }
    if (kind < 0.95 || this.#isCalm) return { kind: 'late', after: random.integer(5, 50) }
    return { kind: 'stalled' }
  }

  #size(): number {
    const random = this.#random
    const kind = random.next()
    if (kind < 0.1) return 0
    if (kind < 0.75) return random.integer(1, 3000)
    if (kind < 0.97) return random.integer(3000, 60_000)
    return random.integer(60_000, 600_000)
  }
}
