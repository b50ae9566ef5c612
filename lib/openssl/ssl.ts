import { ClosureError } from '../errors.js'
import { checkBoolean, checkBytes, checkCount, checkOneOf, checkOptions, invalid } from '../options.js'
import type { NativeSsl, SslCalls } from '../native/engine.js'
import { sslErrorName, sslErrorNames, type SslErrorName } from '../tls/ssl-errors.js'
import { emptyQueue, type QueuedError, shutdownResult, type SslResult } from '../tls/ssl-result.js'
import type { ContextIdentity } from './identity.js'
import { eventOf, type SslEvent } from './events.js'
import { type Memory, maxRead, memoryOfThread } from './memory.js'
import { SslSession } from './session.js'
import { SslClientHello } from './ssl-client-hello.js'

/** The result of read() and peek(). */
export interface SslReadResult extends SslResult {
  /** The plaintext, a Buffer of the caller's own; empty unless `value` is its length. */
  readonly data: Buffer
}

/** The result of pump(). Its bytes are views that the next call on any Ssl of this thread overwrites. */
export interface SslPump {
  /** Of the last SSL_read(3). A positive value means that there may be more: pump() again. */
  readonly result: SslResult
  /** All that was decrypted. Where pump() was given `into`, that is where it lies. */
  readonly plaintext: Buffer
  /** All that waits for the peer. */
  readonly output: Buffer
  /** How many events wait for takeEvents(). */
  readonly events: number
  /** Bytes that were fed and that OpenSSL has not consumed yet. */
  readonly inputPending: number
}

/** The result of writeAndTransmit(). */
export interface SslWriteOutput extends SslResult {
  /**
   * All that waits for the peer: a view of `into`, or of memory that the next call on any Ssl of this thread overwrites; where
   * it does not fit into that, a Buffer of the caller's own.
   */
  readonly output: Buffer
}

/** The result of shutdownAndTransmit(). */
export interface SslShutdownOutput extends SslResult {
  /** All that waits for the peer: a view that the next call on any Ssl of this thread overwrites. */
  readonly output: Buffer
}

const shutdownFlags = { RAPID: 1, NO_STREAM_FLUSH: 2, NO_BLOCK: 4, WAIT_PEER: 8 } as const
const keyUpdates = { update_not_requested: 0, update_requested: 1 } as const

/**
 * A flag of SSL_shutdown_ex(3), without its SSL_SHUTDOWN_FLAG_.
 * @useDeclaredType
 */
export type SslShutdownFlag = keyof typeof shutdownFlags

/** Options of {@link Ssl.shutdownEx}. Unknown keys are refused by name. */
export interface SslShutdownExOptions {
  /** Names without `SSL_SHUTDOWN_FLAG_`, or-ed. */
  readonly flags?: readonly SslShutdownFlag[]
}

const nothing = Buffer.alloc(0)

/**
 * One SSL of OpenSSL without a socket: what the peer sent goes in by receive(), what waits for the peer comes out by
 * transmit(), and every call in between is the one of OpenSSL that has its name. Made by `SslContext.createSsl`.
 *
 * Calls never wait and never throw for what happens on the connection: they give an {@link SslResult}. After free()
 * they throw ERR_OPENSSL_FREED; a call that the build lacks throws ERR_OPENSSL_UNSUPPORTED_CALL; an argument of the
 * wrong form ERR_CLOSURE_INVALID_ARGUMENT. What else is thrown stands with each call.
 */
export class Ssl extends SslClientHello {
  readonly #native: NativeSsl
  readonly #id: number
  readonly #memory: Memory
  readonly #errorNames: readonly SslErrorName[]
  #hasEnded = false

  /** Made by `SslContext.createSsl` only. */
  constructor(context: ContextIdentity, native: NativeSsl) {
    super(context, native)
    this.#native = native
    this.#id = native.id
    this.#memory = memoryOfThread()
    this.#errorNames = sslErrorNames(context.openssl.kind)
  }

  /**
   * SSL_do_handshake(3): begins the handshake or takes it on. SSL_ERROR_WANT_READ: bytes of the peer are awaited;
   * transmit() first. After its end 1, at once.
   */
  doHandshake(): SslResult {
    return this.#result(this.#native.doHandshake())
  }

  /**
   * SSL_read(3): at most one record, at most `maxBytes` (16384 by default, 65536 at most). SSL_ERROR_ZERO_RETURN: the
   * peer's close_notify came. An EOF without one is SSL_ERROR_SYSCALL with an empty queue before OpenSSL 3.0, and
   * SSL_ERROR_SSL with 'unexpected eof while reading' since. Also takes the handshake on.
   *
   * @see RFC 8446 section 6.1
   */
  read(maxBytes = 16_384): SslReadResult {
    const length = checkReadLength(maxBytes)
    this.#calls().read(length)
    return this.#readResult(this.#memory.value)
  }

  /** SSL_peek(3): as read(), and the next read gives the same bytes again. */
  peek(maxBytes = 16_384): SslReadResult {
    return this.#readResult(this.#native.peek(checkReadLength(maxBytes)))
  }

  /**
   * SSL_write(3): all of the bytes, which are encrypted at once and not kept. After SSL_ERROR_WANT_READ or
   * SSL_ERROR_WANT_WRITE call it again with the same bytes, of which part may have been written: SSL_write(3). They may
   * lie elsewhere then (SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER). Of no bytes SSL_write(3) says that the result is
   * undefined.
   */
  write(bytes: Uint8Array): SslResult {
    checkBytes('bytes', bytes)
    this.#calls().write(bytes)
    return this.#result(this.#memory.value)
  }

  /**
   * write() and what waits for the peer, in one call of the addon. The output goes into `into`, where it is given, which must
   * not overlap the bytes.
   *
   * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT also for an empty or overlapping `into`
   */
  writeAndTransmit(bytes: Uint8Array, into?: Buffer): SslWriteOutput {
    checkBytes('bytes', bytes)
    const room = this.#room(into)
    // An output that was given before lies where this one goes.
    const apart = room === undefined && this.#memory.holds(bytes) ? Buffer.from(bytes) : bytes
    this.#calls().writeAndTransmit(apart, room)
    const { value, error, queue } = this.#result(this.#memory.value)
    return { value, error, queue, output: this.#output(room) }
  }

  /**
   * SSL_shutdown(3). The first call writes our close_notify and gives 0, or 1 where the peer's has come; a second one
   * reads on until the peer's comes, and fails for good where data comes first: read() to the end instead, in which
   * case the second call only looks. During a handshake it fails in OpenSSL, and gives 1 and does nothing in BoringSSL.
   * Quiet: 1, and nothing is written.
   *
   * @see RFC 8446 section 6.1, RFC 5246 section 7.2.1
   */
  shutdown(): SslResult {
    this.#calls().shutdown()
    return this.#shutdownResult(this.#memory.value)
  }

  /**
   * SSL_shutdown_ex(3), since OpenSSL 3.2. Its flags concern QUIC: on TLS it is shutdown().
   *
   * @throws ClosureError ERR_OPENSSL_UNSUPPORTED_CALL
   */
  shutdownEx(options?: SslShutdownExOptions): SslResult {
    const { flags = [] } = checkOptions(options, ['flags'])
    if (!Array.isArray(flags)) throw invalid('flags', 'an array of names', flags)
    const names = new Set(
      flags.map((flag: unknown) => checkOneOf('flags', flag, ['RAPID', 'NO_STREAM_FLUSH', 'NO_BLOCK', 'WAIT_PEER'])),
    )
    return this.#shutdownResult(
      this.#native.shutdownEx([...names].reduce((mask, name) => mask | shutdownFlags[name], 0)),
    )
  }

  /**
   * SSL_key_update(3): schedules new keys of TLS 1.3, which the next write() or doHandshake() sends. 0 in TLS 1.2.
   *
   * @throws ClosureError ERR_OPENSSL_UNSUPPORTED_CALL
   * @see RFC 8446 section 4.6.3
   */
  keyUpdate(type: keyof typeof keyUpdates): SslResult {
    return this.#result(
      this.#native.keyUpdate(keyUpdates[checkOneOf('type', type, ['update_requested', 'update_not_requested'])]),
    )
  }

  /**
   * SSL_renegotiate(3): schedules a new handshake of TLS 1.2, which doHandshake() begins. 0 in TLS 1.3.
   *
   * @throws ClosureError ERR_OPENSSL_UNSUPPORTED_CALL
   */
  renegotiate(): SslResult {
    return this.#result(this.#native.renegotiate())
  }

  /**
   * SSL_verify_client_post_handshake(3): a server of TLS 1.3 asks for a certificate after the handshake, which the next
   * write() or doHandshake() sends. The client's context has to allow it (`postHandshakeAuth`), and the server to
   * verify: setVerify('peer') before.
   *
   * @throws ClosureError ERR_OPENSSL_UNSUPPORTED_CALL
   * @see RFC 8446 section 4.6.2
   */
  verifyClientPostHandshake(): SslResult {
    return this.#result(this.#native.verifyClientPostHandshake())
  }

  /**
   * SSL_set_session(3): before the handshake, which then resumes the session where the server agrees. Once doHandshake(),
   * read(), peek(), write() or pump() was called it is refused, also before a renegotiation: OpenSSL would read and write
   * memory that is none of the new session's. A server has no use for it.
   *
   * @throws ClosureError ERR_OPENSSL_STATE once the handshake has begun, and for a server; ERR_CLOSURE_INVALID_ARGUMENT for a session of
   * another library; ERR_OPENSSL_FREED also for a session that was freed
   */
  setSession(session: SslSession): SslResult {
    return this.#result(this.#native.setSession(SslSession.native(session, this.context.openssl)))
  }

  /**
   * Feeds bytes of the peer, as many or as few as came. They are copied. Nothing is read of them before the next call
   * of OpenSSL.
   *
   * @throws ClosureError ERR_OPENSSL_STATE after receiveEof()
   */
  receive(bytes: Uint8Array): void {
    checkBytes('bytes', bytes)
    this.#refuseAfterEof('receive()')
    this.#calls().receive(bytes)
  }

  /** The peer's stream has ended: reading gives EOF once what was fed is consumed. The second call does nothing. */
  receiveEof(): void {
    this.#native.receiveEof()
    this.#hasEnded = true
  }

  /** Takes all that waits for the peer: a Buffer of the caller's own, empty where nothing waits. */
  transmit(): Buffer {
    this.#calls().transmit()
    return Buffer.from(this.#output())
  }

  /**
   * SSL_free_buffers(3): gives the memory back that records are read into and written from, 34 KB, where nothing lies in
   * there; whether that was so. OpenSSL makes it anew when it needs it.
   *
   * @throws ClosureError ERR_OPENSSL_UNSUPPORTED_CALL
   */
  freeBuffers(): boolean {
    this.#calls().freeBuffers()
    return this.#memory.value !== 0
  }

  /** Bytes that were fed and that OpenSSL has not consumed yet. */
  inputPending(): number {
    return this.#native.inputPending()
  }

  /** Bytes that wait for the peer. */
  outputPending(): number {
    return this.#native.outputPending()
  }

  /**
   * Feeds bytes, if any are given, calls SSL_read(3) until it gives no more, and takes all that waits for the peer, in
   * one call of the addon. Nothing is copied: its bytes are views of memory that all Ssl objects of this thread share,
   * overwritten by the next call on any of them. Copy what has to last, also what a socket may not take at once. Plaintext
   * goes into `into` instead, where it is given, which must not overlap the bytes: when that is full, SSL_read(3) is called
   * no more.
   *
   * @throws ClosureError ERR_OPENSSL_STATE for bytes after receiveEof(); ERR_CLOSURE_INVALID_ARGUMENT also for an empty or
   * overlapping `into`
   */
  pump(bytes?: Uint8Array, into?: Buffer): SslPump {
    const memory = this.#memory
    const input = bytes === undefined ? undefined : this.#input(bytes)
    const room = this.#room(into)
    this.#calls().pump(input, room)
    const result = this.#result(memory.value)
    const { events, inputPending } = memory
    const plaintext = room === undefined ? memory.plaintext() : room.subarray(0, memory.plaintextLength)
    return { result, plaintext, output: this.#output(), events, inputPending }
  }

  /** shutdown() and what waits for the peer, in one call of the addon. The output is a view, as with pump(). */
  shutdownAndTransmit(): SslShutdownOutput {
    this.#calls().shutdownAndTransmit()
    const { value, error, queue } = this.#shutdownResult(this.#memory.value)
    return { value, error, queue, output: this.#output() }
  }

  /** The events since the last call, in order. The caller's own. */
  takeEvents(): readonly SslEvent[] {
    return this.#native.takeEvents().map(eventOf)
  }

  /**
   * Whether a client's sessions of TLS 1.3 become events from now on, as they do before: each has to be encoded for that, and
   * most servers send two. Those of TLS 1.2 always do.
   *
   * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT
   */
  tellTickets(tell: boolean): void {
    this.#native.tellTickets(checkBoolean('tell', tell))
  }

  /** How many events were not kept because too many waited to be taken. */
  get eventsDropped(): number {
    return this.#native.eventsDropped()
  }

  /**
   * SSL_free(3). Sends nothing. Twice is harmless; every other call afterwards throws ERR_OPENSSL_FREED. What is never
   * freed goes with the garbage.
   */
  free(): void {
    this.#native.free()
  }

  /** {@link Ssl.free}, for `using`. */
  [Symbol.dispose](): void {
    this.free()
  }

  // At once before the call: see callsOf().
  #calls(): SslCalls {
    return this.#memory.callsOf(this.#id)
  }

  #result(value: number): SslResult {
    return { value, error: this.#errorName(), queue: this.#queue() }
  }

  #readResult(value: number): SslReadResult {
    const data = value > 0 ? Buffer.from(this.#memory.plaintext()) : nothing
    return { value, error: this.#errorName(), queue: this.#queue(), data }
  }

  #shutdownResult(value: number): SslResult {
    return shutdownResult(value, this.#memory.error, this.#queue(), this.#errorNames)
  }

  #errorName(): SslErrorName {
    return sslErrorName(this.#errorNames, this.#memory.error)
  }

  #queue(): readonly QueuedError[] {
    return this.#memory.hasQueue ? this.#native.takeQueue() : emptyQueue
  }

  // A view, and a Buffer of its own where OpenSSL wrote more than the slab, or `into`, holds.
  #output(into?: Buffer): Buffer {
    const memory = this.#memory
    const view = into === undefined ? memory.output() : into.subarray(0, memory.outputLength)
    if (!memory.hasMoreOutput) return view
    const parts = [Buffer.from(view)]
    while (memory.hasMoreOutput) {
      this.#calls().transmit()
      parts.push(Buffer.from(memory.output()))
    }
    return Buffer.concat(parts)
  }

  // The addon reads them where they lie, and writes where a view of an earlier call lies.
  #input(bytes: Uint8Array): Uint8Array | undefined {
    checkBytes('bytes', bytes)
    this.#refuseAfterEof('pump() with bytes')
    if (!this.#memory.holds(bytes)) return bytes
    this.#calls().receive(bytes)
    return undefined
  }

  // Memory of the caller's own for what a call gives.
  #room(into: Buffer | undefined): Buffer | undefined {
    if (into === undefined) return undefined
    if (!Buffer.isBuffer(into) || into.length === 0)
      throw invalid('into', 'a Buffer with room for a byte or more', into)
    if (this.#memory.holds(into)) throw invalid('into', "memory of the caller's own", into)
    return into
  }

  #refuseAfterEof(call: string): void {
    if (!this.#hasEnded || this.#native.isFreed()) return
    throw new ClosureError('ERR_OPENSSL_STATE', `${call} came after receiveEof(): the peer's stream has ended`)
  }
}

function checkReadLength(length: number): number {
  if (checkCount('maxBytes', 'bytes', length, 0) > maxRead)
    throw invalid('maxBytes', `at most ${maxRead} bytes`, length)
  return length
}
