import type { Socket } from 'node:net'
import type { Server, TLSSocket } from 'node:tls'
import { sslsMade, tcpState } from '../native/addon.js'
import type { NodeSsl } from '../native/node-ssl.js'
import { isCutOff, sslMadeSince } from '../closure/handshake.js'
import { fileDescriptor, handleOf, streamBeneath } from '../closure/socket-internals.js'

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
  // By file descriptor: Node does not say which connection became which TLS socket, and addresses are system calls.
  const unfinished = new Map<number, Unfinished>()
  let timer: NodeJS.Timeout | undefined
  let made: number | undefined
  const look = () => {
    timer = undefined
    for (const [fd, { raw, ssl }] of unfinished) {
      if (raw.destroyed) forget(fd)
      else if (hasEnded(fd) || (ssl !== undefined && isCutOff(ssl))) raw.destroy()
    }
    lookSoon()
  }
  const lookSoon = () => {
    if (unfinished.size > 0) timer ??= setTimeout(look, Math.max(1, Math.floor(budget / 2))).unref()
  }
  const forget = (fd: number) => {
    unfinished.get(fd)?.ssl?.release()
    unfinished.delete(fd)
  }
  // Before and after Node's own listener, which makes the TLS socket.
  const accepting = () => {
    made = sslsMade()
  }
  const accepted = (raw: Socket) => {
    const fd = descriptorOf(raw)
    if (fd === undefined) return
    // Another connection may have had the number, and nobody has looked since.
    forget(fd)
    unfinished.set(fd, { raw, ssl: made === undefined ? undefined : sslMadeSince(made) })
    // A program can emit the event in the middle of another one, whose count is lost then.
    made = undefined
    lookSoon()
  }
  const secured = (socket: TLSSocket) => {
    const fd = descriptorOf(socket)
    const known = fd === undefined ? undefined : unfinished.get(fd)
    // A program may make sockets of the server itself.
    const isSame = known !== undefined && known.raw === streamBeneath(socket)
    if (fd !== undefined && isSame) unfinished.delete(fd)
    else if (fd !== undefined) forget(fd)
    observer.handshakeDone(socket, isSame ? known.ssl : undefined)
  }
  const failed = (_error: Error, socket: TLSSocket) => {
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
    for (const fd of unfinished.keys()) forget(fd)
    server.removeListener('tlsClientError', failed)
    server.removeListener('connection', accepting)
    server.removeListener('connection', accepted)
    server.removeListener('secureConnection', secured)
  }
}

interface Unfinished {
  readonly raw: Socket
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
