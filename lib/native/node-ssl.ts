// One of Node's SSLs, as an object over the addon's calls by id.
import {
  findByFinished,
  findMadeSince,
  findRunning,
  type NativeShutdownResult,
  type NodeSslCalls,
  nodeSslCalls,
  sslStatus,
  statusIndex,
  toPerformanceTime,
} from './addon.js'
import { ClosureError } from '../errors.js'
import { type Alert, alertLevel, alertName } from '../tls/alerts.js'

/**
 * One SSL of a socket. Calls throw ERR_CLOSURE_CLOSED once it is freed or was given back by release(), but for those marked
 * readable after.
 */
export class NodeSsl {
  readonly #calls: NodeSslCalls
  #id: number
  // What stays readable when the id is gone.
  #last: Last | undefined
  // The id once more, where it is given back with the garbage.
  #dropped: Dropped | undefined

  constructor(id: number) {
    this.#calls = nodeSslCalls()
    this.#id = id
  }

  sslShutdown(): NativeShutdownResult {
    return this.#calls.sslShutdown(this.#live())
  }

  /** Readable after. */
  getShutdown(): number {
    return this.#last === undefined ? this.#calls.getShutdown(this.#id) : this.#last.shutdown
  }

  setShutdown(mask: number): void {
    this.#calls.setShutdown(this.#live(), mask)
  }

  /** Readable after. */
  getQuietShutdown(): boolean {
    return this.#last === undefined ? this.#calls.getQuietShutdown(this.#id) : this.#last.quiet
  }

  setQuietShutdown(quiet: boolean): void {
    this.#calls.setQuietShutdown(this.#live(), quiet)
  }

  getContextQuietShutdown(): boolean {
    return this.#calls.getContextQuietShutdown(this.#live())
  }

  /** What it is like now; undefined where it is not alive. Readable after. */
  status(): SslStatus | undefined {
    return this.#last === undefined && this.#calls.status(this.#id) ? readStatus() : undefined
  }

  inInit(): boolean {
    return this.#calls.inInit(this.#live())
  }

  version(): number {
    return this.#calls.version(this.#live())
  }

  /** Bytes of plaintext that a record that is sent holds at most (SSL_set_max_send_fragment). */
  maxFragment(): number {
    return this.#calls.maxFragment(this.#live())
  }

  hasPending(): boolean {
    return this.#calls.hasPending(this.#live())
  }

  recordState(): string {
    return this.#calls.recordState(this.#live())
  }

  /** All that decides whether SSL_shutdown may be called now: a sum of bits of {@link readinessBit}. Readable after. */
  readiness(): number {
    return this.#last === undefined ? this.#calls.readiness(this.#id) : 0
  }

  inputPending(): number {
    return this.#calls.inputPending(this.#live())
  }

  outputPending(): number {
    return this.#calls.outputPending(this.#live())
  }

  /** All bytes that OpenSSL has written so far (BIO_number_written). */
  outputTotal(): number {
    return this.#calls.outputTotal(this.#live())
  }

  handshakeOutput(): HandshakeOutput {
    this.#calls.handshakeOutput(this.#live())
    return {
      knownFrom: sslStatus[statusIndex.knownFrom] ?? Number.POSITIVE_INFINITY,
      from: sslStatus[statusIndex.handshakeFrom] ?? 0,
      to: sslStatus[statusIndex.handshakeTo] ?? 0,
      mayBeginWithData: sslStatus[statusIndex.mayBeginWithData] === 1,
    }
  }

  /** Readable after. */
  alive(): boolean {
    return this.#last === undefined && this.#calls.alive(this.#id)
  }

  /** Readable after. */
  insideCallback(): boolean {
    return this.#last === undefined && this.#calls.insideCallback(this.#id)
  }

  /** Readable after. */
  shutdownAtStart(): number {
    return this.#last === undefined ? this.#calls.shutdownAtStart(this.#id) : this.#last.shutdownAtStart
  }

  /** How many alerts have passed. Readable after. */
  alertCount(): number {
    return this.#last === undefined ? this.#calls.alertCount(this.#id) : this.#last.alertCount
  }

  /** The alerts that are kept, the first ones and the last; none after. */
  alerts(): Alert[] {
    const kept = this.#last === undefined ? this.#calls.alerts(this.#id) : 0
    // In the size that is needed: pushed to, an array takes room for seventeen.
    const alerts = new Array<Alert>(kept)
    for (let i = 0; i < kept; i++) alerts[i] = readAlert(statusIndex.alerts + 2 * i)
    return alerts
  }

  /** From now on the id is given back with the garbage, too: a socket that no handle keeps alive may never be destroyed. */
  releaseWithGarbage(): void {
    if (this.#last !== undefined || this.#dropped !== undefined) return
    this.#dropped = { id: this.#id }
    dropped.register(this, this.#dropped)
  }

  /** Gives the memory back that the addon keeps for this object; the second call does nothing. */
  release(): void {
    if (this.#last !== undefined) return
    if (this.#dropped !== undefined) this.#dropped.id = undefined
    this.#calls.release(this.#id)
    this.#last = {
      shutdown: sslStatus[statusIndex.shutdown] ?? 0,
      quiet: sslStatus[statusIndex.quiet] === 1,
      shutdownAtStart: sslStatus[statusIndex.shutdownAtStart] ?? 0,
      alertCount: sslStatus[statusIndex.alertCount] ?? 0,
    }
  }

  #live(): number {
    if (this.#last === undefined) return this.#id
    throw new ClosureError('ERR_CLOSURE_CLOSED', 'OpenSSL has freed this connection: the socket was closed')
  }
}

/** The id of an SSL whose object may be dropped; undefined once it was given back. */
interface Dropped {
  id: number | undefined
}

// What is given back is told here and not unregistered, which would cost as much again as to register it.
const dropped = new FinalizationRegistry(({ id }: Dropped) => {
  if (id !== undefined) nodeSslCalls().release(id)
})

/** What one SSL is like at a moment. */
export interface SslStatus {
  readonly inInit: boolean
  readonly isServer: boolean
  readonly version: number
  /** All bytes that OpenSSL has written so far (BIO_number_written). */
  readonly outputTotal: number
  readonly outputPending: number
}

/** Which part of the output is of handshakes, in counts of {@link NodeSsl.outputTotal}. */
export interface HandshakeOutput {
  /** Behind it, output is the program's data and alerts but for what is between `from` and `to`. */
  readonly knownFrom: number
  readonly from: number
  readonly to: number
  /** Whether the first bytes of that may be data: what was written in the callback of the handshake, OpenSSL may have buffered. */
  readonly mayBeginWithData: boolean
}

interface Last {
  readonly shutdown: number
  readonly quiet: boolean
  readonly shutdownAtStart: number
  readonly alertCount: number
}

function readAlert(index: number): Alert {
  const alert = sslStatus[index] ?? 0
  return {
    direction: alert > 0xffff ? 'sent' : 'received',
    level: alertLevel((alert >> 8) & 0xff),
    name: alertName(alert & 0xff),
    code: alert & 0xff,
    at: toPerformanceTime(sslStatus[index + 1] ?? 0),
  }
}

function readStatus(): SslStatus {
  return {
    inInit: sslStatus[statusIndex.inInit] === 1,
    isServer: sslStatus[statusIndex.server] === 1,
    version: sslStatus[statusIndex.version] ?? 0,
    outputTotal: sslStatus[statusIndex.outputTotal] ?? 0,
    outputPending: sslStatus[statusIndex.outputPending] ?? 0,
  }
}

/** The SSL with that Finished message, and its status, if it was made in this thread after this module was loaded. */
export function sslOfFinished(finished: Uint8Array): { readonly ssl: NodeSsl; readonly status: SslStatus } | undefined {
  const ssl = found(findByFinished(finished))
  return ssl && { ssl, status: readStatus() }
}

/**
 * The SSL that was made since there had been so many, unless others were made besides: while Node handles an event, it
 * tells nobody of it.
 */
export function sslMadeSince(count: number): NodeSsl | undefined {
  return found(findMadeSince(count))
}

/** The SSL in whose info callback Node has called us. */
export function runningSsl(): NodeSsl | undefined {
  return found(findRunning())
}

function found(id: number): NodeSsl | undefined {
  return id === -1 ? undefined : new NodeSsl(id)
}
