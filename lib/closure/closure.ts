import { TLSSocket } from 'node:tls'
import { types } from 'node:util'
import { ClosureError } from '../errors.js'
import { requireRuntime } from '../native/addon.js'
import { checkBoolean, shown } from '../options.js'
import { Closing } from '../closing/closing.js'
import { flush, sendCloseNotify } from '../closing/half-close.js'
import type { Connection } from './connection.js'
import { type Lifetime, lifetimeOf } from './lifetime.js'
import { ownerOf } from './http-internals.js'
import { nativeTransport } from './socket-internals.js'
import { SocketSide } from './socket-side.js'
import { isTelling, tell } from './story.js'
import { sslShutdown } from './ssl-shutdown.js'
import { checkFlushTimeout, checkShutdownOptions, type FlushOptions, type ShutdownOptions } from './shutdown-options.js'
import type { SslResult } from '../tls/ssl-result.js'
import type { Alert } from '../tls/alerts.js'
import type { ClosureReport } from '../report/verdict.js'

/**
 * Where a connection is, for its closure.
 *
 * - `handshake`: not secured yet; only `report` can be used.
 * - `open`: everything can be used.
 * - `closing`: {@link Closure.shutdown} has been called, or Node has sent FIN.
 * - `closed`: the socket is destroyed; the last flags, the alerts and the report stay readable.
 * - `untracked`: the socket was made before this module was loaded; nothing is known of it.
 */
export type ClosureState = 'handshake' | 'open' | 'closing' | 'closed' | 'untracked'

// Of objects that share the life of a socket, as what inherits from it does.
const closuresOfOthers = new WeakMap<TLSSocket, Closure>()

/**
 * The closure of a TLS socket: control over how it ends, and evidence of how it did. The same object at every call.
 * May be taken before the handshake; it joins the socket with its SSL as soon as the handshake is done. Take it early:
 * what was closed before can only be reported as `unobserved`.
 *
 * Taking it changes nothing about how the socket behaves.
 *
 * @throws ClosureError ERR_CLOSURE_NOT_TLS for anything but a TLSSocket, and for http2's `session.socket`, which is a
 * stand-in: take the socket of 'secureConnection' or of `createConnection` there
 * @throws ClosureError ERR_CLOSURE_UNSUPPORTED_RUNTIME, ERR_CLOSURE_LOAD_FAILED where this runtime cannot do it
 */
export function closureOf(socket: TLSSocket): Closure {
  requireRuntime()
  checkSocket(socket)
  const lifetime = lifetimeOf(socket)
  const known = lifetime.socket === socket ? lifetime.closure : closuresOfOthers.get(socket)
  if (known instanceof Closure) return known
  const closure = new Closure(socket, lifetime)
  if (lifetime.socket === socket) lifetime.closure = closure
  else closuresOfOthers.set(socket, closure)
  return closure
}

/** Control over how one TLS connection ends, and evidence of how it did. Made by {@link closureOf}. */
export class Closure {
  readonly socket: TLSSocket

  readonly #lifetime: Lifetime
  #closeNotify: Promise<void> | undefined

  /** Made by {@link closureOf} only. */
  constructor(socket: TLSSocket, lifetime: Lifetime) {
    this.socket = socket
    this.#lifetime = lifetime
  }

  /**
   * The report of what was seen, however the socket ended. Settles when the socket is destroyed, and never rejects. A
   * socket that is never destroyed never settles it.
   */
  get report(): Promise<ClosureReport> {
    return this.#lifetime.report
  }

  get state(): ClosureState {
    const { verdict, untracked, connection, closingHasBegun } = this.#lifetime
    if (verdict !== undefined || this.socket.destroyed) return 'closed'
    if (untracked) return 'untracked'
    if (connection === undefined) return 'handshake'
    return closingHasBegun || connection.gate.finAt !== undefined ? 'closing' : 'open'
  }

  /** Every alert seen so far, in order. Readable after the end. Empty before the handshake is done. */
  get alerts(): readonly Alert[] {
    return this.#lifetime.connection?.evidence.alerts() ?? []
  }

  /**
   * Sends our close_notify alone (SSL_shutdown, once): TCP stays open and reading goes on, in TLS 1.2 and 1.3. All that
   * was written before goes first, corked data too. A later write calls back with ERR_WRITE_AFTER_CLOSE_NOTIFY and
   * does not disturb the reading; `end()` sends FIN.
   *
   * Resolves when the alert has gone to the kernel. The second call gives the first one's promise. After a failure to
   * flush what was written before, the alert has not been written, and writing goes on as if nothing had been asked.
   *
   * @throws (rejects) ClosureError ERR_CLOSURE_OWNED on a socket of http or http2; ERR_CLOSURE_FLUSH_TIMEOUT;
   * ERR_CLOSURE_OPENSSL; ERR_CLOSURE_IN_PROGRESS after shutdown(); ERR_CLOSURE_HANDSHAKE_PENDING;
   * ERR_CLOSURE_UNTRACKED; ERR_CLOSURE_CLOSED, after end() too; ERR_CLOSURE_INVALID_ARGUMENT
   * @see RFC 8446 section 6.1
   */
  async closeNotify(options?: FlushOptions): Promise<void> {
    const flushTimeout = checkFlushTimeout(options)
    if (this.#closeNotify !== undefined) return this.#closeNotify
    const connection = this.#openConnection('closeNotify()')
    if (this.#lifetime.closingHasBegun) throw inProgress('closeNotify()')
    this.#refuseOwned('closeNotify()')
    this.#refuseEnded('closeNotify()')
    this.#closeNotify = this.#sendCloseNotify(connection, flushTimeout)
    return this.#closeNotify
  }

  /**
   * Closes our side: everything written before, then our close_notify as the mode says, then FIN.
   *
   * Resolves with a report when our part is done: for `quiet` and `unidirectional` when FIN has gone to the kernel, for
   * `bidirectional` when the waiting has ended, in whatever way: a budget that runs out, destroy() by anybody and the
   * signal resolve too, and `endedBy` says so. {@link Closure.report} tells the rest, when TCP is gone.
   *
   * With `keep-open` the Duplex beneath is the program's again once both alerts have passed. Over a handle of Node's, TCP
   * or another, it is refused before anything is written: Node never gives that back.
   *
   * On a socket of http2 the stream is not ended from here: call `session.close()` as well, and http2's own end is what
   * this closing takes over. 'finish' comes after the wait, for it means that FIN was sent.
   *
   * @throws (rejects) ClosureError ERR_CLOSURE_IN_PROGRESS at the second call; ERR_CLOSURE_OWNED for `keep-open`, and
   * for `onData: 'deliver'` on a server's http socket or an http2 one; ERR_CLOSURE_NATIVE_TRANSPORT for `keep-open` where
   * no Duplex of the program's own is beneath; ERR_CLOSURE_HANDSHAKE_PENDING; ERR_CLOSURE_UNTRACKED; ERR_CLOSURE_CLOSED
   * when Node has sent FIN before, and for `keep-open` after end(); ERR_CLOSURE_INVALID_ARGUMENT
   * @see SSL_shutdown(3), SSL_set_quiet_shutdown(3), RFC 8446 section 6.1
   */
  async shutdown(options?: ShutdownOptions): Promise<ClosureReport> {
    const checked = checkShutdownOptions(options, ownerOf(this.socket))
    const connection = this.#openConnection('shutdown()')
    if (this.#lifetime.closingHasBegun) throw inProgress('shutdown()')
    const keepOpen = checked.afterwards === 'keep-open'
    if (keepOpen) {
      const call = `shutdown() with afterwards: 'keep-open'`
      this.#refuseToKeepOpen(call)
      this.#refuseEnded(call)
    }
    // Without this Node ends the stream, and with it TCP, when the peer's close_notify comes.
    if (keepOpen) this.socket.allowHalfOpen = true
    if (isTelling) tell(this.socket, `shutdown() is called: mode ${checked.mode}`)
    const closing = new Closing(new SocketSide(connection, keepOpen ? 'write' : 'end'), checked)
    if (closing.mode === 'bidirectional') await hearingOfTheEnd(connection, closing.run())
    else await closing.run()
    return this.socket.destroyed ? this.report : connection.report()
  }

  /**
   * Hands to TCP what OpenSSL has written into Node's output buffer, an alert of {@link Closure.sslShutdown} for
   * example. Resolves when that buffer is empty.
   *
   * @throws (rejects) ClosureError ERR_CLOSURE_FLUSH_TIMEOUT, and those of closeNotify() that concern the state
   */
  async flush(options?: FlushOptions): Promise<void> {
    const flushTimeout = checkFlushTimeout(options)
    const connection = this.#liveConnection('flush()')
    const sending = await flush(new SocketSide(connection, 'write'), flushTimeout)
    if (sending === 'flush-timeout') throw flushTimedOut(flushTimeout)
  }

  /**
   * SSL_shutdown, once, exactly as OpenSSL has it: with data of the peer's queued, a second call is fatal to the
   * connection. The alert stays in Node's output buffer until {@link Closure.flush} or the next write.
   *
   * @throws ClosureError ERR_CLOSURE_INSIDE_OPENSSL when called from inside SSL_read (a handshake event, or the very
   * tick in which this closure joined its socket); ERR_CLOSURE_CLOSED; ERR_CLOSURE_HANDSHAKE_PENDING;
   * ERR_CLOSURE_UNTRACKED
   * @see SSL_shutdown(3)
   */
  sslShutdown(): SslResult {
    return sslShutdown(this.#actingConnection('sslShutdown()').ssl)
  }

  /** SSL_get_shutdown: a mask of 1 (SENT) and 2 (RECEIVED). Flags, not evidence. Readable after the end. */
  getShutdown(): number {
    return this.#joinedConnection('getShutdown()').ssl.getShutdown()
  }

  /**
   * SSL_set_shutdown: overwrites the mask, 0 to 3.
   *
   * @throws ClosureError as {@link Closure.sslShutdown}, and ERR_CLOSURE_INVALID_ARGUMENT
   * @see SSL_set_shutdown(3)
   */
  setShutdown(mask: number): void {
    this.#actingConnection('setShutdown()').ssl.setShutdown(mask)
  }

  /** SSL_get_quiet_shutdown. Readable after the end. */
  getQuietShutdown(): boolean {
    return this.#joinedConnection('getQuietShutdown()').ssl.getQuietShutdown()
  }

  /**
   * SSL_set_quiet_shutdown: with it, Node's own end() sends FIN without an alert, and OpenSSL reads no more after that.
   * `shutdown({ mode: 'quiet' })` does the same without the second part.
   *
   * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT, and those that concern the state
   * @see SSL_set_quiet_shutdown(3)
   */
  setQuietShutdown(quiet: boolean): void {
    checkBoolean('quiet', quiet)
    this.#liveConnection('setQuietShutdown()').ssl.setQuietShutdown(quiet)
  }

  /** SSL_CTX_get_quiet_shutdown of the context that the connection started with: SNI does not change it in Node. */
  getContextQuietShutdown(): boolean {
    return this.#liveConnection('getContextQuietShutdown()').ssl.getContextQuietShutdown()
  }

  #joinedConnection(call: string): Connection {
    const { connection, untracked } = this.#lifetime
    if (connection !== undefined) return connection
    if (untracked) {
      const message = `${call}: this socket was made before close-notify was loaded; load it first`
      throw new ClosureError('ERR_CLOSURE_UNTRACKED', message)
    }
    if (this.socket.destroyed) throw closed(call)
    const message = `${call} came before the handshake was done: wait for 'secureConnect' or 'secureConnection'`
    throw new ClosureError('ERR_CLOSURE_HANDSHAKE_PENDING', message)
  }

  #liveConnection(call: string): Connection {
    const connection = this.#joinedConnection(call)
    if (this.socket.destroyed || !connection.ssl.alive()) throw closed(call)
    return connection
  }

  #actingConnection(call: string): Connection {
    const connection = this.#liveConnection(call)
    if (!this.#lifetime.mayBeInsideHandshake() && !connection.ssl.insideCallback()) return connection
    const message = `${call} came from inside OpenSSL's reading of this connection: call it from setImmediate`
    throw new ClosureError('ERR_CLOSURE_INSIDE_OPENSSL', message)
  }

  #openConnection(call: string): Connection {
    const connection = this.#liveConnection(call)
    if (connection.gate.finAt !== undefined) throw closed(call)
    return connection
  }

  #refuseOwned(call: string): void {
    const owner = ownerOf(this.socket)
    if (owner === 'program') return
    const message = `${call} is refused on a socket that ${owner.replace('-', ' ')} owns: what it writes next would vanish`
    throw new ClosureError('ERR_CLOSURE_OWNED', message)
  }

  // FIN is on its way behind what was written before, and nothing that is to follow our alert alone can be written.
  #refuseEnded(call: string): void {
    if (this.socket.writableEnded) throw closed(call)
  }

  // TLSWrap never gives a native handle back: it reads on after the peer's close_notify, and drops data and FIN. What
  // came with the alert lies in its input already.
  #refuseToKeepOpen(call: string): void {
    this.#refuseOwned(call)
    const native = nativeTransport(this.socket)
    if (native === undefined) return
    const message =
      `${call} expected a Duplex of the program's own beneath TLS, but Node's ${native} is there, which TLS reads on ` +
      `for itself: what the peer sends after its close_notify would vanish. Give tls.connect({ socket }), or new ` +
      `TLSSocket(), a Duplex over the net.Socket: docs/closure.md shows one`
    throw new ClosureError('ERR_CLOSURE_NATIVE_TRANSPORT', message)
  }

  async #sendCloseNotify(connection: Connection, flushTimeout: number): Promise<void> {
    try {
      const sending = await sendCloseNotify(new SocketSide(connection, 'write'), flushTimeout)
      if (sending === 'flush-timeout') throw flushTimedOut(flushTimeout)
      if (sending === 'tcp-end' || !connection.evidence.hasWrittenCloseNotify()) throw closed('closeNotify()')
    } catch (error) {
      if (!connection.evidence.hasWrittenCloseNotify()) {
        connection.acceptWrites()
        this.#closeNotify = undefined
      }
      throw error
    }
  }
}

/**
 * Waits for a closing, and tells it what the stream does not: that TLS has failed, of which Node makes an error alone; and, by
 * looking now and then, what no event tells: a close_notify behind user_canceled, and one at level fatal.
 */
async function hearingOfTheEnd(connection: Connection, closing: Promise<void>): Promise<void> {
  connection.hearTlsFail()
  const lookout = setInterval(() => {
    connection.hearCloseNotify()
    if (connection.evidence.received().kind === 'fatal-alert') connection.closing?.tlsFailed()
  }, 50).unref()
  await closing
  clearInterval(lookout)
}

function flushTimedOut(flushTimeout: number): ClosureError {
  const message = `what was written did not leave within ${flushTimeout} ms (flushTimeout)`
  return new ClosureError('ERR_CLOSURE_FLUSH_TIMEOUT', message)
}

function checkSocket(socket: unknown): void {
  if (types.isProxy(socket)) {
    const message = `Expected a TLSSocket but received a proxy, such as http2's session.socket: take the socket itself`
    throw new ClosureError('ERR_CLOSURE_NOT_TLS', message)
  }
  if (socket instanceof TLSSocket) return
  throw new ClosureError('ERR_CLOSURE_NOT_TLS', `Expected a TLSSocket but received ${shown(socket)}`)
}

function closed(call: string): ClosureError {
  return new ClosureError('ERR_CLOSURE_CLOSED', `${call} came too late: the socket is closed, or has been ended`)
}

function inProgress(call: string): ClosureError {
  return new ClosureError('ERR_CLOSURE_IN_PROGRESS', `${call} came after shutdown(): await its promise, or report`)
}
