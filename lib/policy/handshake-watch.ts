import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Server, TLSSocket } from 'node:tls'
import { sslsMade, tcpState } from '../native/addon.js'
import { type NodeSsl, sslMadeSince } from '../native/node-ssl.js'
import { isCutOff } from '../closure/handshake.js'
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
 * once. Returns what ends the watch.
 */
export function watchHandshakes(server: Server, budget: number, observer: HandshakeObserver): () => void {
  const unfinished = new Roll<Unfinished>()
  const unfinishedOn = slotOn<Unfinished>()
  let timer: NodeJS.Timeout | undefined
  let made: number | undefined
  const look = () => {
    timer = undefined
    for (const { raw, fd, ssl } of unfinished) {
      if (raw.destroyed) forget(raw)
      else if (hasEnded(fd) || (ssl !== undefined && isCutOff(ssl))) raw.destroy()
    }
    lookSoon()
  }
  const lookSoon = () => {
    if (!unfinished.isEmpty) timer ??= setTimeout(look, Math.max(1, Math.floor(budget / 2))).unref()
  }
  // Gives its SSL, if that is known.
  const takeAway = (raw: Duplex) => {
    const known = unfinishedOn.of(raw)
    if (known?.isOn !== true) return undefined
    unfinished.remove(known)
    return known.ssl
  }
  const forget = (raw: Duplex) => {
    takeAway(raw)?.release()
  }
  // Before and after Node's own listener, which makes the TLS socket.
  const accepting = () => {
    made = sslsMade()
  }
  const accepted = (raw: Socket) => {
    const fd = descriptorOf(raw)
    if (fd === undefined) return
    forget(raw)
    const ssl = made === undefined ? undefined : sslMadeSince(made)
    const known: Unfinished = { raw, fd, ssl, before: undefined, after: undefined, isOn: false }
    unfinishedOn.put(raw, known)
    unfinished.add(known)
    // A program can emit the event in the middle of another one, whose count is lost then.
    made = undefined
    lookSoon()
  }
  const secured = (socket: TLSSocket) => {
    const raw = streamBeneath(socket)
    observer.handshakeDone(socket, raw && takeAway(raw))
  }
  const failed = (_error: Error, socket: TLSSocket) => {
    const raw = streamBeneath(socket)
    if (raw !== undefined) forget(raw)
    observer.handshakeFailed(socket)
    // Node leaves TCP open after its handshakeTimeout. Not at once: an alert of OpenSSL's may still be on its way.
    setImmediate(() => socket.destroy())
  }
  server.prependListener('tlsClientError', failed)
  server.prependListener('connection', accepting)
  server.on('connection', accepted)
  // Before http and http2, which take the socket over in a listener of theirs.
  server.prependListener('secureConnection', secured)
  return () => {
    clearTimeout(timer)
    for (const { raw } of unfinished) forget(raw)
    server.removeListener('tlsClientError', failed)
    server.removeListener('connection', accepting)
    server.removeListener('connection', accepted)
    server.removeListener('secureConnection', secured)
  }
}

interface Unfinished extends OnRoll<Unfinished> {
  readonly raw: Duplex
  readonly fd: number
  readonly ssl: NodeSsl | undefined
}

function descriptorOf(socket: Socket): number | undefined {
  const handle = handleOf(socket)
  return handle === undefined ? undefined : fileDescriptor(handle)
}

function hasEnded(fd: number): boolean {
  const state = tcpState(fd)
  return state === 'peer-ended' || state === 'closed'
}
