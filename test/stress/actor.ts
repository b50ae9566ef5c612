/** One side of one connection: carries out its plan and keeps what it was told. */
import type { Duplex, Readable } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { ClosureError, type ClosureReport, closureOf } from '../../lib/index.js'
import { TlsStream } from '../../lib/stream/index.js'
import type { Act, PlannedShutdown, PlannedUnwrap, SidePlan, What, When } from './plan.js'

/** How a protocol writes, reads and ends. */
export interface Means {
  /** Writes one piece; the callback comes when it has been given to the kernel, or failed. */
  readonly write: (piece: Buffer, last: boolean, done: (error?: Error | null) => void) => void
  /** The protocol's own way of end(), where it owns the socket. */
  readonly end: () => void
  readonly closeOwner: () => void
  readonly destroyOwner: () => void
}

/** What a side closes: a TLSSocket, or a TlsStream. */
export interface Socket extends Duplex {
  readonly alpnProtocol: string | false | null | undefined
  destroySoon(): void
}

/** How it is closed. */
interface Closure {
  readonly report: Promise<ClosureReport>
  readonly shutdown: (options: PlannedShutdown & { readonly signal?: AbortSignal }) => Promise<ClosureReport>
  readonly closeNotify: (options: { readonly flushTimeout: number }) => Promise<void>
  /** How many close_notify it has written; undefined where only the report tells. */
  readonly closeNotifies: () => number | undefined
}

/** A side's account of its connection, when all is over. */
export interface Account {
  /** Absent when the closure was never taken, for the handshake or the request never came. */
  readonly report: ClosureReport | undefined
  readonly taken: boolean
  readonly shutdown: ClosureReport | undefined
  /** Bytes given to write() before this side was first told to close. */
  readonly writtenBeforeClosing: number
  /** Whether this package was told to send close_notify after that, before anything else was told to close. */
  readonly orderly: boolean
  readonly received: number
  readonly ended: boolean
  readonly complaints: readonly string[]
}

const expectedCodes: readonly string[] = [
  'ERR_CLOSURE_HANDSHAKE_PENDING',
  'ERR_CLOSURE_IN_PROGRESS',
  'ERR_CLOSURE_CLOSED',
  'ERR_CLOSURE_OWNED',
  'ERR_CLOSURE_FLUSH_TIMEOUT',
  'ERR_UNWRAP_TIMEOUT',
  'ERR_UNWRAP_FAILED',
]

/** All data of all sides is a prefix of this. */
export const pattern: Buffer = patternOf(3_200_000)

export class Actor {
  readonly socket: Socket
  readonly #plan: SidePlan
  #closure: Closure | undefined
  #means: Means | undefined
  #written = 0
  #failed = 0
  #writtenBeforeClosing: number | undefined
  #orderly = false
  #received = 0
  #ended = false
  #report: ClosureReport | undefined
  #shutdown: ClosureReport | undefined
  readonly #complaints: string[] = []
  readonly #promises: Promise<void>[] = []
  readonly #pending = new Set<string>()

  constructor(socket: Socket, plan: SidePlan) {
    this.socket = socket
    this.#plan = plan
    socket.on('error', () => undefined)
    socket.on('end', () => {
      this.#ended = true
    })
    if (plan.takenEarly) this.#takeClosure()
  }

  connected(): void {
    this.#act('connected')
  }

  /** The handshake is done, we are in its callback. */
  secured(means: Means, source?: Readable): void {
    this.#means = means
    this.#takeClosure()
    if (source !== undefined) this.read(source)
    this.#act('secured')
    for (const act of this.#plan.acts) if (act.when.kind === 'after') this.#later(act.when.ms, act.what)
    this.#write(means)
  }

  /** Reads as planned. */
  read(source: Readable): void {
    const { reader } = this.#plan
    source.on('error', () => undefined)
    if (reader.kind === 'stalled') return
    const began = () => {
      source.on('data', (bytes: Buffer) => {
        if (this.#received === 0) this.#act('received')
        this.#received += bytes.length
        if (reader.kind !== 'slow') return
        source.pause()
        setTimeout(() => source.resume(), reader.pause)
      })
    }
    if (reader.kind === 'late') setTimeout(began, reader.after)
    else began()
  }

  destroy(): void {
    this.socket.destroy()
    this.#means?.destroyOwner()
  }

  /** Names of promises that have not settled. */
  get pending(): readonly string[] {
    return [...this.#pending]
  }

  async settled(): Promise<void> {
    await Promise.all(this.#promises)
  }

  account(): Account {
    return {
      report: this.#report,
      taken: this.#closure !== undefined,
      shutdown: this.#shutdown,
      writtenBeforeClosing: Math.min(this.#writtenBeforeClosing ?? this.#written, this.#written - this.#failed),
      orderly: this.#orderly,
      received: this.#received,
      ended: this.#ended,
      complaints: this.#complaints,
    }
  }

  #takeClosure(): void {
    if (this.#closure !== undefined) return
    this.#closure = closureFor(this.socket)
    this.#track('report', this.#closure.report, (report) => {
      this.#report = report
      if (JSON.stringify(JSON.parse(JSON.stringify(report))) !== JSON.stringify(report)) this.#complain('not JSON')
    })
  }

  #write(means: Means): void {
    const { bytes, pieces, corked } = this.#plan
    const size = Math.max(1, Math.ceil(bytes / pieces))
    if (corked) this.socket.cork()
    for (let at = 0; at < bytes; at += size) {
      const piece = pattern.subarray(at, Math.min(at + size, bytes))
      const last = at + size >= bytes
      this.#written += piece.length
      means.write(piece, last, (error) => {
        if (error != null) this.#failed += piece.length
        else if (last) this.#act('flushed')
      })
    }
    this.#act('written')
    // A closing uncorks by itself; without one somebody has to.
    if (corked) setTimeout(() => this.socket.uncork(), 5)
  }

  #act(kind: When['kind']): void {
    for (const act of this.#plan.acts) if (act.when.kind === kind) this.#perform(act)
  }

  #later(ms: number, what: What): void {
    if (ms === 0) setImmediate(() => this.#perform({ when: { kind: 'after', ms }, what }))
    else setTimeout(() => this.#perform({ when: { kind: 'after', ms }, what }), ms)
  }

  #perform({ what }: Act): void {
    const closure = this.#closure
    switch (what.kind) {
      case 'shutdown':
        if (closure !== undefined) this.#callShutdown(closure, what.options, what.abortAfter)
        return
      case 'closeNotify':
        if (closure !== undefined) this.#callCloseNotify(closure, what.flushTimeout)
        return
      case 'end':
        this.#closing(false)
        if (this.#means === undefined) this.socket.end()
        else this.#means.end()
        return
      case 'destroySoon':
        this.#closing(false)
        this.#outsideOfHttp2(() => this.socket.destroySoon())
        return
      case 'destroy':
        this.#closing(false)
        this.#outsideOfHttp2(() => this.socket.destroy())
        return
      case 'fail':
        this.#closing(false)
        this.#outsideOfHttp2(() => this.socket.destroy(new Error('destroyed with an error')))
        return
      case 'closeOwner':
        this.#closing(false)
        this.#means?.closeOwner()
        return
      case 'destroyOwner':
        this.#closing(false)
        this.#means?.destroyOwner()
        return
      case 'unwrap':
        this.#callUnwrap(what.options)
        return
    }
  }

  // Destroying the socket of a session inside the session's own callbacks crashes Node 20 to 26 by itself, in
  // Http2Session::OnStreamAfterWrite, without this package too.
  #outsideOfHttp2(run: () => void): void {
    if (this.socket.alpnProtocol === 'h2') setImmediate(run)
    else run()
  }

  #callShutdown(closure: Closure, options: PlannedShutdown, abortAfter: number | undefined): void {
    const controller = new AbortController()
    if (abortAfter === 0) controller.abort()
    else if (abortAfter !== undefined) setTimeout(() => controller.abort(), abortAfter)
    const before = this.#written
    const promise = closure.shutdown({ ...options, ...(abortAfter !== undefined && { signal: controller.signal }) })
    this.#closingUnlessRefused(promise, before)
    this.#track('shutdown()', promise, (report) => {
      this.#shutdown = report
    })
  }

  #callCloseNotify(closure: Closure, flushTimeout: number): void {
    const before = this.#written
    const promise = closure.closeNotify({ flushTimeout })
    this.#track('closeNotify()', promise, () => {
      this.#closing(true, before)
      const sent = closure.closeNotifies() ?? 1
      if (sent !== 1) this.#complain(`closeNotify() resolved with ${sent} close_notify written`)
    })
  }

  // Nothing follows in the clear: its FIN alone.
  #callUnwrap(options: PlannedUnwrap): void {
    const { socket } = this
    if (!(socket instanceof TlsStream)) return
    const promise = socket.unwrap(options)
    this.#closingUnlessRefused(promise, this.#written)
    this.#track('unwrap()', promise, (transport) => {
      transport.on('error', () => undefined).resume()
      transport.end()
    })
  }

  // A refused call closes nothing, and rejects before anything else has its turn.
  #closingUnlessRefused(promise: Promise<unknown>, written: number): void {
    let isRefused = false
    promise.catch((error: unknown) => {
      isRefused = error instanceof ClosureError && error.origin === 'caller'
    })
    queueMicrotask(() => {
      queueMicrotask(() => {
        if (!isRefused) this.#closing(true, written)
      })
    })
  }

  #closing(orderly: boolean, written = this.#written): void {
    if (this.#writtenBeforeClosing !== undefined) return
    this.#writtenBeforeClosing = written
    this.#orderly = orderly
  }

  #track<T>(name: string, promise: Promise<T>, use: (value: T) => void): void {
    const key = `${name} #${this.#promises.length}`
    this.#pending.add(key)
    const settled = promise.then(use, (error: unknown) => {
      const known = error instanceof ClosureError && expectedCodes.includes(error.code)
      if (!known || name === 'report') this.#complain(`${name} rejected: ${String(error)}`)
    })
    this.#promises.push(settled.finally(() => this.#pending.delete(key)))
  }

  #complain(complaint: string): void {
    this.#complaints.push(complaint)
  }
}

function closureFor(socket: Socket): Closure {
  if (socket instanceof TlsStream) {
    return {
      report: socket.report,
      shutdown: (options) => socket.shutdown(options),
      closeNotify: (options) => socket.closeNotify(options),
      closeNotifies: () => undefined,
    }
  }
  if (!(socket instanceof TLSSocket)) throw new Error('Expected a TLSSocket or a TlsStream')
  const closure = closureOf(socket)
  return {
    report: closure.report,
    shutdown: (options) => closure.shutdown(options),
    closeNotify: (options) => closure.closeNotify(options),
    closeNotifies: () =>
      closure.alerts.filter(({ direction, name }) => direction === 'sent' && name === 'close_notify').length,
  }
}

function patternOf(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(Math.imul(at, 2654435761) >>> 0, at)
  return bytes
}
