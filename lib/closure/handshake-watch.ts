import type { Socket } from 'node:net'
import type { Server, TLSSocket } from 'node:tls'
import { tcpState } from '../native.js'
import { fileDescriptor, handleOf } from './socket-internals.js'

/**
 * Ends handshakes that the peer's FIN has cut off. A server with `allowHalfOpen` keeps them until its `handshakeTimeout`,
 * for Node ends only the readable side of a socket that the program cannot even see yet. Nothing announces that FIN, so
 * that the kernel is asked from time to time; where it does not tell, Node's own timeout is what ends them.
 *
 * Such a handshake is ended within `budget` ms. Gives what ends the watch.
 */
export function watchHandshakes(server: Server, budget: number): () => void {
  // By the peer's address and port: Node does not say which connection became which TLS socket.
  const unfinished = new Map<string, Socket>()
  let timer: NodeJS.Timeout | undefined
  const look = () => {
    timer = undefined
    for (const raw of unfinished.values()) {
      if (hasEnded(raw)) raw.destroy()
    }
    lookSoon()
  }
  const lookSoon = () => {
    if (unfinished.size > 0) timer ??= setTimeout(look, Math.max(1, Math.floor(budget / 2))).unref()
  }
  const accepted = (raw: Socket) => {
    const key = keyOf(raw)
    unfinished.set(key, raw)
    raw.once('close', () => {
      if (unfinished.get(key) === raw) unfinished.delete(key)
    })
    lookSoon()
  }
  const secured = (socket: TLSSocket) => {
    unfinished.delete(keyOf(socket))
  }
  server.prependListener('connection', accepted)
  server.prependListener('secureConnection', secured)
  return () => {
    clearTimeout(timer)
    unfinished.clear()
    server.removeListener('connection', accepted)
    server.removeListener('secureConnection', secured)
  }
}

function hasEnded(raw: Socket): boolean {
  const handle = handleOf(raw)
  const fd = handle === undefined ? undefined : fileDescriptor(handle)
  const state = fd === undefined ? undefined : tcpState(fd)
  return state === 'peer-ended' || state === 'closed'
}

interface Ends {
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
  readonly localPort?: number | undefined
}

function keyOf({ remoteAddress, remotePort, localPort }: Ends): string {
  return `${remoteAddress} ${remotePort} ${localPort}`
}
