import { type Duplex, finished } from 'node:stream'
import { bytesBeingWritten } from '../closure/socket-internals.js'
import { type Method, wrapRemovably } from '../closure/stand-ins.js'
import { pipesPastWrite } from '../closure/stream-internals.js'
import { ClosureError } from '../errors.js'

type Done = (error?: Error | null) => void

const locked = new WeakSet<Duplex>()

/**
 * Keeps what anybody but TLS writes off a stream that is beneath TLS, for it would go out in the clear between the records. A write
 * calls back with ERR_PLAINTEXT_UNDER_TLS, end() asks TLS to end, and what was written before leaves first.
 */
export class PlaintextLock {
  readonly #stream: Duplex
  readonly #endAsked: () => void
  readonly #freed: readonly (() => void)[]
  // What TLS has written, where pipe() goes past write(): it may be queued before it leaves.
  readonly #sealed = new WeakSet<object>()
  // How much the program has written before and is still queued, in the measure of writableLength. It leaves first.
  #early: number
  // write() as it was before, and as it is: what TLS writes is not asked for, unless somebody has put a method on top.
  readonly #writeBeneath: unknown
  readonly #writeHere: unknown
  // The call that is made is TLS's own.
  #isOurs = false
  #isFree = false

  /** `instead` says where to write in place of the stream; `endAsked` is called where the program asks for FIN. */
  constructor(stream: Duplex, instead: string, endAsked: () => void) {
    this.#stream = stream
    this.#endAsked = endAsked
    this.#early = stream.writableLength - (bytesBeingWritten(stream) ?? stream.writableLength)
    this.#writeBeneath = Reflect.get(stream, 'write')
    locked.add(stream)
    this.#freed = [
      wrapRemovably(stream, 'write', (previous, args) => {
        if (this.#passes()) return previous(args)
        refuse(args, instead)
        return false
      }),
      wrapRemovably(stream, 'end', (previous, args) => {
        if (this.#passes()) return previous(args)
        const [chunk] = args
        if (isDone(chunk)) finished(stream, { readable: false }, chunk)
        else if (chunk !== undefined && chunk !== null) refuse(args, instead)
        this.#endAsked()
        return stream
      }),
      ...(pipesPastWrite ? this.#guardPipes() : []),
    ]
    this.#writeHere = Reflect.get(stream, 'write')
  }

  /** Whether TLS of ours is on that stream. */
  static isOn(stream: Duplex): boolean {
    return locked.has(stream)
  }

  /** Whether nobody has put a method of his own on top. */
  get isOnTop(): boolean {
    return 'write' in this.#stream && this.#stream.write === this.#writeHere
  }

  /** Writes for TLS. */
  write(chunk: Buffer, callback?: Done): boolean {
    if (pipesPastWrite) this.#sealed.add(chunk)
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
    locked.delete(this.#stream)
    for (const free of this.#freed) free()
  }

  // Afterwards too: where somebody has put a method of his own on top meanwhile, ours stays beneath it. A stream that calls the
  // program while it takes what TLS writes makes that call no other one.
  #passes(): boolean {
    const isOurs = this.#isOurs
    this.#isOurs = false
    return isOurs || this.#isFree
  }

  // Nobody would hear an error but the stream, and go with it.
  #guardPipes(): readonly (() => void)[] {
    return [
      wrapRemovably(this.#stream, '_write', (previous, args) => {
        const [chunk, , callback] = args
        if (this.#mayLeave(chunk)) return previous(args)
        if (isDone(callback)) process.nextTick(callback)
        return undefined
      }),
      // All that is queued, at once.
      wrapRemovably(this.#stream, '_writev', (previous, args) => {
        this.#early = 0
        return previous(args)
      }),
    ]
  }

  #mayLeave(chunk: unknown): boolean {
    if (this.#isFree || (typeof chunk === 'object' && chunk !== null && this.#sealed.has(chunk))) return true
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
