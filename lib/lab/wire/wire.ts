/**
 * A TLS connection whose every byte is under control: an SSL of the engine over a socket of Node's. It does nothing by
 * itself but what OpenSSL does while it reads (messages of the handshake, a KeyUpdate, an alert about what is wrong);
 * close_notify, FIN and RST leave when they are asked for. What the peer did is kept with its time.
 *
 * The socket has to be made with `allowHalfOpen`, and belongs to the wire from then on.
 */
import type net from 'node:net'
import { Deadline } from '../../deadline.js'
import type { Ssl, SslContext, SslResult, SslSession } from '../../openssl/index.js'
import type { AlertName } from '../../tls/alerts.js'

/** What the peer did, as far as it was seen. Times are ms on the clock of `performance.now()`. */
export interface Seen {
  /** Application data, in bytes. */
  readonly bytes: number
  readonly lastBytesAt?: number
  readonly closeNotifyAt?: number
  /** An alert user_canceled, RFC 8446 section 6.1. */
  readonly userCanceledAt?: number
  readonly fatalAlert?: { readonly name: AlertName; readonly at: number }
  readonly finAt?: number
  readonly reset?: { readonly code: string; readonly at: number }
  /** OpenSSL could not go on: why, in its own words, the last one and all in their order. */
  readonly failure?: { readonly reason: string; readonly reasons: readonly string[]; readonly at: number }
  /** Bytes that followed the peer's close_notify. */
  readonly surplus: number
}

/** Sees all bytes on their way, and may change those that leave. */
export interface Tap {
  keylog(line: string): void
  received(bytes: Buffer): void
  sent(bytes: Buffer): Buffer
}

export interface WireOptions {
  /** Gets the application data. The buffer is its own. */
  readonly onData?: (bytes: Buffer) => void
  readonly tap?: Tap
  /** Given the bytes that came, returns those for TLS: of a connection that goes back to plaintext. */
  readonly incoming?: (bytes: Buffer) => Buffer
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

export class Wire {
  readonly socket: net.Socket
  readonly ssl: Ssl
  readonly #options: WireOptions
  readonly #seen: Mutable<Seen> = { bytes: 0, surplus: 0 }
  readonly #waiters = new Set<() => void>()
  #handshakeDone = false
  #closed = false
  #sentCloseNotifyAt: number | undefined
  #newSession: Buffer | undefined

  constructor(socket: net.Socket, ssl: Ssl, options: WireOptions = {}) {
    this.socket = socket
    this.ssl = ssl
    this.#options = options
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => this.#received(bytes))
    socket.on('end', () => this.#ended())
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // EPIPE where ECONNRESET would be: the RST came behind a FIN.
      if (error.code === 'EPIPE' && socket.readableEnded) this.#seen.finAt ??= performance.now()
      this.#seen.reset ??= { code: error.code ?? error.message, at: performance.now() }
      this.#changed()
    })
    socket.on('close', () => {
      this.#closed = true
      this.#changed()
    })
    // It may have been handed over paused.
    socket.resume()
  }

  get seen(): Seen {
    return this.#seen
  }

  /** Whether the handshake was completed. */
  get isReady(): boolean {
    return this.#handshakeDone
  }

  /** Whether nothing can come any more: TCP has ended, or TLS cannot go on. */
  get isOver(): boolean {
    return this.hasEnded || this.#seen.failure !== undefined
  }

  /** Whether the peer has ended TCP. Behind a fatal alert that may take a while yet. */
  get hasEnded(): boolean {
    const { finAt, reset } = this.#seen
    return this.#closed || finAt !== undefined || reset !== undefined
  }

  /** When our close_notify was given to the socket. */
  get sentCloseNotifyAt(): number | undefined {
    return this.#sentCloseNotifyAt
  }

  /** The last session that OpenSSL told of, as DER: a client's, with `sessionCache`. */
  get newSession(): Buffer | undefined {
    return this.#newSession
  }

  /** Begins or goes on with the handshake. Resolves with whether it was completed within `ms`; `seen` tells why not. */
  async handshake(ms: number, signal?: AbortSignal): Promise<boolean> {
    this.#handshakeStep()
    await this.until(() => this.#handshakeDone || this.isOver, ms, signal)
    return this.#handshakeDone
  }

  /**
   * Resolves with true as soon as a condition holds that depends on `seen`, and with false after `ms`.
   *
   * @throws the signal's reason
   */
  until(condition: () => boolean, ms: number, signal?: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(reasonOf(signal))
        return
      }
      if (condition()) {
        resolve(true)
        return
      }
      const end = (): void => {
        deadline.stop()
        this.#waiters.delete(look)
        signal?.removeEventListener('abort', onAbort)
      }
      const look = (): void => {
        if (!condition()) return
        end()
        resolve(true)
      }
      const onAbort = (): void => {
        end()
        reject(reasonOf(signal))
      }
      const deadline = new Deadline(ms, () => {
        end()
        resolve(condition())
      }).ref()
      this.#waiters.add(look)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** SSL_write(3), and what it wrote to the socket. Returns whether the socket has room for more. */
  write(bytes: Uint8Array): boolean {
    this.ssl.write(bytes)
    return this.flush()
  }

  /** Our close_notify, SSL_shutdown(3), and nothing else: TCP stays open. */
  closeNotify(): SslResult {
    const result = this.ssl.shutdown()
    this.#sentCloseNotifyAt ??= performance.now()
    this.flush()
    return result
  }

  /** Bytes as they are, behind what TLS wrote. */
  raw(bytes: Uint8Array): boolean {
    return this.socket.writable ? this.socket.write(bytes) : false
  }

  /** Gives the socket what OpenSSL has written. */
  flush(): boolean {
    this.#takeEvents()
    const bytes = this.ssl.transmit()
    const sent = this.#options.tap?.sent(bytes) ?? bytes
    return sent.length === 0 || this.raw(sent)
  }

  /** FIN, behind all that was written. The peer can go on sending. */
  fin(): void {
    if (this.socket.writable) this.socket.end()
  }

  /** RST at once. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  /** Closes the socket and frees the SSL. Twice is harmless. */
  destroy(): void {
    this.socket.destroy()
    this.ssl.free()
    this.#closed = true
    this.#changed()
  }

  /** libuv takes an RST that comes with data for the end of the stream; a write, of nothing, tells the truth. */
  #ended(): void {
    const at = performance.now()
    const note = (): void => {
      this.#seen.finAt ??= at
      this.#changed()
    }
    // Behind our own FIN nothing can be written.
    if (!this.socket.writable) {
      note()
      return
    }
    this.socket.write(Buffer.alloc(0), (error) => {
      if (error === null || error === undefined) note()
    })
  }

  #received(came: Buffer): void {
    if (this.#closed) return
    const arrivedAt = performance.now()
    const bytes = this.#options.incoming?.(came) ?? came
    this.#options.tap?.received(bytes)
    const { closeNotifyAt } = this.#seen
    if (closeNotifyAt !== undefined) {
      this.#seen.surplus += bytes.length
      this.#changed()
      return
    }
    this.ssl.receive(bytes)
    if (!this.#handshakeDone) this.#handshakeStep()
    if (this.#handshakeDone) this.#read(arrivedAt)
    this.#changed()
  }

  #handshakeStep(): void {
    const result = this.ssl.doHandshake()
    this.#noteFailure(result)
    this.#handshakeDone = result.value === 1
    this.flush()
  }

  #read(arrivedAt: number): void {
    let before = Infinity
    for (;;) {
      const { result, plaintext, output } = this.ssl.pump()
      // Views that the next call overwrites.
      const data = Buffer.from(plaintext)
      const answer = Buffer.from(output)
      this.#takeEvents()
      const sent = this.#options.tap?.sent(answer) ?? answer
      if (sent.length > 0) this.raw(sent)
      if (data.length > 0) {
        this.#seen.bytes += data.length
        this.#seen.lastBytesAt = arrivedAt
        this.#options.onData?.(data)
      }
      if (this.#closed) return
      if (result.value > 0) continue
      const left = this.ssl.inputPending()
      if (isInterrupted(result) && left > 0 && left < before) {
        before = left
        continue
      }
      this.#noteFailure(result)
      if (this.#seen.closeNotifyAt !== undefined) this.#seen.surplus += this.ssl.inputPending()
      return
    }
  }

  #takeEvents(): void {
    for (const event of this.ssl.takeEvents()) {
      if (event.type === 'keylog') this.#options.tap?.keylog(event.line)
      if (event.type === 'new_session') this.#newSession = event.der ?? this.#newSession
      if (event.type !== 'alert' || event.direction !== 'received') continue
      if (event.name === 'close_notify') this.#seen.closeNotifyAt ??= event.at
      else if (event.name === 'user_canceled') this.#seen.userCanceledAt ??= event.at
      // In TLS 1.3 an alert is fatal whatever its level says: RFC 8446 section 6.
      else if (event.level !== 'warning' || event.version === 'TLSv1.3') {
        this.#seen.fatalAlert ??= { name: event.name, at: event.at }
      }
    }
  }

  #noteFailure({ value, error, queue }: SslResult): void {
    if (value > 0 || error === 'SSL_ERROR_WANT_READ' || error === 'SSL_ERROR_WANT_WRITE') return
    if (error === 'SSL_ERROR_ZERO_RETURN' || isInterrupted({ value, error, queue })) return
    const reasons = queue.flatMap(({ reason }) => (reason === undefined ? [] : [wordsOf(reason)]))
    this.#seen.failure ??= { reason: reasons.at(-1) ?? wordsOf(error), reasons, at: performance.now() }
  }

  #changed(): void {
    for (const look of this.#waiters) look()
  }
}

export interface ClientWireOptions extends WireOptions {
  /** The name that the server is asked for, and that its certificate has to have. */
  readonly servername: string | undefined
  /** A session to offer. */
  readonly session?: SslSession | undefined
}

/** A client's wire with an SSL of a context. Where that cannot be made, the socket is destroyed. */
export function clientWire(socket: net.Socket, context: SslContext, options: ClientWireOptions): Wire {
  const { servername, session, ...others } = options
  try {
    const ssl = context.createSsl({
      ...(servername !== undefined && { servername, verifyHost: servername }),
      ...(session !== undefined && { session }),
    })
    return new Wire(socket, ssl, others)
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/**
 * Nothing is wrong, and there may be more to read: so OpenSSL 3.5 has it behind a warning such as user_canceled. At the end
 * of the input it would say the same, but a wire never tells OpenSSL of an end.
 */
function isInterrupted({ value, error, queue }: SslResult): boolean {
  return value <= 0 && error === 'SSL_ERROR_SYSCALL' && queue.length === 0
}

/** BoringSSL's words are the same but for their form. */
function wordsOf(reason: string): string {
  return reason.toLowerCase().replaceAll('_', ' ')
}

/** An abort's reason can be anything. */
function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason
  return reason instanceof Error ? reason : new Error(String(reason))
}
