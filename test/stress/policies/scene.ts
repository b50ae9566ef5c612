/** The state that a scenario shares: its plan, its timers, the bodies that are to arrive, and what was wrong. */
import type { Readable } from 'node:stream'
import { createSecureContext, type TLSSocket } from 'node:tls'
import { certificate } from '../../../benchmarks/support/certificate.js'
import { pattern } from '../actor.js'
import type { ExchangePlan, Plan, Reader } from './plan.js'
import { isOldUndici } from './undici.js'

/** One request and its response, or what a TLS connection carries in both directions. */
export interface Exchange {
  readonly plan: ExchangePlan
  readonly path: string
  readonly upload: Buffer
  readonly response: Buffer
  /** The connections over which its handler ran. */
  readonly handledOn: Set<TLSSocket>
}

export class Scene {
  readonly plan: Plan
  readonly failures: string[] = []
  readonly events: Record<string, number> = {}
  readonly exchanges = new Map<string, Exchange>()
  readonly lanes: readonly (readonly Exchange[])[]
  /** No connection is to be made any more. */
  isOver = false
  /** Checks for when all is over, and all reports are there. */
  readonly lastChecks: (() => void)[] = []
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #abandonments = new Set<() => void>()
  readonly #pending = new Map<string, number>()

  constructor(plan: Plan) {
    this.plan = plan
    this.lanes = plan.lanes.map(({ exchanges }, lane) =>
      exchanges.map((exchange, i) => this.#exchange(whatClientsBear(plan, exchange), lane, i)),
    )
  }

  fail(failure: string): void {
    this.failures.push(failure)
  }

  count(event: string): void {
    this.events[event] = (this.events[event] ?? 0) + 1
  }

  /** Runs it in so many ms, or never when the scenario is over by then. */
  later(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      run()
    }, ms)
    this.#timers.add(timer)
  }

  /** Resolves in so many ms, or when the scenario is over. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.later(ms, resolve)
      this.onAbandon(resolve)
    })
  }

  /** Notes how to end something that would go on for ever; returns a function that forgets it. */
  onAbandon(run: () => void): () => void {
    if (this.isOver) run()
    else this.#abandonments.add(run)
    return () => this.#abandonments.delete(run)
  }

  abandon(): void {
    this.isOver = true
    for (const timer of this.#timers) clearTimeout(timer)
    const all = [...this.#abandonments]
    this.#abandonments.clear()
    for (const run of all) run()
  }

  /** Keeps the name of what has not settled. */
  async track<T>(name: string, promise: Promise<T>): Promise<T> {
    this.#pending.set(name, (this.#pending.get(name) ?? 0) + 1)
    try {
      return await promise
    } finally {
      const left = (this.#pending.get(name) ?? 0) - 1
      if (left === 0) this.#pending.delete(name)
      else this.#pending.set(name, left)
    }
  }

  get pending(): readonly string[] {
    return [...this.#pending].map(([name, times]) => (times === 1 ? name : `${name} (${times})`))
  }

  #exchange(plan: ExchangePlan, lane: number, i: number): Exchange {
    const path = `/${this.plan.index}/${lane}/${i}`
    const at = ((this.plan.index * 31 + lane * 7 + i) % 500) * 4093
    const exchange: Exchange = {
      plan,
      path,
      upload: pattern.subarray(at + 1, at + 1 + plan.upload),
      response: pattern.subarray(at, at + plan.bytes),
      handledOn: new Set(),
    }
    this.exchanges.set(path, exchange)
    return exchange
  }
}

// undici 7 dies by itself when a response that the connection's end ends has not been read by then.
function whatClientsBear({ clientKind }: Plan, exchange: ExchangePlan): ExchangePlan {
  if (clientKind !== 'undici' || !isOldUndici) return exchange
  return { ...exchange, bytes: Math.min(exchange.bytes, 5000), reader: { kind: 'flowing' } }
}

/** A body that arrives. */
export class Incoming {
  received = 0
  readonly #scene: Scene
  readonly #name: string
  readonly #expected: Buffer
  #isWrong = false

  constructor(scene: Scene, name: string, expected: Buffer) {
    this.#scene = scene
    this.#name = name
    this.#expected = expected
  }

  get isWhole(): boolean {
    return this.received === this.#expected.length
  }

  push(bytes: Uint8Array): void {
    const at = this.received
    this.received += bytes.length
    if (this.#isWrong || this.#expected.subarray(at, at + bytes.length).equals(bytes)) return
    this.#isWrong = true
    this.#scene.fail(`${this.#name}: ${bytes.length} bytes at ${at} are not those that were written`)
  }

  toString(): string {
    return `${this.received} of ${this.#expected.length} bytes`
  }
}

/** Reads a stream as planned. */
export function read(scene: Scene, source: Readable, reader: Reader, onData: (bytes: Buffer) => void): void {
  if (reader.kind === 'stalled') return
  const begin = () => {
    source.on('data', (bytes: Buffer) => {
      onData(bytes)
      if (reader.kind !== 'slow') return
      source.pause()
      scene.later(reader.pause, () => source.resume())
    })
  }
  if (reader.kind === 'late') scene.later(reader.after, begin)
  else begin()
}

/** Writes a body in pieces, with pauses between them, until one of them may not be written any more. */
export function writePieces(
  scene: Scene,
  { pieces, pause }: { readonly pieces: number; readonly pause: number },
  body: Buffer,
  write: (piece: Buffer, number: number, isLast: boolean) => boolean,
): void {
  const size = Math.max(1, Math.ceil(body.length / pieces))
  const next = (at: number, number: number) => {
    const isLast = at + size >= body.length
    const goesOn = write(body.subarray(at, at + size), number, isLast)
    if (isLast || !goesOn) return
    if (pause > 0) scene.later(pause, () => next(at + size, number + 1))
    else next(at + size, number + 1)
  }
  next(0, 0)
}

/** How all clients connect. */
export function connectOptions({ version }: Plan, port: number) {
  return {
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    secureContext: contexts[version],
  }
}

// One for all: to make one takes a fifth of what a connection takes.
const contexts = {
  'TLSv1.2': createSecureContext({ ca: certificate, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' }),
  'TLSv1.3': createSecureContext({ ca: certificate, minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' }),
}

export function ignore(): void {
  // A failure is reported elsewhere.
}
