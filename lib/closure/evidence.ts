// The facts of one connection as they come: alerts from OpenSSL's info callback, FIN and RST from Node's stream.
import type { NodeSsl, SslStatus } from '../native/node-ssl.js'
import type { Alert } from '../tls/alerts.js'
import { receivedShutdown, sentShutdown } from '../tls/shutdown-flags.js'
import { isTls13 } from '../tls/versions.js'
import type { Progress } from '../closing/side.js'
import { kernelHasClosed, OutputProgress } from './output-progress.js'
import {
  hasCloseNotifyOfOurs,
  isCloseNotify,
  isSent,
  receivedBy,
  receivedEnding,
  sentEnding,
} from '../report/ending-alerts.js'
import type { Cut, Received, Sent, TcpEnd } from '../report/facts.js'

const noAlerts: readonly Alert[] = []
const nothing = Object.freeze({ kind: 'nothing' } as const)
const open: TcpEnd = Object.freeze({ kind: 'open' } as const)

/** Errors of the system that say that the peer's RST has come. */
const resetCodes: readonly string[] = ['ECONNRESET', 'EPIPE', 'ECONNABORTED']

export class Evidence {
  /** How the peer's direction of TCP ended, so far. */
  tcp: TcpEnd = open
  surplusBytes = 0

  readonly #ssl: NodeSsl
  readonly #handle: object
  /** How far OpenSSL's output has got. */
  readonly output: OutputProgress
  readonly #isTls13: boolean
  #flushed = false
  // They are only ever added to; what follows from them is derived anew when one is.
  #alerts: readonly Alert[] = noAlerts
  #alertCount = 0
  #sentEnd: Alert | undefined
  #readingEnd: Alert | undefined
  #hasWrittenCloseNotify = false
  // How many alerts there were when the socket was destroyed.
  #alertsAtEnd: number | undefined
  #readingEndAtEnd: Alert | undefined
  // An end of TCP that had come by then, and that nobody was told of.
  #unheardEnd: TcpEnd | undefined

  /** `status` is that of this moment. */
  constructor(ssl: NodeSsl, handle: object, status: SslStatus) {
    this.#ssl = ssl
    this.#handle = handle
    this.output = new OutputProgress(ssl, handle, status)
    this.#isTls13 = isTls13(status.version)
  }

  /** Every alert, in the order in which OpenSSL decrypted or wrote it. */
  alerts(): readonly Alert[] {
    this.#look()
    return this.#alerts.map((alert) => ({ ...alert }))
  }

  sent(): Sent {
    this.#look()
    const ending = this.#sentEnd
    if (ending === undefined) return this.#wasClosedUnobserved(sentShutdown) ? { kind: 'unobserved' } : nothing
    const { at } = ending
    if (!isCloseNotify(ending)) return { kind: 'fatal-alert', ...ending }
    return this.#outputIsFlushed() ? { kind: 'close_notify', at } : { kind: 'not-flushed', at }
  }

  received(): Received {
    this.#look()
    const ending = this.#readingEnd
    if (ending === undefined) return this.#wasClosedUnobserved(receivedShutdown) ? { kind: 'unobserved' } : nothing
    return receivedBy(ending, this.#alerts, this.#isTls13)
  }

  /** Whether an alert of the peer's has ended its stream. Costs less than received(). */
  hasReadingEnd(): boolean {
    this.#look()
    return this.#readingEnd !== undefined
  }

  /** Whether the peer's stream ended, or was made to end, by anything but its close_notify. */
  wasCut(): boolean {
    const received = this.received().kind
    if (received !== 'nothing') return received === 'fatal-alert'
    // A record that cannot be decrypted makes our own OpenSSL end it, with an alert of ours.
    return this.tcp.kind !== 'open' || this.sent().kind === 'fatal-alert'
  }

  /** How many alerts OpenSSL has written, of those that are kept. */
  alertsSent(): number {
    this.#look()
    return this.#alerts.filter(isSent).length
  }

  /** Whether OpenSSL has written our close_notify, flushed or not. */
  hasWrittenCloseNotify(): boolean {
    this.#look()
    return this.#hasWrittenCloseNotify
  }

  /**
   * Node has ended the stream: either the peer's alert or TCP's end made it do so. Call while the SSL is alive.
   *
   * A RST that comes together with data, or whose error a write of ours was given, is an end like any other to Node. The
   * kernel knows: TCP is closed, which a FIN alone cannot do as long as we have not sent ours.
   */
  streamEnded(finMayBeSent: boolean): void {
    if (this.tcp.kind !== 'open' || !this.#ssl.alive()) return
    this.#look()
    if (this.#readingEnd !== undefined) {
      this.surplusBytes = this.#ssl.inputPending()
      return
    }
    // A flag without an alert is not the peer's doing: quiet shutdown and SSL_set_shutdown make OpenSSL report an end.
    if ((this.#ssl.getShutdown() & receivedShutdown) !== 0) return
    const at = performance.now()
    if (!finMayBeSent && kernelHasClosed(this.#handle) === true) {
      this.tcp = { kind: 'reset', at, code: 'ECONNRESET' }
      return
    }
    const cut = this.#cut()
    this.tcp = { kind: 'fin', at, ...(cut !== undefined && { cut }) }
  }

  /**
   * Somebody destroys the socket, and nothing of ours had begun, nor is it the system's error that destroys it: an end of TCP that
   * had come is the peer's, whoever was not told of it. It counts from {@link settle} on, so that what is done about a cut stream
   * does not change. Call while the SSL is alive.
   */
  noteUnheardEnd(kind: 'fin' | 'reset'): void {
    this.#look()
    if (this.tcp.kind !== 'open' || this.#readingEnd !== undefined || this.#sentEnd !== undefined) return
    const at = performance.now()
    if (kind === 'reset') {
      this.#unheardEnd = { kind, at, code: 'ECONNRESET' }
      return
    }
    // With records to read before it, it is not known yet where it cuts.
    const cut = this.#ssl.inputPending() > 0 ? undefined : this.#cut()
    this.#unheardEnd = { kind, at, ...(cut !== undefined && { cut }) }
  }

  /**
   * The socket is being destroyed; whether that is inside a read which has brought more. It does not keep TLSWrap from reading on:
   * what OpenSSL still finds in its input had come before.
   */
  destroying(): boolean {
    this.#look()
    this.#alertsAtEnd = this.#alertCount
    this.#readingEndAtEnd = this.#readingEnd
    const isOver = this.#readingEnd !== undefined || this.#sentEnd?.level === 'fatal' || this.tcp.kind !== 'open'
    return !isOver && this.#ssl.alive() && this.#ssl.inputPending() > 0
  }

  /** The facts are complete; whether an end of the peer's that was noted late, or not told of, had come before the destruction. */
  settle(): boolean {
    this.#look()
    if (this.#readingEnd !== undefined) return this.#readingEndAtEnd === undefined
    if (this.tcp.kind !== 'open' || this.#unheardEnd === undefined) return false
    this.tcp = this.#unheardEnd
    return true
  }

  /** The socket is being destroyed with that error. Call while the SSL is alive. */
  socketFailed(error: unknown): void {
    const code = systemError(error)?.code
    if (code === undefined || !resetCodes.includes(code)) return
    this.tcp = { kind: 'reset', at: performance.now(), code }
  }

  /** FIN has been given to TCP. Call while the SSL is alive. */
  finGiven(): void {
    this.output.findStart()
    this.output.finGiven()
  }

  /** TCP has taken FIN, or refused it. */
  finCompleted(taken: boolean): void {
    if (taken) this.output.finTaken()
  }

  /** Notes what can only be asked while the SSL is alive, and best when nothing is under way. */
  observe(): void {
    this.output.findStart()
    this.#outputIsFlushed()
  }

  /** How far our output has got. Call while the SSL is alive. */
  outputProgress(): Exclude<Progress, 'gone'> {
    // Nobody asks the kernel a second time for what is known.
    return this.#outputIsFlushed() ? 'taken' : this.output.progress()
  }

  #look(): void {
    const count = this.#ssl.alertCount()
    if (count === this.#alertCount) return
    this.#alertCount = count
    const alerts = this.#seenOf(this.#ssl.alerts())
    this.#alerts = alerts
    this.#sentEnd = sentEnding(alerts)
    this.#hasWrittenCloseNotify = hasCloseNotifyOfOurs(alerts)
    // The peer's alert that ended its stream.
    this.#readingEnd = receivedEnding(alerts, this.#isTls13)
  }

  // What OpenSSL writes once the socket is destroyed, about a record that it could not read, never leaves.
  #seenOf(alerts: readonly Alert[]): readonly Alert[] {
    const known = this.#alertsAtEnd
    return known === undefined ? alerts : alerts.filter((alert, index) => index < known || !isSent(alert))
  }

  // Once true it stays: nothing is written after our close_notify. Asked for the last time when the socket is destroyed.
  #outputIsFlushed(): boolean {
    if (!this.#flushed && this.#ssl.alive() && this.hasWrittenCloseNotify()) {
      this.#flushed = this.output.progress() === 'taken'
    }
    return this.#flushed
  }

  #wasClosedUnobserved(direction: number): boolean {
    return (this.#ssl.shutdownAtStart() & direction) !== 0
  }

  // "RB" is inside a record's body; "RH" is at its header, and bytes held back there are a part of one.
  #cut(): Cut | undefined {
    const state = this.#ssl.recordState()
    if (state === 'RB') return 'inside-record'
    if (state !== 'RH') return undefined
    return this.#ssl.hasPending() ? 'inside-header' : 'between-records'
  }
}

/** Whether an error is one of a call of the system. */
export function isSystemError(error: unknown): boolean {
  return systemError(error) !== undefined
}

/** Whether the system has refused what was written. How much of it had been taken before, nobody knows any more. */
export function isRefusedWrite(error: unknown): boolean {
  return systemError(error)?.syscall === 'write'
}

// Node makes errors with the code ECONNRESET of its own as well; only those of the system name a call.
function systemError(error: unknown): { readonly code: string; readonly syscall: unknown } | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined
  const { code, syscall } = error
  return typeof code === 'string' ? { code, syscall } : undefined
}
