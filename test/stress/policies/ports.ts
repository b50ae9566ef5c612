/**
 * Ports of our own, one after the other, below those that systems give to whoever asks for any: a client that connects
 * when its server has closed must find nobody there, and not the server of another scenario.
 */
import { once } from 'node:events'
import type { Server } from 'node:net'

const first = 10_300
const last = 32_000

let next = first

/** Starts somewhere in the range. */
export function startPorts(at: number): void {
  next = first + (at % (last - first))
}

/** Returns the port. */
export async function listen(server: Server): Promise<number> {
  for (let tries = 0; tries < 1000; tries++) {
    const port = next
    next = next === last ? first : next + 1
    server.listen(port, '127.0.0.1')
    try {
      await once(server, 'listening')
      return port
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EADDRINUSE') throw error
    }
  }
  throw new Error('Expected a free port')
}
