// Handshakes that the peer has ended by its close_notify, or by a fatal alert that OpenSSL tells nobody of.
import type { TLSSocket } from 'node:tls'
import { meetSsls } from '../native/addon.js'
import { type NodeSsl, runningSsl } from '../native/node-ssl.js'
import { receivedShutdown } from '../tls/shutdown-flags.js'
import { endStream, handleOf } from './socket-internals.js'
import { wrapMethod } from './stand-ins.js'

/** Whether OpenSSL reads no more, in the middle of a handshake: it can never be done. */
export function isCutOff(ssl: NodeSsl): boolean {
  return ssl.alive() && ssl.inInit() && (ssl.getShutdown() & receivedShutdown) !== 0
}

/** The handshake of one socket, from before it begins. */
export class Handshake {
  readonly #socket: TLSSocket
  #ssl: NodeSsl | undefined
  #isTaken = false

  constructor(socket: TLSSocket) {
    this.#socket = socket
    this.#watch()
  }

  /**
   * Ends a handshake that can never be done, as far as Node has not: first its stream, of which a client of tls.connect()
   * makes an error, and then, where that has changed nothing, the socket. To be called now and then.
   */
  look(): void {
    const socket = this.#socket
    if (socket.destroyed) return
    if (socket.readableEnded) socket.destroy()
    else if (this.#ssl !== undefined && isCutOff(this.#ssl)) endStream(socket)
  }

  /** The SSL, if it is known: the caller's own from now on. */
  takeSsl(): NodeSsl | undefined {
    const ssl = this.#ssl
    this.#ssl = undefined
    this.#isTaken = true
    return ssl
  }

  // Node tells the handle when OpenSSL begins: then the SSL is known, for it is the one that runs.
  #watch(): void {
    const socket = this.#socket
    // Node may take another handle until TCP is connected.
    if (socket.connecting) {
      socket.prependOnceListener('connect', () => {
        this.#watch()
      })
      return
    }
    const handle = handleOf(socket)
    if (handle === undefined) return
    meetSsls()
    wrapMethod(handle, 'onhandshakestart', (previous, args) => {
      if (!this.#isTaken) this.#ssl ??= runningSsl()
      return previous(args)
    })
  }
}
