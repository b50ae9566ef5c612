// The stream beneath TLS: any Duplex, and what more can be told of one that is a socket of Node's.
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { kernelHasClosed } from '../closure/output-progress.js'
import { fileDescriptor, handleOf, queuedBy } from '../closure/socket-internals.js'
import { unacknowledged } from '../native/addon.js'
import { invalid } from '../options.js'
import { PlaintextLock } from '../unwrap/plaintext-lock.js'
import { type BorrowedReading, borrowReads } from './borrowed-reading.js'
import { closed } from './refusals.js'

/** Hears what the stream beneath TLS does. */
export interface TransportListener {
  /** Bytes have come: of the listener's own, or `borrowed`, which are overwritten when it returns. */
  received(bytes: Buffer, borrowed?: 'borrowed'): void
  /** The peer has ended its direction. `isReset`: the kernel knows that this was no FIN. */
  ended(isReset: boolean): void
  failed(error: Error): void
  closed(): void
  /** The program asks for its FIN. */
  endAsked(): void
}

export class Transport {
  readonly stream: Duplex
  #listener: TransportListener | undefined
  readonly #lock: PlaintextLock
  #finGiven = false
  // Null before the first bytes, for until then a socket may change its handle.
  #borrowed: BorrowedReading | null | undefined = null
  readonly #allowedHalfOpen: boolean
  readonly #isPlainSocket: boolean

  constructor(stream: Duplex) {
    this.stream = stream
    this.#isPlainSocket = Object.getPrototypeOf(stream) === Socket.prototype && !replacesWriting(stream)
    this.#allowedHalfOpen = stream.allowHalfOpen
    this.#lock = new PlaintextLock(stream, 'the TlsStream', () => this.#listener?.endAsked())
  }

  /** Takes the stream: from now on it is read for the listener, and the peer's FIN does not end our direction. */
  attach(listener: TransportListener): void {
    this.#listener = listener
    this.stream.allowHalfOpen = true
    this.stream.on('data', this.#onData)
    this.stream.on('end', this.#onEnd)
    this.stream.on('error', this.#onError)
    this.stream.on('close', this.#onClose)
    // It may have been handed over paused.
    this.stream.resume()
  }

  /**
   * Stops reading, and puts these bytes, the last that came, back before all that comes. At once: once the stream has told of
   * its end it takes nothing back, and it tells of none while it holds something.
   */
  keep(bytes: Buffer): void {
    this.pause()
    if (bytes.length > 0) this.stream.unshift(bytes)
  }

  /** Gives the stream back as it was, paused. */
  detach(): void {
    this.#listener = undefined
    this.#borrowed?.stop()
    this.stream.off('data', this.#onData)
    this.stream.off('end', this.#onEnd)
    this.stream.off('error', this.#onError)
    this.stream.off('close', this.#onClose)
    this.stream.allowHalfOpen = this.#allowedHalfOpen
    this.#lock.release()
    this.pause()
  }

  get isGone(): boolean {
    return this.stream.destroyed || this.stream.errored !== null || !this.stream.writable
  }

  /** Whether FIN has been given to it, by us or by the program. */
  get hasFin(): boolean {
    return this.#finGiven || this.stream.writableEnded
  }

  /** Whether it has taken FIN. */
  get finTaken(): boolean {
    return this.stream.writableFinished
  }

  /** Whether it has not taken all that it was given. */
  get isQueueing(): boolean {
    return this.stream.writableLength > 0
  }

  /**
   * Whether nobody reads the bytes of a write any more once it queues nothing: the kernel has copied them then. So with a
   * socket of the system that is nothing else, and whose writing nobody has replaced.
   */
  get givesMemoryBack(): boolean {
    return this.#isPlainSocket && this.#lock.isOnTop && this.#fileDescriptor() !== undefined
  }

  get isPaused(): boolean {
    return this.stream.isPaused()
  }

  /** Gives it bytes, of its own from then on. `taken` is called when it has taken or refused them; false: it is full. */
  write(bytes: Buffer, taken?: (error: Error | null | undefined) => void): boolean {
    if (this.isGone) {
      if (taken !== undefined) process.nextTick(taken, this.stream.errored ?? closed('write()'))
      return true
    }
    return this.#lock.write(bytes, taken)
  }

  /** FIN, behind all that was written. `done` is called once, when it is taken or the stream is gone. */
  end(done: () => void): void {
    this.#finGiven = true
    const { stream } = this
    const settle = () => {
      stream.off('finish', settle)
      stream.off('close', settle)
      done()
    }
    if (stream.writableFinished || stream.destroyed) {
      done()
      return
    }
    stream.on('finish', settle)
    stream.on('close', settle)
    this.#lock.end()
  }

  pause(): void {
    this.stream.pause()
    this.#borrowed?.goOn()
  }

  resume(): void {
    if (this.#listener !== undefined) this.stream.resume()
  }

  /** Nagle's algorithm holds nothing back any more. */
  hurry(): void {
    if (this.stream instanceof Socket) this.stream.setNoDelay(true)
  }

  /** How much of a write that is under way, of so many bytes, the kernel has taken; undefined where nothing tells. */
  takenOf(bytes: number): number | undefined {
    const handle = this.#handle()
    const queued = handle === undefined ? undefined : queuedBy(handle)
    // What waits behind that write would count as well.
    return queued === undefined || this.stream.writableLength !== bytes ? undefined : bytes - queued
  }

  /** Bytes that the peer's TCP has not acknowledged, of those that the kernel has; undefined where it does not tell. */
  unacknowledged(): number | undefined {
    const fd = this.#fileDescriptor()
    return fd === undefined ? undefined : unacknowledged(fd)
  }

  destroy(): void {
    this.#lock.release()
    this.stream.destroy()
  }

  /** Calls when a socket beneath is closed; at once where there is none, for other streams need not tell. */
  whenClosed(then: () => void): void {
    if (this.stream instanceof Socket && !this.stream.closed) this.stream.once('close', then)
    else then()
  }

  readonly #onData = (bytes: unknown): void => {
    if (this.#borrowed === null) {
      const { stream } = this
      const take = (borrowed: Buffer) => this.#listener?.received(borrowed, 'borrowed')
      this.#borrowed = this.#isPlainSocket && stream instanceof Socket ? borrowReads(stream, take) : undefined
    }
    // A stream that was given an encoding gives text.
    if (Buffer.isBuffer(bytes)) this.#listener?.received(bytes)
    else this.stream.destroy(invalid('transport', 'a Duplex that gives bytes, without an encoding', typeof bytes))
  }

  // To libuv a RST that comes together with data is an end like any other. The kernel knows: TCP is closed, which a FIN
  // alone cannot do as long as ours has not been sent.
  readonly #onEnd = (): void => {
    const handle = this.#handle()
    const isReset = !this.hasFin && handle !== undefined && kernelHasClosed(handle) === true
    this.#listener?.ended(isReset)
  }

  readonly #onError = (error: Error): void => {
    this.#listener?.failed(error)
  }

  readonly #onClose = (): void => {
    this.#listener?.closed()
  }

  #fileDescriptor(): number | undefined {
    const handle = this.#handle()
    return handle === undefined ? undefined : fileDescriptor(handle)
  }

  #handle(): object | undefined {
    return this.stream instanceof Socket ? handleOf(this.stream) : undefined
  }
}

// Methods of its own, in place of those of its class.
function replacesWriting(stream: Duplex): boolean {
  return ['write', '_write', '_writev'].some((name) => Object.hasOwn(stream, name))
}
