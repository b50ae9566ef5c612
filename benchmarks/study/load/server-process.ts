/**
 * The server: `WAY BUDGET PLACES LOAD`. It sends each connection its payload. Under the load `burst` it keeps them until
 * it is told to close all in one turn, under `stream` it closes each at once.
 */
import { once } from 'node:events'
import type net from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Duplex } from 'node:stream'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import tls from 'node:tls'
import { certificate, key } from '../../support/certificate.js'
import { serveParent } from '../../support/child-side.js'
import { listeningPort } from '../../support/relay.js'
import { now } from './descriptors.js'
import type { ClosureMode } from '../../../lib/index.js'
import { isWay, payload, policyOf, streamModeOf, type Way } from './sides.js'

const [way, budgetText, placesText, load] = process.argv.slice(2)
if (!isWay(way)) throw new Error(`Expected a way of closing but received "${way}"`)
const budget = Number(budgetText)
/** The time that passes before and behind what the clock for stalls is to see, which knows no first and no last turn. */
const margin = 50

/** A socket of Node's, or a stream of ours. */
interface Connection extends Duplex {
  readonly remotePort?: number | undefined
}

/** A connection of a stream: when it was accepted, when its closing was called, when it was closed; 0 for not yet. */
interface Life {
  readonly accepted: number
  readonly called: number
  closed: number
}

const open = new Set<Connection>()
const acceptedAt = new Map<number | undefined, number>()
const lives: Life[] = []
let sent = 0
let failed = 0
let clock = monitorEventLoopDelay({ resolution: 1 })

const close = closingBy(way)
const streamMode = streamModeOf(way)
const server = streamMode === undefined ? await nodeServer(way) : await streamServer(streamMode)
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 })
await once(server, 'listening')

serveParent([listeningPort(server)], {
  rest: async () => {
    globalThis.gc?.()
    await turn()
    return process.memoryUsage.rss()
  },
  open: () => open.size,
  /** Closes all, and resolves when all are closed. */
  async close() {
    if (open.size > 0) await closeAll([...open])
  },
  burst: (clocked) => burst(clocked === 'clocked'),
  begin() {
    lives.length = 0
    sent = 0
    clock = monitorEventLoopDelay({ resolution: 1 })
    clock.enable()
  },
  mark: () => `${now()} ${cpuTime()}`,
  end() {
    clock.disable()
    return `${clock.max / 1e6} ${lives.map(({ accepted, called, closed }) => [accepted, called, closed].join()).join(';')}`
  },
  sent: () => `${sent} ${failed}`,
  /** What is open still is given up. */
  release() {
    for (const socket of open) socket.destroy()
    sent = 0
  },
})

async function nodeServer(way: Way): Promise<net.Server> {
  const server = tls.createServer({ key, cert: certificate, noDelay: true }, accept)
  watch(server)
  const policy = policyOf(way, budget, Number(placesText))
  if (policy !== undefined) {
    const { controlClosure } = await import('../../../lib/index.js')
    controlClosure(server, policy)
  }
  return server
}

async function streamServer(closing: ClosureMode): Promise<net.Server> {
  const { createServer } = await import('../../../lib/stream/index.js')
  const server = createServer({ key, cert: certificate, closing, waitTimeout: budget }, (stream) => {
    accept(stream.setNoDelay())
  })
  watch(server)
  return server
}

function watch(server: net.Server): void {
  server.on('tlsClientError', () => (failed += 1))
  if (load === 'stream') server.on('connection', (socket: net.Socket) => acceptedAt.set(socket.remotePort, now()))
}

function accept(socket: Connection): void {
  if (load === 'stream') closeAtOnce(socket)
  else keep(socket)
}

/** The call that closes. One function for a server's life, so that no way pays for the others. */
function closingBy(way: Way): (socket: Connection) => void {
  if (way === 'destroy()') return (socket) => socket.destroy()
  if (way === 'by hand') return endByHand
  return (socket) => socket.end()
}

function endByHand(socket: Connection): void {
  socket.end()
  const timer = setTimeout(() => socket.destroy(), budget)
  socket.once('close', () => clearTimeout(timer))
}

function keep(socket: Connection, then?: () => void): void {
  socket.on('error', () => {})
  socket.on('close', () => open.delete(socket))
  socket.resume()
  socket.write(payload, then)
  sent += payload.length
  open.add(socket)
}

/** At once means: when the system has the payload. A destroy() before that would lose it. */
function closeAtOnce(socket: Connection): void {
  const port = socket.remotePort
  const accepted = acceptedAt.get(port) ?? Number.NaN
  acceptedAt.delete(port)
  keep(socket, () => {
    const life: Life = { accepted, called: now(), closed: 0 }
    lives.push(life)
    socket.once('close', () => (life.closed = now()))
    close(socket)
  })
}

/**
 * Closes all connections and answers with: us of CPU time, ms of the longest stall, bytes of the greatest RSS, and when
 * each was closed, in ms since the first call. The clock for stalls wakes the process a thousand times a second, which
 * is why it can be left out.
 */
async function burst(clocked: boolean): Promise<string> {
  const stalls = monitorEventLoopDelay({ resolution: 1 })
  if (clocked) stalls.enable()
  await sleep(margin)
  const before = cpuTime()
  const closings = closeAll([...open])
  // When all have been called, and while those wait that have to.
  await turn()
  let rss = process.memoryUsage.rss()
  const midway = setTimeout(() => (rss = Math.max(rss, process.memoryUsage.rss())), budget / 2)
  const closed = await closings
  const cpu = cpuTime() - before
  clearTimeout(midway)
  await sleep(margin)
  stalls.disable()
  return `${cpu} ${clocked ? stalls.max / 1e6 : Number.NaN} ${rss} ${closed.join()}`
}

function closeAll(sockets: readonly Connection[]): Promise<readonly number[]> {
  return new Promise((resolve) => {
    const closed: number[] = []
    let began = 0
    for (const socket of sockets) {
      socket.once('close', () => {
        if (closed.push(now() - began) === sockets.length) resolve(closed)
      })
    }
    began = now()
    for (const socket of sockets) close(socket)
  })
}

function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
