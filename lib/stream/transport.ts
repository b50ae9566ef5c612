// The stream beneath TLS: any Duplex, and what more can be told of one that is a socket of Node's.
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { kernelHasClosed } from '../closure/output-progress.js'
import { fileDescriptor, handleOf, queuedBy, startReading, writableStateOf } from '../closure/socket-internals.js'
import { slotOn } from '../closure/stand-ins.js'
import { unacknowledged } from '../native/addon.js'
import { invalid } from '../options.js'
import { type EndAsked, PlaintextLock } from '../unwrap/plaintext-lock.js'
import { lendMemory, lentBytes } from './borrowed-reading.js'
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

export class Transport implements EndAsked {
  readonly stream: Duplex
  #listener: TransportListener | undefined
  readonly #lock: PlaintextLock
  #finGiven = false
  // Whether it is read into the memory that all sockets share: undefined before the first bytes, for until then a socket
  // may change its handle.
  #isLent: boolean | undefined
  readonly #allowedHalfOpen: boolean
  readonly #isPlainSocket: boolean

  constructor(stream: Duplex) {
    this.stream = stream
    this.#isPlainSocket = Object.getPrototypeOf(stream) === Socket.prototype && !replacesWriting(stream)
    this.#allowedHalfOpen = stream.allowHalfOpen
    this.#lock = new PlaintextLock(stream, 'the TlsStream', this)
  }

  /** Takes the stream: from now on it is read for the listener, and the peer's FIN does not end our direction. */
  attach(listener: TransportListener): void {
    this.#listener = listener
    this.stream.allowHalfOpen = true
    transports.put(this.stream, this)
    this.stream.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose)
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
    this.stream.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose)
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
    const { stream } = this
    stream.pause()
    // As sockets do that have no `onread`: they read on until their stream is full, so that the end of TCP is noticed. What
    // their stream has told to wait, waits.
    const live = this.#isLent === true && !stream.destroyed ? this.#handle() : undefined
    if (live !== undefined && stream.readableLength < stream.readableHighWaterMark) startReading(live)
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

  /** The program asks for FIN. */
  endAsked(): void {
    this.#listener?.endAsked()
  }

  /** The stream has read. */
  came(bytes: unknown): void {
    const { stream } = this
    this.#isLent ??= this.#isPlainSocket && stream instanceof Socket && lendMemory(stream, onLent)
    // A stream that was given an encoding gives text.
    if (Buffer.isBuffer(bytes)) this.#listener?.received(bytes)
    else stream.destroy(invalid('transport', 'a Duplex that gives bytes, without an encoding', typeof bytes))
  }

  /** A socket has read into the memory that all share; false: it is full. What it does not hand on at once it keeps. */
  cameLent(length: number): boolean {
    const { stream } = this
    this.#isLent = true
    const bytes = lentBytes(length)
    if (this.#listener === undefined || stream.readableFlowing !== true || stream.readableLength > 0) {
      return stream.push(Buffer.from(bytes))
    }
    this.#listener.received(bytes, 'borrowed')
    return true
  }

  /** The stream has come to its end. */
  ended(): void {
    // To libuv a RST that comes together with data is an end like any other. The kernel knows: TCP is closed, which a FIN
    // alone cannot do as long as ours has not been sent.
    const handle = this.#handle()
    const isReset = !this.hasFin && handle !== undefined && kernelHasClosed(handle) === true
    this.#listener?.ended(isReset)
  }

  failed(error: Error): void {
    this.#listener?.failed(error)
  }

  closed(): void {
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

// One function for the streams of all connections, as the stand-ins for methods are, and found in the same way.
const transports = slotOn<Transport>(writableStateOf)

function onData(this: Duplex, bytes: unknown): void {
  transports.of(this)?.came(bytes)
}

function onLent(this: Socket, length: number): boolean {
  return transports.of(this)?.cameLent(length) ?? true
}

function onEnd(this: Duplex): void {
  transports.of(this)?.ended()
}

function onError(this: Duplex, error: Error): void {
  transports.of(this)?.failed(error)
}

function onClose(this: Duplex): void {
  transports.of(this)?.closed()
}

// Methods of its own, in place of those of its class.
function replacesWriting(stream: Duplex): boolean {
  return ['write', '_write', '_writev'].some((name) => Object.hasOwn(stream, name))
}
