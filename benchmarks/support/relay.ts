import { once } from 'node:events'
import net from 'node:net'
import { performance } from 'node:perf_hooks'
import { quantile } from './statistics.js'

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
  /** What it recorded since the last call: how long bytes, FIN and RST really took through it. */
  takeDelays(): { readonly up: Delays; readonly down: Delays }
  close(): Promise<void>
}

/** What a relay recorded in one direction, in ms; NaN where nothing passed. */
export interface Delays {
  readonly count: number
  readonly min: number
  readonly median: number
  readonly max: number
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
  const up: number[] = []
  const down: number[] = []
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (downstream) => {
    const upstream = net.connect({ host: '127.0.0.1', port: route.port, allowHalfOpen: true, noDelay: true })
    for (const socket of [downstream, upstream]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
    pass(downstream, upstream, new DelayLine(route.delay, up))
    pass(upstream, downstream, new DelayLine(route.delay, down))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: listeningPort(server),
    takeDelays: () => ({ up: summarizeDelays(up.splice(0)), down: summarizeDelays(down.splice(0)) }),
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

function summarizeDelays(delays: number[]): Delays {
  const sorted = Float64Array.from(delays).sort()
  const at = (share: number): number => quantile(sorted, share)
  return { count: sorted.length, min: at(0), median: at(0.5), max: at(1) }
}

function pass(from: net.Socket, to: net.Socket, line: DelayLine): void {
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
  readonly #recorded: number[]
  readonly #waiting: { readonly since: number; readonly action: () => void }[] = []

  constructor(delay: number, recorded: number[]) {
    this.#delay = delay
    this.#recorded = recorded
  }

  push(action: () => void): void {
    if (this.#delay === 0) {
      this.#recorded.push(0)
      action()
      return
    }
    this.#waiting.push({ since: performance.now(), action })
    if (this.#waiting.length === 1) this.#wake()
  }

  readonly #wake = (): void => {
    for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0]) {
      const left = head.since + this.#delay - performance.now()
      if (left > 0) {
        // Timers count whole milliseconds and fire up to one late: sleep through most of it, then poll.
        if (left > 2) setTimeout(this.#wake, Math.floor(left) - 1)
        else setImmediate(this.#wake)
        return
      }
      this.#waiting.shift()
      this.#recorded.push(performance.now() - head.since)
      head.action()
    }
  }
}
