import { Duplex } from 'node:stream'
import { Closing } from '../closing/closing.js'
import { areReportsHeard, publishFollowed, publishReport } from '../closure/published.js'
import { checkFlushTimeout, type FlushOptions } from '../closure/shutdown-options.js'
import { isTelling, tell, tellDestroyed, tellReport } from '../closure/story.js'
import type { ClientHello, Ssl, SslProtocol } from '../openssl/index.js'
import { invalid } from '../options.js'
import { unwrapErrorOf } from '../report/unwrap-error.js'
import { type ClosureReport, reportOf } from '../report/verdict.js'
import { alreadyStarted, PlaintextLock } from '../unwrap/plaintext-lock.js'
import type { UnwrapOptions } from '../unwrap/unwrap-options.js'
import { type Callback, ClosableDuplex } from './closable-duplex.js'
import { requireOpen, sendAlertAlone } from './closing-calls.js'
import { type ConnectionListener, EngineConnection } from './connection.js'
import { type DrainBy, EngineSide } from './engine-side.js'
import { createSsl } from './handshake.js'
import {
  type CheckedStreamOptions,
  type CheckedUnwrap,
  checkStreamOptions,
  checkStreamShutdownOptions,
  checkUnwrapOptions,
  closingAsAsked,
  isSameUnwrap,
  type StreamShutdownOptions,
  type TlsStreamOptions,
} from './options.js'
import { closed } from './refusals.js'
import { Securing } from './securing.js'
import { StreamEnd, type StreamEndOptions } from './stream-end.js'
import { Transport } from './transport.js'

// Four records: the engine's piece.
const highWaterMark = 64 * 1024

let privateSideOf: ((stream: TlsStream, drainBy: DrainBy) => EngineSide) | undefined

/** Our side of a stream, for whoever runs the machine on it. */
export function sideOf(stream: TlsStream, drainBy: DrainBy): EngineSide {
  if (privateSideOf === undefined) throw new Error('expected the class of the stream to be there')
  return privateSideOf(stream, drainBy)
}

/**
 * TLS over any Duplex, as a Duplex: on an SSL of the engine, of the process's own OpenSSL or of any libssl. Made by
 * `connect()`, by a server of `createServer()`, or on a transport of one's own.
 *
 * 'secureConnect' (a client's) and 'secure' (of both sides) tell that the handshake is done and the peer verified; what is
 * written before waits. 'session' has a session that can be resumed, 'keylog' a line of the key log.
 *
 * The transport belongs to the stream until unwrap() has given it back: writing to it is refused with ERR_PLAINTEXT_UNDER_TLS,
 * and its `end()` ends the stream.
 *
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT; ERR_TLS_ALREADY_STARTED; ERR_OPENSSL_CALL_FAILED; ERR_OPENSSL_FREED of the context
 */
export class TlsStream extends ClosableDuplex {
  static {
    privateSideOf = (stream, drainBy) => stream.#side(drainBy)
  }

  readonly #options: CheckedStreamOptions
  readonly #connection: EngineConnection
  readonly #securing: Securing
  readonly #end: StreamEnd
  #decided: ClosureReport | undefined
  // Made when it is asked for.
  #report: Promise<ClosureReport> | undefined
  #decide: ((report: ClosureReport) => void) | undefined
  #closeNotify: Promise<void> | undefined
  #unwrapping: (CheckedUnwrap & { readonly outcome: Promise<Duplex> }) | undefined
  #isUnwrapped = false

  constructor(transport: Duplex, options: TlsStreamOptions) {
    if (!(transport instanceof Duplex)) throw invalid('transport', 'a Duplex', transport)
    if (transport.destroyed || transport.readableEnded) throw invalid('transport', 'a Duplex that is open', transport)
    if (transport.readableEncoding !== null) throw invalid('transport', 'a Duplex without an encoding', transport)
    if (PlaintextLock.isOn(transport)) throw alreadyStarted('new TlsStream()')
    const checked = checkStreamOptions(options)
    super(transport, { allowHalfOpen: checked.allowHalfOpen, highWaterMark })
    this.#options = checked
    const inner = new TlsStream.#Inner(this)
    const connection = new EngineConnection(createSsl(checked), new Transport(transport), inner)
    this.on('newListener', this.#onNewListener)
    this.#connection = connection
    this.#securing = new Securing(this, connection, checked)
    this.#end = new StreamEnd(inner)
    if (isTelling) tell(this, `${checked.context.side}, TlsStream, before its handshake`)
    publishFollowed(this)
    connection.start()
  }

  /** Settles when the stream is destroyed or unwrapped, however that came, and never rejects. */
  get report(): Promise<ClosureReport> {
    this.#report ??= new Promise((resolve) => {
      if (this.#decided === undefined) this.#decide = resolve
      else resolve(this.#decided)
    })
    return this.#report
  }

  /** Whether the handshake is done. */
  get isSecured(): boolean {
    return this.#connection.isSecured
  }

  /**
   * Bytes that were written to it and that the transport does not have in whole records: the kernel, where that is a
   * socket. Undefined where it cannot be told.
   */
  get undeliveredBytes(): number | undefined {
    const taken = this.#connection.sealer.taken()
    return taken === undefined ? undefined : this.writableLength - taken
  }

  // --- Closing ---

  /**
   * Closes our side: everything written before, then our close_notify as the mode says, then FIN.
   *
   * Resolves with a report when our part is done, as `closureOf(socket).shutdown()` does, whose options it has: for
   * `quiet` and `unidirectional` when FIN has gone, for `bidirectional` when the waiting has ended in whatever way. To
   * leave the transport open there is unwrap().
   *
   * @throws (rejects) ClosureError ERR_CLOSURE_IN_PROGRESS; ERR_CLOSURE_HANDSHAKE_PENDING; ERR_CLOSURE_CLOSED;
   * ERR_CLOSURE_INVALID_ARGUMENT
   * @see SSL_shutdown(3), RFC 8446 section 6.1
   */
  async shutdown(options?: StreamShutdownOptions): Promise<ClosureReport> {
    const checked = checkStreamShutdownOptions(options)
    requireOpen('shutdown()', this.#connection)
    if (isTelling) tell(this, `shutdown() is called: mode ${checked.mode}`)
    this.#end.isUnwanted = checked.onData === 'discard' || checked.onData === 'fail'
    await new Closing(this.#side('end'), checked).run()
    return this.#decided ?? this.#reportNow()
  }

  /**
   * Sends our close_notify alone: TCP stays open and reading goes on, in TLS 1.2 and 1.3. All that was written before goes
   * first. A later write calls back with ERR_WRITE_AFTER_CLOSE_NOTIFY and does not disturb the reading; `end()` sends
   * FIN. Resolves when the transport has taken the alert. The second call gives the first one's promise.
   *
   * @throws (rejects) ClosureError ERR_CLOSURE_FLUSH_TIMEOUT; ERR_CLOSURE_OPENSSL; ERR_CLOSURE_IN_PROGRESS;
   * ERR_CLOSURE_HANDSHAKE_PENDING; ERR_CLOSURE_CLOSED; ERR_CLOSURE_INVALID_ARGUMENT
   * @see RFC 8446 section 6.1
   */
  async closeNotify(options?: FlushOptions): Promise<void> {
    const flushTimeout = checkFlushTimeout(options)
    if (this.#closeNotify !== undefined) return this.#closeNotify
    requireOpen('closeNotify()', this.#connection)
    if (this.writableEnded) throw closed('closeNotify()')
    this.#closeNotify = this.#sendCloseNotify(flushTimeout)
    return this.#closeNotify
  }

  /**
   * Ends TLS in both directions and gives the transport back, in plaintext: our close_notify, then the peer's within
   * `waitTimeout`. Bytes that came behind the peer's close_notify are read from the transport first. It is paused, and has
   * none of our listeners. Nothing is handed back before the peer's close_notify was authenticated.
   *
   * Data that came before stays readable in this stream, which is over otherwise. Where the peer closes first, call this
   * before 'end' is over, or make the stream with `allowHalfOpen`: otherwise it ends itself then, and TCP.
   *
   * A second call while the first one runs, without options or with the same, is given its outcome.
   *
   * @throws (rejects) UnwrapError ERR_UNWRAP_TIMEOUT, ERR_UNWRAP_FAILED, ERR_UNWRAP_ABORTED, each with a `report`: the stream is
   * destroyed, unless `onTimeout: 'reject'` says otherwise; ClosureError as of shutdown()
   * @see RFC 8446 section 6.1
   */
  async unwrap(options?: UnwrapOptions): Promise<Duplex> {
    const checked = checkUnwrapOptions(options)
    const running = this.#unwrapping
    if (running !== undefined && (options === undefined || isSameUnwrap(running, checked))) return running.outcome
    requireOpen('unwrap()', this.#connection)
    if (this.writableEnded) throw closed('unwrap()')
    if (isTelling) tell(this, 'unwrap() is called')
    const outcome = this.#unwrap(checked)
    this.#unwrapping = { ...checked, outcome }
    try {
      return await outcome
    } finally {
      this.#unwrapping = undefined
    }
  }

  async #unwrap({ closing: checked, onTimeout }: CheckedUnwrap): Promise<Duplex> {
    this.allowHalfOpen = true
    this.#end.isUnwanted = checked.onData === 'discard' || checked.onData === 'fail'
    // A FIN that the program asks for meanwhile waits.
    this.fin.hold(() => undefined)
    const side = new EngineSide(this.#connection, this.closable(), 'write', ({ endedBy }) => {
      const isLate = endedBy === 'flush-timeout' || endedBy === 'wait-timeout' || endedBy === 'reader-stalled'
      return onTimeout === 'reject' && isLate
    })
    const closing = new Closing(side, checked)
    await closing.run()
    const report = this.#decided ?? this.#reportNow()
    if (report.verdict === 'clean' && !this.destroyed) return this.#detach(report)
    if (onTimeout === 'reject' && !this.destroyed && closing.endedBy !== 'done') this.#goOnOpen()
    else this.destroy()
    throw unwrapErrorOf(report, checked.signal)
  }

  // --- What the handshake has brought ---

  override getProtocol(): SslProtocol | undefined {
    return this.#connection.evidence.protocol
  }

  protected override liveSsl(): Ssl | undefined {
    const { isFreed, ssl } = this.#connection
    return isFreed ? undefined : ssl
  }

  // --- Duplex ---

  /** @internal */
  override _read(): void {
    if (!this.#connection.hasReadingEnded) this.#connection.transport.resume()
  }

  override read(size?: number): ReturnType<Duplex['read']> {
    const chunk: unknown = super.read(size)
    this.#end.wasRead()
    return chunk
  }

  /** @internal */
  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: Callback): void {
    if (this.isPipedLate(chunk)) process.nextTick(done)
    else this.#seal([chunk], done)
  }

  /** @internal */
  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: Callback): void {
    this.#seal(
      chunks.map(({ chunk }) => chunk),
      done,
    )
  }

  /** @internal */
  override _final(done: Callback): void {
    this.#securing.whenDone(() => {
      if (this.#isUnwrapped) done()
      else if (!this.fin.arrived(done)) this.#closeAsAsked()
    })
  }

  /**
   * The end of a stream that was cut is an error, once all that came was read. 'close' tells of one, as that of sockets does.
   * @internal
   */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    switch (event) {
      case 'end':
        if (this.#end.isCut) {
          this.#end.fail()
          return false
        }
        this.#end.ended()
        return this.holdEnd() || super.emit(event)
      case 'finish':
        this.tellHeldEnd()
        return super.emit(event)
      case 'close':
        this.tellHeldEnd()
        this.refuseHeldWrites()
        return super.emit(event, this.errored !== null)
      default:
        return super.emit(event, ...args)
    }
  }

  /** @internal */
  override _destroy(error: Error | null, done: Callback): void {
    const { evidence, sealer, transport } = this.#connection
    this.stopTimer()
    if (this.#isUnwrapped) {
      done(error)
      return
    }
    if (isTelling) tellDestroyed(this, error)
    // A destruction that follows from the peer's RST is no act of ours.
    if (evidence.tcp.kind !== 'reset') evidence.destroyedAt ??= performance.now()
    // The last moment at which the alert can be known to have left.
    if (!this.#connection.isFreed) this.#connection.look()
    evidence.closing?.destroyed()
    this.#end.destroyedWith(error)
    this.#settle(this.#reportNow())
    this.#connection.free()
    // An error costs its stack trace: most streams have no use for one.
    const reason = () => error ?? closed('write()')
    sealer.stop(reason)
    this.#securing.stop(reason)
    transport.destroy()
    transport.whenClosed(() => {
      done(error)
    })
  }

  // --- Our side of the closing ---

  protected override hasWrittenCloseNotify(): boolean {
    return this.#connection.evidence.hasWrittenCloseNotify()
  }

  #side(drainBy: DrainBy): EngineSide {
    return new EngineSide(this.#connection, this.closable(), drainBy)
  }

  #closeAsAsked(): void {
    const closing = new Closing(this.#side('ended'), closingAsAsked(this.#options))
    if (isTelling) tell(this, `the stream has ended: mode ${closing.mode}`)
    if (closing.runAtOnce()) {
      if (isTelling) tell(this, 'FIN goes')
      this.#connection.giveFin(() => this.fin.complete())
    } else closing.start(() => undefined)
  }

  // After an unwrap() that was not answered in time.
  #goOnOpen(): void {
    this.#connection.evidence.giveUpClosing()
    this.#end.isUnwanted = false
    this.fin.letGo()
    if (this.fin.isWaiting) this.#closeAsAsked()
  }

  async #sendCloseNotify(flushTimeout: number): Promise<void> {
    try {
      await sendAlertAlone(this.#side('write'), this.#connection, flushTimeout)
    } catch (error) {
      if (!this.#connection.evidence.hasWrittenCloseNotify()) {
        this.takeWritesAgain()
        this.#closeNotify = undefined
      }
      throw error
    }
  }

  #detach(report: ClosureReport): Duplex {
    const { transport } = this.#connection
    this.#isUnwrapped = true
    if (isTelling) tell(this, 'the transport is given back')
    this.stopTimer()
    this.#settle(report)
    this.#connection.free()
    transport.detach()
    // A FIN that the program has asked for meanwhile stands behind both alerts.
    if (this.writableEnded) transport.stream.end()
    this.endWithoutFin()
    return transport.stream
  }

  #settle(report: ClosureReport): void {
    if (this.#decided !== undefined) return
    this.#decided = report
    if (isTelling) tellReport(this, report)
    if (areReportsHeard()) publishReport({ report, socket: this, target: undefined })
    this.#decide?.(report)
  }

  #reportNow(): ClosureReport {
    return reportOf(this.#connection.evidence.facts(this.undeliveredBytes))
  }

  // --- What the connection tells ---

  // Lines of the key log, and tickets, are made when somebody wants them: they take as long as several records.
  #onNewListener(event: string | symbol): void {
    if (event === 'keylog') this.#options.context.recordKeylog()
    else if (event === 'session') this.liveSsl()?.tellTickets(true)
  }

  // What the parts of a stream tell it, and ask it for, and nobody else may: one object, whose class makes it at little cost.
  static readonly #Inner = class implements ConnectionListener, StreamEndOptions {
    readonly stream: TlsStream

    constructor(stream: TlsStream) {
      this.stream = stream
    }

    get connection(): EngineConnection {
      return this.stream.#connection
    }

    get onTruncation(): 'error' | 'report' {
      return this.stream.#options.onTruncation
    }

    get reportNow(): () => ClosureReport {
      return () => this.stream.#reportNow()
    }

    helloCame(hello: ClientHello): void {
      this.stream.#securing.helloCame(hello)
    }

    secured(): void {
      this.stream.#securing.done()
    }

    data(bytes: Buffer): void {
      this.stream.#received(bytes)
    }

    written(): void {
      this.stream.restartTimer()
    }

    readingEnded(how: 'close_notify' | 'cut', cause: Error | undefined): void {
      const { stream } = this
      if (isTelling) tell(stream, `the peer's stream has ended: received ${this.connection.evidence.received().kind}`)
      stream.#end.came(how, cause)
    }

    writingFailed(error: Error): void {
      this.stream.#end.writingFailed(error)
    }

    handshakeFailed(error: Error): void {
      this.stream.#securing.failed(error)
    }

    lost(): void {
      this.stream.#end.lost()
    }

    endAsked(): void {
      this.stream.end()
    }

    session(der: Buffer): void {
      this.stream.emit('session', der)
    }

    keylog(line: Buffer): void {
      this.stream.emit('keylog', line)
    }
  }

  #received(bytes: Buffer): void {
    this.restartTimer()
    this.bytesRead += bytes.length
    if (this.#connection.evidence.closing?.dataCame(bytes.length) === true) return
    if (!this.push(bytes)) this.#connection.transport.pause()
  }

  #seal(chunks: readonly Uint8Array[], done: Callback): void {
    this.restartTimer()
    if (this.#connection.isSecured) this.#sealNow(chunks, done)
    else this.#securing.whenDone(() => this.#sealNow(chunks, done), done)
  }

  #sealNow(chunks: readonly Uint8Array[], done: Callback): void {
    for (const { length } of chunks) this.bytesWritten += length
    this.#connection.sealer.write(chunks, done)
  }
}
