import type { Socket } from 'node:net'
import type { Server } from 'node:tls'
import { tcpState } from '../native.js'
import { fileDescriptor, handleOf } from './socket-internals.js'

/**
 * Ends handshakes that the peer's FIN has cut off. A server with `allowHalfOpen` keeps them until its `handshakeTimeout`,
 * for Node ends only the readable side of a socket that the program cannot even see yet. Nothing announces that FIN, so
 * that the kernel is asked from time to time; where it does not tell, Node's own timeout is what ends them.
 */
export class HandshakeWatch {
  readonly #interval: number
  readonly #isActive: () => boolean
  // By the peer's address and port: Node does not say which connection became which TLS socket.
  readonly #unfinished = new Map<string, Socket>()
  #isLooking = false

  /** A handshake that was cut off is ended within `budget` ms. */
  constructor(server: Server, budget: number, isActive: () => boolean) {
    this.#interval = Math.max(1, Math.floor(budget / 2))
    this.#isActive = isActive
    server.prependListener('connection', (raw: Socket) => {
      if (isActive()) this.#add(raw)
    })
    server.prependListener('secureConnection', (socket) => {
      this.#unfinished.delete(keyOf(socket))
    })
  }

  #add(raw: Socket): void {
    const key = keyOf(raw)
    this.#unfinished.set(key, raw)
    raw.once('close', () => {
      if (this.#unfinished.get(key) === raw) this.#unfinished.delete(key)
    })
    this.#lookSoon()
  }

  #lookSoon(): void {
    if (this.#isLooking) return
    this.#isLooking = true
    setTimeout(() => {
      this.#isLooking = false
      this.#look()
    }, this.#interval).unref()
  }

  #look(): void {
    if (!this.#isActive()) this.#unfinished.clear()
    for (const raw of this.#unfinished.values()) {
      if (hasEnded(raw)) raw.destroy()
    }
    if (this.#unfinished.size > 0) this.#lookSoon()
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
