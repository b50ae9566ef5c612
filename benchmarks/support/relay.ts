import { once } from 'node:events'
import net from 'node:net'
import { performance } from 'node:perf_hooks'

/** Where a relay leads, and how long bytes, FIN and RST take through it in one direction. */
export interface Route {
  /** One-way delay in ms: half of the RTT that the relay adds. */
  readonly delay: number
  /** The port on 127.0.0.1 that the relay connects to. */
  readonly port: number
}

/** An open relay in this process. */
export interface Relay {
  readonly port: number
  close(): Promise<void>
}

/**
 * Opens a TCP relay on 127.0.0.1 that adds a delay to both directions, keeps their order and passes FIN as FIN and RST
 * as RST, each as late as bytes are.
 *
 * Two limits. There is no back-pressure: what is on its way is held in memory, which suits the small exchanges of a
 * benchmark. And TCP is accepted here at once, so that the delay starts with the first byte, not with the SYN.
 */
export async function openRelay(route: Route): Promise<Relay> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (downstream) => {
    const upstream = net.connect({ host: '127.0.0.1', port: route.port, allowHalfOpen: true, noDelay: true })
    for (const socket of [downstream, upstream]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
    pass(downstream, upstream, route.delay)
    pass(upstream, downstream, route.delay)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: listeningPort(server),
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

/** The port of a server that listens on TCP. */
export function listeningPort(server: net.Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a server that listens on a TCP port')
  return address.port
}

function pass(from: net.Socket, to: net.Socket, delay: number): void {
  const line = new DelayLine(delay)
  from.on('data', (bytes) =>
    line.push(() => {
      if (to.writable) to.write(bytes)
    }),
  )
  from.on('end', () => {
    const passFin = (): void => line.push(() => to.end())
    // When a RST comes right behind bytes, libuv reads the bytes and reports an end, as after a FIN. An empty write
    // sends nothing and fails on a connection that was reset, which then is an error of the socket as below. It cannot
    // be made, and such a RST passes as FIN, where the other side has sent its FIN before.
    if (from.writable && from.writableLength === 0)
      from.write('', (error) => {
        if (!error) passFin()
      })
    else passFin()
  })
  // Otherwise Node reports a RST as an error of the socket, on reading or, after a FIN, on the next write. A connection
  // that was refused takes the same way.
  from.on('error', () =>
    line.push(() => {
      if (!to.destroyed) to.resetAndDestroy()
    }),
  )
}

/** Runs each pushed action after the same delay, in order, never early, and late by microseconds rather than by 1 ms. */
class DelayLine {
  readonly #delay: number
  readonly #waiting: { readonly due: number; readonly action: () => void }[] = []

  constructor(delay: number) {
    this.#delay = delay
  }

  push(action: () => void): void {
    if (this.#delay === 0) {
      action()
      return
    }
    this.#waiting.push({ due: performance.now() + this.#delay, action })
    if (this.#waiting.length === 1) this.#wake()
  }

  readonly #wake = (): void => {
    for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0]) {
      const left = head.due - performance.now()
      if (left > 0) {
        // Timers count whole milliseconds and fire up to one late: sleep through most of it, then poll.
        if (left > 2) setTimeout(this.#wake, Math.floor(left) - 1)
        else setImmediate(this.#wake)
        return
      }
      this.#waiting.shift()
      head.action()
    }
  }
}
