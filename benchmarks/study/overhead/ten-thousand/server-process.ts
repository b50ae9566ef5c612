/**
 * The server of main.ts: `SIDE COUNT WAIT`. It waits for its connections, and closes all of them in one turn: `policy`
 * under a policy, `by hand` and `stock` without the package.
 */
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import tls from 'node:tls'
import { certificate, key } from '../../../support/certificate.js'
import { listeningPort } from '../../../support/relay.js'
import { answerParent } from '../numbers.js'

const [side, countText, waitText] = process.argv.slice(2)
const count = Number(countText)
const waitTimeout = Number(waitText)
const sockets: tls.TLSSocket[] = []

const server = tls.createServer({ key, cert: certificate }, (socket) => {
  socket.on('error', () => undefined)
  socket.resume()
  if (sockets.push(socket) === count) server.emit('all are here')
})
const control = side === 'policy' ? await controlServer() : undefined
answerParent({ port: listen, close })
// What the channel to the parent takes is open by now.
const idle = openSockets()

async function listen(): Promise<readonly number[]> {
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 })
  await once(server, 'listening')
  return [listeningPort(server)]
}

async function controlServer() {
  const { controlClosure } = await import('../../../../lib/index.js')
  return controlClosure(server, { mode: 'bidirectional', waitTimeout, maxWaiting: count })
}

/**
 * Closes all and returns: ms until the last one's 'close', ms of the longest stall of the event loop, sockets left,
 * and how many closings have waited in vain.
 */
async function close(): Promise<readonly number[]> {
  if (sockets.length < count) await once(server, 'all are here')
  server.close()
  globalThis.gc?.()
  const delays = monitorEventLoopDelay({ resolution: 1 })
  delays.enable()
  // The histogram begins with its second turn: a stall before that is not in it.
  await sleep(50)
  const ms = await closeAll()
  // Nor is a stall that it has not seen the end of.
  await sleep(50)
  delays.disable()
  return [ms, delays.max / 1e6, openSockets() - idle, control?.counters['timed-out'] ?? 0]
}

function closeAll(): Promise<number> {
  return new Promise((resolve) => {
    let open = sockets.length
    for (const socket of sockets) {
      socket.once('close', () => {
        open--
        if (open === 0) resolve(performance.now() - began)
      })
    }
    const began = performance.now()
    // Each loop calls one function only, so that no side pays for the others.
    if (side === 'policy') for (const socket of sockets) socket.end()
    else if (side === 'by hand') for (const socket of sockets) endByHand(socket)
    else for (const socket of sockets) socket.destroy()
  })
}

/** The same without a policy, as a program has it that must not stay open with peers like these. */
function endByHand(socket: tls.TLSSocket): void {
  socket.end()
  const timer = setTimeout(() => socket.destroy(), waitTimeout)
  socket.once('close', () => {
    clearTimeout(timer)
  })
}

// Those of sockets: Node may have a file of a module open for a moment, whenever it is asked.
function openSockets(): number {
  return readdirSync('/proc/self/fd').filter(isSocket).length
}

function isSocket(fd: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
  } catch {
    // It is closed by now, as that of the listing itself is.
    return false
  }
}
