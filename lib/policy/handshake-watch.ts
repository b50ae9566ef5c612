import type { Socket } from 'node:net'
import type { Server, TLSSocket } from 'node:tls'
import { tcpState } from '../native/addon.js'
import { fileDescriptor, handleOf } from '../closure/socket-internals.js'

/**
 * Ends handshakes that the peer's FIN has cut off. A server with `allowHalfOpen` keeps them until its `handshakeTimeout`,
 * for Node ends only the readable side of a socket that the program cannot even see yet. Nothing announces that FIN, so
 * that the kernel is asked from time to time; where it does not tell, Node's own timeout is what ends them.
 *
 * Such a handshake is ended within `budget` ms, and one that fails otherwise, as by the server's `handshakeTimeout`, at
 * once; `onFailed` hears of each. Returns what ends the watch.
 */
export function watchHandshakes(server: Server, budget: number, onFailed: (socket: TLSSocket) => void): () => void {
  // By file descriptor: Node does not say which connection became which TLS socket, and addresses are system calls.
  const unfinished = new Map<number, Socket>()
  let timer: NodeJS.Timeout | undefined
  const look = () => {
    timer = undefined
    for (const [fd, raw] of unfinished) {
      if (raw.destroyed) unfinished.delete(fd)
      else if (hasEnded(fd)) raw.destroy()
    }
    lookSoon()
  }
  const lookSoon = () => {
    if (unfinished.size > 0) timer ??= setTimeout(look, Math.max(1, Math.floor(budget / 2))).unref()
  }
  const accepted = (raw: Socket) => {
    const fd = descriptorOf(raw)
    if (fd === undefined) return
    unfinished.set(fd, raw)
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
  server.prependListener('connection', accepted)
  server.prependListener('secureConnection', secured)
  return () => {
    clearTimeout(timer)
    unfinished.clear()
    server.removeListener('tlsClientError', failed)
    server.removeListener('connection', accepted)
    server.removeListener('secureConnection', secured)
  }
}

function descriptorOf(socket: Socket): number | undefined {
  const handle = handleOf(socket)
  return handle === undefined ? undefined : fileDescriptor(handle)
}

function hasEnded(fd: number): boolean {
  const state = tcpState(fd)
  return state === 'peer-ended' || state === 'closed'
}
