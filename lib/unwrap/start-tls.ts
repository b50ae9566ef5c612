import { Socket } from 'node:net'
import { type ConnectionOptions, connect, TLSSocket, type TLSSocketOptions } from 'node:tls'
import { closureOf } from '../closure/closure.js'
import { knownLifetimeOf } from '../closure/lifetime.js'
import { holdEmptyWrites, onreadCallback, releaseErrors } from '../closure/socket-internals.js'
import { ClosureError } from '../errors.js'
import { requireRuntime } from '../native/addon.js'
import { invalid } from '../options.js'
import { admitClient } from './client-certificate.js'
import { forward } from './forwarding.js'
import { Gate } from './gate.js'
import { HeldSocket } from './held-socket.js'
import { alreadyStarted, PlaintextLock } from './plaintext-lock.js'
import type { UnwrapOptions } from './unwrap-options.js'
import { Unwrapping } from './unwrapping.js'

/** The options of `tls.connect()`, but for those that make the connection. */
export interface StartTlsClientOptions
  extends Omit<ConnectionOptions, 'socket' | 'port' | 'path' | 'lookup' | 'timeout'> {
  readonly isServer?: false
}

/** The options of `new tls.TLSSocket()`, for a server. */
export interface StartTlsServerOptions extends TLSSocketOptions {
  readonly isServer: true
}

/** Options of {@link startTls}: by `isServer` those of a server, otherwise those of a client. */
export type StartTlsOptions = StartTlsClientOptions | StartTlsServerOptions

/** TLS on a net.Socket, and the way back. */
export interface StartedTls {
  /** Node's own TLS; 'secureConnect' tells of its handshake, on both sides. */
  readonly socket: TLSSocket
  /**
   * Ends TLS and gives the net.Socket back for plaintext, with nothing of it lost: everything written before, then our
   * close_notify, then the wait for the peer's, in the budgets of {@link UnwrapOptions}. It resolves when both have
   * passed, and never before. Bytes that followed the peer's close_notify are still to be read from the net.Socket.
   *
   * The TLSSocket is destroyed once its reader has read it to its end. The second call gives the first one's outcome.
   * A peer that closes first is answered by unwrap(), in 'end' of the TLSSocket at the latest, unless half-open sockets
   * are allowed. What a failure leaves is destroyed, but for `onTimeout: 'reject'`.
   *
   * @throws (rejects) UnwrapError ERR_UNWRAP_TIMEOUT, ERR_UNWRAP_FAILED, ERR_UNWRAP_ABORTED, each with a `report`
   * @throws (rejects) ClosureError ERR_CLOSURE_HANDSHAKE_PENDING; ERR_CLOSURE_CLOSED after end() or destroy();
   * ERR_CLOSURE_IN_PROGRESS after `shutdown()`; ERR_CLOSURE_OWNED for a socket of http or http2;
   * ERR_CLOSURE_INVALID_ARGUMENT. These change nothing
   * @see RFC 8446 section 6.1, SSL_shutdown(3), RFC 4217 section 12.3 (CCC)
   */
  readonly unwrap: (options?: UnwrapOptions) => Promise<Socket>
}

/**
 * Starts TLS on a net.Socket, as `tls.connect({ socket })` or `new TLSSocket(socket, { isServer: true })` would, in such
 * a way that it can be ended again and the net.Socket go on in plaintext; then TLS can be started anew, as often as one
 * likes. Options are Node's own. A client has to say by `servername` or `host` whose certificate it expects.
 *
 * Until unwrap() has resolved the net.Socket belongs to TLS: its listeners for 'data', 'readable' and 'end' are set
 * aside, writing to it is refused with ERR_PLAINTEXT_UNDER_TLS, `end()` ends the TLSSocket, and destroy() destroys both.
 *
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT; ERR_TLS_ALREADY_STARTED; ERR_CLOSURE_CLOSED for a socket that has
 * ended; ERR_CLOSURE_UNSUPPORTED_RUNTIME, ERR_CLOSURE_LOAD_FAILED where this runtime cannot do it
 */
export function startTls(tcp: Socket, options: StartTlsOptions): StartedTls {
  requireRuntime()
  checkArguments(tcp, options)
  const allowHalfOpen = tcp.allowHalfOpen
  const held = new HeldSocket(tcp)
  const gate = new Gate(held)
  let socket: TLSSocket
  try {
    socket = options.isServer === true ? serverOver(gate, options) : clientOver(gate, options)
    closureOf(socket)
  } catch (error) {
    // A key or a certificate that cannot be used: nothing has been sent.
    gate.release()
    gate.destroy()
    held.putBack()
    throw error
  }
  holdEmptyWrites(socket)
  const takeBack = forward(socket, tcp)
  const unwrapping = new Unwrapping(socket, async () => {
    gate.release()
    takeBack()
    await held.giveBack()
    // The program has ended its direction meanwhile, and FIN may still be on its way through the gate.
    if (socket.writableEnded) tcp.end()
    destroyWhenRead(socket)
    return tcp
  })
  gate.open({
    hasHeardCloseNotify: () => hearsCloseNotify(socket),
    failed: (error) => socket.destroy(error),
  })
  held.endAsked = () => socket.end()
  socket.once('close', () => {
    takeBack()
    void held.giveBack()
  })
  if (!allowHalfOpen) endAfterPeer(socket, unwrapping)
  return { socket, unwrap: (given) => unwrapping.unwrap(given) }
}

function checkArguments(tcp: unknown, options: unknown): asserts tcp is Socket {
  if (!(tcp instanceof Socket)) throw invalid('socket', 'a net.Socket', tcp)
  if (typeof options !== 'object' || options === null) throw invalid('options', 'an object', options)
  if (PlaintextLock.isOn(tcp)) throw alreadyStarted('startTls()')
  if (tcp.destroyed || tcp.readableEnded || tcp.writableEnded) {
    throw new ClosureError('ERR_CLOSURE_CLOSED', 'startTls() came too late: the net.Socket has ended')
  }
  if (tcp.pending && !tcp.connecting) throw invalid('socket', 'a net.Socket that is connected or connecting', tcp)
  if (onreadCallback(tcp) !== undefined) throw invalid('socket', 'a net.Socket without the option onread', tcp)
}

function clientOver(socket: Gate, options: StartTlsClientOptions): TLSSocket {
  const { isServer: _isServer, ...others } = options
  const { servername, host, rejectUnauthorized } = others
  // Node would take 'localhost' for the name, in place of an empty one, too: it does not know what the net.Socket was
  // connected to.
  const isNamed = [servername, host].some((name) => typeof name === 'string' && name !== '')
  if (!isNamed && rejectUnauthorized !== false) {
    throw invalid('servername', "the name that the server's certificate has to bear", servername)
  }
  return connect({ ...others, socket })
}

// Node leaves the rest of a server's side to tls.Server: that a client's certificate counts, that errors are heard, and
// that a handshake ends with TCP.
function serverOver(gate: Gate, options: StartTlsServerOptions): TLSSocket {
  // As tls.Server has it, so that OpenSSL refuses a client that sends none.
  const rejectUnauthorized = options.rejectUnauthorized !== false
  const socket = new TLSSocket(gate, { ...options, rejectUnauthorized })
  releaseErrors(socket)
  const cutOff = () => {
    socket.destroy()
  }
  socket.once('end', cutOff)
  let isSecure = false
  // At each handshake of a connection: a renegotiation may bring another certificate.
  socket.on('secure', () => {
    if (!admitClient(socket, Boolean(options.requestCert)) || isSecure) return
    isSecure = true
    socket.off('end', cutOff)
    socket.emit('secureConnect')
  })
  return socket
}

function hearsCloseNotify(socket: TLSSocket): boolean {
  const connection = knownLifetimeOf(socket)?.connection
  if (connection?.evidence.received().kind !== 'close_notify') return false
  // Node may not have heard it, and hears nothing of TCP from now on.
  setImmediate(() => {
    connection.hearCloseNotify()
  })
  return true
}

// As Node does where half-open sockets are not allowed, but a turn later: until then unwrap() may answer the peer.
function endAfterPeer(socket: TLSSocket, unwrapping: Unwrapping): void {
  socket.once('end', () => {
    setImmediate(() => {
      if (!unwrapping.hasBegun) socket.end()
    })
  })
}

// What came before the peer's close_notify is its reader's. Both directions end in order, so that stream.finished() does
// not take it for a premature close.
function destroyWhenRead(socket: TLSSocket): void {
  const destroyWhenOver = () => {
    if (socket.readableEnded && socket.writableFinished) socket.destroy()
  }
  socket.once('end', destroyWhenOver).once('finish', destroyWhenOver).end()
  destroyWhenOver()
  if (!socket.readableEnded && socket.readableLength === 0) socket.resume()
}
