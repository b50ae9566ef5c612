// What a net.Socket has beside being a Duplex, for programs that ask their stream for it.
import { type AddressInfo, Socket } from 'node:net'
import { Duplex, type DuplexOptions } from 'node:stream'
import { clearTimeout as stopTimer, setTimeout as startTimer } from 'node:timers'
import { checkIdleTime } from './options.js'

/** A Duplex over another one, which tells of the socket beneath it where there is one. */
export class SocketLike extends Duplex {
  /** Application data that has come, in bytes. */
  bytesRead = 0
  /** Application data that was given to TLS, in bytes. */
  bytesWritten = 0
  /** ms, as `setTimeout()` was told; undefined before. */
  timeout: number | undefined
  readonly #transport: Duplex
  #timer: NodeJS.Timeout | undefined

  constructor(transport: Duplex, options: DuplexOptions) {
    super(options)
    this.#transport = transport
    if (!this.connecting) return
    for (const event of ['connect', 'ready']) transport.once(event, () => this.emit(event))
  }

  /** Whether the socket beneath is still to be connected: 'connect' and 'ready' tell. */
  get connecting(): boolean {
    return this.#socket()?.connecting ?? false
  }

  get pending(): boolean {
    return this.#socket()?.pending ?? false
  }

  /** As a net.Socket has it, of the stream's own two sides. */
  get readyState(): 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed' {
    if (this.connecting) return 'opening'
    if (this.readable) return this.writable ? 'open' : 'readOnly'
    return this.writable ? 'writeOnly' : 'closed'
  }

  get remoteAddress(): string | undefined {
    return this.#socket()?.remoteAddress
  }

  get remotePort(): number | undefined {
    return this.#socket()?.remotePort
  }

  get remoteFamily(): string | undefined {
    return this.#socket()?.remoteFamily
  }

  get localAddress(): string | undefined {
    return this.#socket()?.localAddress
  }

  get localPort(): number | undefined {
    return this.#socket()?.localPort
  }

  get localFamily(): string | undefined {
    return this.#socket()?.localFamily
  }

  /** The address, family and port that the socket beneath is bound to; an empty object where there is no socket. */
  address(): AddressInfo | object {
    return this.#socket()?.address() ?? {}
  }

  /** Has the socket beneath keep the process alive while it is open, as it does by default. */
  ref(): this {
    this.#socket()?.ref()
    return this
  }

  /** Lets the process end although the socket beneath is open. */
  unref(): this {
    this.#socket()?.unref()
    return this
  }

  /** Turns Nagle's algorithm off on the socket beneath, or on again with false: TCP_NODELAY of tcp(7). */
  setNoDelay(on = true): this {
    this.#socket()?.setNoDelay(on)
    return this
  }

  /**
   * Turns the keep-alive probes of TCP on or off on the socket beneath: SO_KEEPALIVE of socket(7). They begin after
   * `initialDelay` ms without data; 0 leaves that as it is set.
   */
  setKeepAlive(on = false, initialDelay = 0): this {
    this.#socket()?.setKeepAlive(on, initialDelay)
    return this
  }

  /**
   * Emits 'timeout' when neither data came nor any of what was written left for so many ms; 0 for never. It closes nothing, and
   * keeps no process alive.
   *
   * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT
   */
  setTimeout(ms: number, listener?: () => void): this {
    const time = checkIdleTime('ms', ms)
    this.timeout = time
    this.stopTimer()
    if (listener !== undefined) {
      if (time === 0) this.off('timeout', listener)
      else this.once('timeout', listener)
    }
    if (time > 0 && !this.destroyed) this.#timer = startTimer(() => this.emit('timeout'), time).unref()
    return this
  }

  /** Ends the stream, and destroys it when FIN has gone: as http does with sockets. */
  destroySoon(): void {
    if (!this.writableEnded) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  protected restartTimer(): void {
    this.#timer?.refresh()
  }

  protected stopTimer(): void {
    stopTimer(this.#timer)
    this.#timer = undefined
  }

  #socket(): Socket | undefined {
    return this.#transport instanceof Socket ? this.#transport : undefined
  }
}
