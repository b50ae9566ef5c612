import { type Duplex, finished } from 'node:stream'
import { bytesBeingWritten, writableStateOf } from '../closure/socket-internals.js'
import { type Method, removeStandIns, replaceRemovably, slotOn, type StandIns, standIns } from '../closure/stand-ins.js'
import { pipesPastWrite } from '../closure/stream-internals.js'
import { ClosureError } from '../errors.js'

type Done = (error?: Error | null) => void

const guarded = pipesPastWrite ? ['write', 'end', '_write', '_writev'] : ['write', 'end']
type Act = 'writing' | 'ending' | 'leaving' | 'leavingTogether'

/** Hears that the program asks for FIN. */
export interface EndAsked {
  endAsked(): void
}

/**
 * Keeps what anybody but TLS writes off a stream that is beneath TLS, for it would go out in the clear between the records. A write
 * calls back with ERR_PLAINTEXT_UNDER_TLS, end() asks TLS to end, and what was written before leaves first.
 */
export class PlaintextLock {
  readonly #stream: Duplex
  readonly #instead: string
  readonly #above: EndAsked
  // Functions that all locks have in common, where nobody else has put one on the stream; else some of its own.
  readonly #shared: StandIns | undefined
  readonly #freed: readonly (() => void)[] | undefined
  // What TLS has written, where pipe() goes past write(): it may be queued before it leaves.
  readonly #sealed: WeakSet<object> | undefined
  // How much the program has written before and is still queued, in the measure of writableLength. It leaves first.
  #early: number
  // write() as it was before, and as it is: what TLS writes is not asked for, unless somebody has put a method on top.
  readonly #writeBeneath: unknown
  readonly #writeHere: unknown
  // The call that is made is TLS's own.
  #isOurs = false
  #isFree = false

  /** `instead` says where to write in place of the stream; `above` is told where the program asks for FIN. */
  constructor(stream: Duplex, instead: string, above: EndAsked) {
    this.#stream = stream
    this.#instead = instead
    this.#above = above
    this.#sealed = pipesPastWrite ? new WeakSet() : undefined
    this.#early = stream.writableLength - (bytesBeingWritten(stream) ?? stream.writableLength)
    this.#writeBeneath = Reflect.get(stream, 'write')
    const isAlone = guarded.every((name) => !Object.hasOwn(stream, name))
    this.#shared = isAlone ? placeShared(stream, this) : undefined
    this.#freed = isAlone ? undefined : placeOwn(stream, this)
    locks.put(stream, this)
    this.#writeHere = Reflect.get(stream, 'write')
  }

  /** Whether TLS of ours is on that stream. */
  static isOn(stream: Duplex): boolean {
    const lock = locks.of(stream)
    return lock !== undefined && !lock.#isFree
  }

  /** Whether nobody has put a method of his own on top. */
  get isOnTop(): boolean {
    return 'write' in this.#stream && this.#stream.write === this.#writeHere
  }

  /** Writes for TLS. */
  write(chunk: Buffer, callback?: Done): boolean {
    this.#sealed?.add(chunk)
    const write = this.#writeBeneath
    if (typeof write === 'function' && this.isOnTop)
      return Reflect.apply(write, this.#stream, [chunk, callback]) === true
    this.#isOurs = true
    try {
      return this.#stream.write(chunk, callback)
    } finally {
      this.#isOurs = false
    }
  }

  /** Sends FIN for TLS. */
  end(callback?: Done): void {
    this.#isOurs = true
    try {
      this.#stream.end(callback)
    } finally {
      this.#isOurs = false
    }
  }

  /** The stream is the program's again. */
  release(): void {
    if (this.#isFree) return
    this.#isFree = true
    if (this.#shared !== undefined) removeStandIns(this.#stream, this.#shared)
    for (const free of this.#freed ?? []) free()
  }

  /** Takes a call by a function that all locks have in common: one that an earlier lock has left is none of this one's. */
  shared(act: Act, previous: Method, args: readonly unknown[]): unknown {
    return this.#shared === undefined ? Reflect.apply(previous, this.#stream, args) : this[act](previous, args)
  }

  /** Takes a call of the stream's write(). */
  writing(previous: Method, args: readonly unknown[]): unknown {
    if (this.#passes()) return Reflect.apply(previous, this.#stream, args)
    refuse(args, this.#instead)
    return false
  }

  /** Takes a call of the stream's end(). */
  ending(previous: Method, args: readonly unknown[]): unknown {
    if (this.#passes()) return Reflect.apply(previous, this.#stream, args)
    const [chunk] = args
    if (isDone(chunk)) finished(this.#stream, { readable: false }, chunk)
    else if (chunk !== undefined && chunk !== null) refuse(args, this.#instead)
    this.#above.endAsked()
    return this.#stream
  }

  /** Takes what goes to the stream's _write(). Nobody would hear an error but the stream, and go with it. */
  leaving(previous: Method, args: readonly unknown[]): unknown {
    const [chunk, , callback] = args
    if (this.#mayLeave(chunk)) return Reflect.apply(previous, this.#stream, args)
    if (isDone(callback)) process.nextTick(callback)
    return undefined
  }

  /** Takes what goes to the stream's _writev(): all that is queued, at once. */
  leavingTogether(previous: Method, args: readonly unknown[]): unknown {
    this.#early = 0
    return Reflect.apply(previous, this.#stream, args)
  }

  // Afterwards too: where somebody has put a method of his own on top meanwhile, ours stays beneath it. A stream that calls the
  // program while it takes what TLS writes makes that call no other one.
  #passes(): boolean {
    const isOurs = this.#isOurs
    this.#isOurs = false
    return isOurs || this.#isFree
  }

  #mayLeave(chunk: unknown): boolean {
    if (this.#isFree || (typeof chunk === 'object' && chunk !== null && this.#sealed?.has(chunk) === true)) return true
    const length = typeof chunk === 'string' || chunk instanceof Uint8Array ? chunk.length : 0
    if (length > this.#early) return false
    this.#early -= length
    return true
  }
}

/** The error of a call that would put TLS on a stream a second time. */
export function alreadyStarted(call: string): ClosureError {
  return new ClosureError('ERR_TLS_ALREADY_STARTED', `${call} came while TLS is on this stream: unwrap it first`)
}

// A proxy of a stream, and what inherits from it, have its state too, and are the same stream.
const locks = slotOn<PlaintextLock>(writableStateOf)

const placeWriting = standIns(locks, {
  write: (lock, previous, args) => lock.shared('writing', previous, args),
  end: (lock, previous, args) => lock.shared('ending', previous, args),
})

const placeLeaving = standIns(locks, {
  _write: (lock, previous, args) => lock.shared('leaving', previous, args),
  _writev: (lock, previous, args) => lock.shared('leavingTogether', previous, args),
})

function placeShared(stream: Duplex, lock: PlaintextLock): StandIns {
  const placed = placeWriting(stream, lock)
  return pipesPastWrite ? [...placed, ...placeLeaving(stream, lock)] : placed
}

function placeOwn(stream: Duplex, lock: PlaintextLock): readonly (() => void)[] {
  return [
    replaceRemovably(stream, 'write', before(lock, 'writing')),
    replaceRemovably(stream, 'end', before(lock, 'ending')),
    ...(pipesPastWrite
      ? [
          replaceRemovably(stream, '_write', before(lock, 'leaving')),
          replaceRemovably(stream, '_writev', before(lock, 'leavingTogether')),
        ]
      : []),
  ]
}

function before(lock: PlaintextLock, act: Act): (previous: Method) => Method {
  return (previous) =>
    (...args) =>
      lock[act](previous, args)
}

function isDone(value: unknown): value is Method & Done {
  return typeof value === 'function'
}

function refuse(args: readonly unknown[], instead: string): void {
  const callback = args.find(isDone)
  if (callback === undefined) return
  const message = `TLS is on this stream: write to ${instead}, or await unwrap() before`
  process.nextTick(() => {
    Reflect.apply(callback, undefined, [new ClosureError('ERR_PLAINTEXT_UNDER_TLS', message)])
  })
}
