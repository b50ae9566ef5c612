import type { Socket } from 'node:net'
import type { Server, TLSSocket } from 'node:tls'
import { tcpState } from '../native/addon.js'
import type { NodeSsl } from '../native/node-ssl.js'
import { isCutOff, sslMadeMeanwhile } from '../closure/handshake.js'
import { fileDescriptor, handleOf } from '../closure/socket-internals.js'

/**
 * Ends handshakes that the peer has cut off, by FIN or by an alert. A server with `allowHalfOpen` keeps them until its
 * `handshakeTimeout`, for Node ends only the readable side of a socket that the program cannot even see yet; of some
 * alerts nobody hears at all. Nothing announces either, so that the kernel and OpenSSL are asked from time to time; where
 * they do not tell, Node's own timeout is what ends them.
 *
 * Such a handshake is ended within `budget` ms, and one that fails otherwise, as by the server's `handshakeTimeout`, at
 * once; `onFailed` hears of each. Returns what ends the watch.
 */
export function watchHandshakes(server: Server, budget: number, onFailed: (socket: TLSSocket) => void): () => void {
  // By file descriptor: Node does not say which connection became which TLS socket, and addresses are system calls.
  const unfinished = new Map<number, Unfinished>()
  let timer: NodeJS.Timeout | undefined
  let sslMade: (() => NodeSsl | undefined) | undefined
  const look = () => {
    timer = undefined
    for (const [fd, { raw, ssl }] of unfinished) {
      if (raw.destroyed) unfinished.delete(fd)
      else if (hasEnded(fd) || (ssl !== undefined && isCutOff(ssl))) raw.destroy()
    }
    lookSoon()
  }
  const lookSoon = () => {
    if (unfinished.size > 0) timer ??= setTimeout(look, Math.max(1, Math.floor(budget / 2))).unref()
  }
  // Before and after Node's own listener, which makes the TLS socket.
  const accepting = () => {
    sslMade = sslMadeMeanwhile()
  }
  const accepted = (raw: Socket) => {
    const fd = descriptorOf(raw)
    if (fd === undefined) return
    unfinished.set(fd, { raw, ssl: sslMade?.() })
    lookSoon()
  }
  const secured = (socket: TLSSocket) => {
    const fd = descriptorOf(socket)
    if (fd !== undefined) unfinished.delete(fd)
  }
  const failed = (_error: Error, socket: TLSSocket) => {
    onFailed(socket)
    // Node leaves TCP open after its handshakeTimeout. Not at once: an alert of OpenSSL's may still be on its way.
    setImmediate(() => socket.destroy())
  }
  server.prependListener('tlsClientError', failed)
  server.prependListener('connection', accepting)
  server.on('connection', accepted)
  server.prependListener('secureConnection', secured)
  return () => {
    clearTimeout(timer)
    unfinished.clear()
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
