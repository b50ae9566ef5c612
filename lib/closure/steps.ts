// The steps that closing is made of. Each gives up when the stop is set, and none of them decides what happens then.
import { setImmediate as nextImmediate, setTimeout as sleep } from 'node:timers/promises'
import { ClosureError } from '../errors.js'
import type { Connection } from './connection.js'
import { isQueueing, pumpOutput } from './socket-internals.js'
import type { EndedBy } from '../report/facts.js'

/** What ends a closing early: the first reason counts. */
export class Stop {
  reason: EndedBy | undefined
  readonly #stopped: Promise<void>
  #resolve: () => void = () => undefined

  constructor() {
    this.#stopped = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  set(reason: EndedBy): void {
    this.reason ??= reason
    this.#resolve()
  }

  /** Waits for something, or for the stop; the reason of the stop, if that is what came. */
  async orUntil(awaited: Promise<unknown>): Promise<EndedBy | undefined> {
    await Promise.race([awaited, this.#stopped])
    return this.reason
  }
}

/** Out of whatever stack called us: user callbacks, ticks and microtasks can run inside SSL_read. */
export function leaveStack(): Promise<void> {
  return nextImmediate()
}

// So many that they take about a millisecond.
const closingsPerTurn = 32
const inLine: (() => void)[] = []

/**
 * Out of whatever stack called us, and into one line with all other closings: a few of them go on in each turn of the
 * event loop, so that ten thousand at once do not stall it.
 */
export function takeTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (inLine.push(resolve) === 1) setImmediate(runTurn)
  })
}

function runTurn(): void {
  for (const resolve of inLine.splice(0, closingsPerTurn)) resolve()
  if (inLine.length > 0) setImmediate(runTurn)
}

/** Resolves when all that was written before has gone to the kernel. Corked data goes too. */
export function drained({ socket }: Connection): Promise<void> {
  while (socket.writableCorked > 0) socket.uncork()
  return new Promise((resolve) => {
    // The callback of an empty write comes after all others; an error means that the socket is being destroyed, which
    // the stop tells.
    socket.write('', () => {
      resolve()
    })
  })
}

// How often to look again for something that OpenSSL and Node do not announce: soon at first, then every 16 ms.
const firstLook = 1
const lastLook = 16

/** Looks until something is so, or the stop is set. */
async function lookUntil(isSo: () => boolean, stop: Stop): Promise<boolean> {
  for (let delay = 0; stop.reason === undefined; delay = Math.min(lastLook, Math.max(firstLook, delay * 2))) {
    if (isSo()) return true
    // Not to be kept alive by: the socket does that.
    await (delay === 0 ? nextImmediate(undefined, { ref: false }) : sleep(delay, undefined, { ref: false }))
  }
  return false
}

/**
 * Writes our close_notify, once (SSL_shutdown). Does nothing when it is written already or when the peer has ended TCP:
 * an alert would only draw a RST. During a renegotiation SSL_shutdown fails, so that it is waited for.
 *
 * @throws ClosureError ERR_CLOSURE_OPENSSL when OpenSSL refuses
 */
export async function writeCloseNotify(connection: Connection, stop: Stop): Promise<void> {
  const { socket, ssl, evidence } = connection
  const isReady = () => !ssl.alive() || !ssl.inInit() || evidence.tcp.kind !== 'open'
  if (!(await lookUntil(isReady, stop))) return
  if (!ssl.alive() || evidence.tcp.kind !== 'open' || evidence.hasWrittenCloseNotify()) return
  // Nagle's algorithm would hold the alert back until the peer has acknowledged the data before it, which a peer with
  // delayed acknowledgements does 40 ms later.
  socket.setNoDelay(true)
  const { result, error, queue } = ssl.sslShutdown()
  if (result >= 0 || evidence.hasWrittenCloseNotify()) return
  const detail = queue.map((entry) => `${entry.library ?? 'unknown library'}: ${entry.reason ?? entry.code}`)
  throw new ClosureError('ERR_CLOSURE_OPENSSL', `SSL_shutdown gave ${result} (${[error, ...detail].join('; ')})`, {
    detail,
  })
}

/**
 * Ends our side without an alert (SSL_set_quiet_shutdown, SSL_shutdown). OpenSSL marks both directions closed; the
 * marks are taken back at once, for with them it would drop what the peer still sends.
 */
export function closeQuietly({ ssl }: Connection): void {
  if (!ssl.alive()) return
  const flags = ssl.getShutdown()
  ssl.setQuietShutdown(true)
  ssl.sslShutdown()
  ssl.setShutdown(flags)
}

/**
 * A whole closing in one go, on its way through the gate: the alert leaves with FIN, as Node's own does. False, and
 * nothing done, where a step of its own is needed: something is still to leave, or OpenSSL may not be called from here.
 */
export function closeAtOnce(connection: Connection, mode: 'quiet' | 'unidirectional'): boolean {
  const { socket, ssl, evidence } = connection
  if (!ssl.alive() || ssl.insideCallback() || ssl.inInit() || evidence.tcp.kind !== 'open') return false
  // With an empty BIO no write of TLSWrap's is under way, behind which the alert would stay back.
  if (ssl.outputPending() > 0 || isQueueing(socket)) return false
  if (mode === 'quiet') closeQuietly(connection)
  else if (!evidence.hasWrittenCloseNotify() && ssl.sslShutdown().result < 0) return false
  connection.mode = mode
  connection.endedBy = 'done'
  return true
}

// TLSWrap empties its BIO in the turn after TCP has taken it, and never when TCP has refused it.
const looksUntilRefused = 4

/**
 * Brings what OpenSSL has written to the kernel; true when the kernel has taken it, false at the stop and when TCP has
 * refused it.
 */
export async function flushed({ socket, ssl, evidence }: Connection, stop: Stop): Promise<boolean> {
  const pump = () => {
    try {
      pumpOutput(socket)
    } catch (error) {
      // The cycle can deliver data: what a listener throws is its own, not ours to swallow.
      process.nextTick(() => {
        throw error
      })
    }
  }
  let looksWhenGiven = 0
  const isOver = () => {
    if (ssl.alive()) pump()
    if (!ssl.alive()) return true
    evidence.latch()
    const progress = evidence.outputProgress()
    // after an RST the kernel takes nothing more, whether TCP was given it or not
    if (progress === 'given' || evidence.tcp.kind === 'reset') looksWhenGiven++
    return progress === 'taken' || looksWhenGiven === looksUntilRefused
  }
  return (await lookUntil(isOver, stop)) && looksWhenGiven < looksUntilRefused
}
