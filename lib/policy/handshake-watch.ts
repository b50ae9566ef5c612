import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { sslsMade, tcpState } from '../native/addon.js'
import { type NodeSsl, sslMadeSince } from '../native/node-ssl.js'
import { isCutOff } from '../closure/handshake.js'
import { Deadline } from '../deadline.js'
import { fileDescriptor, handleOf, streamBeneath } from '../closure/socket-internals.js'
import { slotOn } from '../closure/stand-ins.js'
import { type OnRoll, Roll } from './roll.js'

/** Is told of the handshakes of a server. */
export interface HandshakeObserver {
  /** It is done; that is the socket's SSL, where it is known: the observer's own from now on. */
  handshakeDone(socket: TLSSocket, ssl: NodeSsl | undefined): void
  handshakeFailed(socket: TLSSocket): void
}

/**
 * Ends handshakes that the peer has cut off, by FIN or by an alert. A server with `allowHalfOpen` keeps them until its
 * `handshakeTimeout`, for Node ends only the readable side of a socket that the program cannot even see yet; of some
 * alerts nobody hears at all. Nothing announces either, so that the kernel and OpenSSL are asked from time to time; where
 * they do not tell, Node's own timeout is what ends them.
 *
 * Such a handshake is ended within `budget` ms, and one that fails otherwise, as by the server's `handshakeTimeout`, at
 * once.
 */
export class HandshakeWatch {
  readonly #budget: number
  readonly #observer: HandshakeObserver
  readonly #unfinished = new Roll<Unfinished>()
  readonly #unfinishedOn = slotOn<Unfinished>()
  #deadline: Deadline | undefined
  #made: number | undefined

  constructor(budget: number, observer: HandshakeObserver) {
    this.#budget = budget
    this.#observer = observer
  }

  /** A server is about to make a TLS socket. */
  accepting(): void {
    this.#made = sslsMade()
  }

  /** It has made one on that connection. */
  hasAccepted(raw: Duplex): void {
    const ssl = this.#made === undefined ? undefined : sslMadeSince(this.#made)
    // A program can emit the event in the middle of another one, whose count is lost then.
    this.#made = undefined
    this.accepted(raw, ssl)
  }

  /** The same, by whoever knows the SSL: it is given away by this call. */
  accepted(raw: Duplex, ssl: NodeSsl | undefined): void {
    const fd = descriptorOf(raw)
    if (fd === undefined) {
      ssl?.release()
      return
    }
    this.#forget(raw)
    const known: Unfinished = { raw, fd, ssl, hadEnded: false, before: undefined, after: undefined, isOn: false }
    this.#unfinishedOn.put(raw, known)
    this.#unfinished.add(known)
    this.#lookSoon()
  }

  /** A handshake is done. */
  secured(socket: TLSSocket): void {
    const raw = streamBeneath(socket)
    this.#observer.handshakeDone(socket, raw && this.#takeAway(raw))
  }

  /** A handshake has failed. */
  failed(socket: TLSSocket): void {
    const raw = streamBeneath(socket)
    if (raw !== undefined) this.#forget(raw)
    this.#observer.handshakeFailed(socket)
    // Node leaves TCP open after its handshakeTimeout. Not at once: an alert of OpenSSL's may still be on its way.
    setImmediate(() => socket.destroy())
  }

  /** Ends the watch. */
  stop(): void {
    this.#deadline?.stop()
    for (const { raw } of this.#unfinished) this.#forget(raw)
  }

  // Gives its SSL, if that is known.
  #takeAway(raw: Duplex): NodeSsl | undefined {
    const known = this.#unfinishedOn.of(raw)
    if (known?.isOn !== true) return undefined
    this.#unfinished.remove(known)
    return known.ssl
  }

  #forget(raw: Duplex): void {
    this.#takeAway(raw)?.release()
  }

  #lookSoon(): void {
    if (this.#unfinished.isEmpty) return
    this.#deadline ??= new Deadline(Math.max(1, Math.floor(this.#budget / 2)), () => {
      this.#look()
    })
  }

  #look(): void {
    this.#deadline = undefined
    for (const known of this.#unfinished) {
      const { raw, fd, ssl } = known
      if (raw.destroyed) this.#forget(raw)
      else if (ssl !== undefined && isCutOff(ssl)) raw.destroy()
      // The kernel knows of a FIN while Node has not yet read what came before it: the end of the handshake, and a request.
      else if (!hasEnded(fd)) known.hadEnded = false
      else if (known.hadEnded) raw.destroy()
      else known.hadEnded = true
    }
    this.#lookSoon()
  }
}

interface Unfinished extends OnRoll<Unfinished> {
  readonly raw: Duplex
  readonly fd: number
  readonly ssl: NodeSsl | undefined
  /** At the last look. */
  hadEnded: boolean
}

function descriptorOf(stream: Duplex): number | undefined {
  const handle = handleOf(stream)
  return handle === undefined ? undefined : fileDescriptor(handle)
}

function hasEnded(fd: number): boolean {
  const state = tcpState(fd)
  return state === 'peer-ended' || state === 'closed'
}
