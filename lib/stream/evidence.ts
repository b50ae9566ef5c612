// The facts of one connection as they come: alerts from the engine's events, FIN and RST from the transport.
import type { BegunClosing } from '../closing/side.js'
import type { AlertEvent } from '../openssl/index.js'
import { decisiveFactsOf, factsOf, firstOf } from '../report/assembling.js'
import { hasCloseNotifyOfOurs, isCloseNotify, receivedBy, receivedEnding, sentEnding } from '../report/ending-alerts.js'
import type { ClosureFacts, Received, Sent, TcpEnd } from '../report/facts.js'
import type { Alert } from '../tls/alerts.js'
import type { SslProtocol } from '../tls/versions.js'

const nothing = Object.freeze({ kind: 'nothing' } as const)
// Warnings that end nothing may come without limit: the first so many are kept, and as many of the last.
const alertsKept = 64

export class StreamEvidence {
  readonly side: 'client' | 'server'
  /** Absent before the handshake is done. */
  protocol: SslProtocol | undefined
  /** How the peer's direction of TCP ended, so far. */
  tcp: TcpEnd = { kind: 'open' }
  surplusBytes = 0
  /** Whether our close_notify is known to have left. */
  alertHasLeft = false
  /** When FIN was given to TCP. */
  finAt: number | undefined
  destroyedAt: number | undefined
  closing: BegunClosing | undefined
  // Of closings that have been given up.
  #discardedBefore = 0
  readonly #alerts: Alert[] = []

  constructor(side: 'client' | 'server') {
    this.side = side
  }

  add({ direction, level, name, code, at }: AlertEvent): void {
    this.#alerts.push({ direction, level, name, code, at })
    if (this.#alerts.length > 2 * alertsKept) this.#alerts.splice(alertsKept, 1)
  }

  get alerts(): readonly Alert[] {
    return this.#alerts.map((alert) => ({ ...alert }))
  }

  sent(): Sent {
    const ending = sentEnding(this.#alerts)
    if (ending === undefined) return nothing
    if (!isCloseNotify(ending)) return { kind: 'fatal-alert', ...ending }
    return { kind: this.alertHasLeft ? 'close_notify' : 'not-flushed', at: ending.at }
  }

  received(): Received {
    // Asked after every read.
    if (this.#alerts.length === 0) return nothing
    const isTls13 = this.protocol === 'TLSv1.3'
    const ending = receivedEnding(this.#alerts, isTls13)
    return ending === undefined ? nothing : receivedBy(ending, this.#alerts, isTls13)
  }

  hasWrittenCloseNotify(): boolean {
    return hasCloseNotifyOfOurs(this.#alerts)
  }

  get isQuiet(): boolean {
    return this.closing?.mode === 'quiet'
  }

  /** The closing is given up, and the connection goes on; what it has dropped stays dropped. */
  giveUpClosing(): void {
    this.#discardedBefore += this.closing?.discardedBytes ?? 0
    this.closing = undefined
  }

  facts(undeliveredBytes: number | undefined): ClosureFacts {
    const { side, protocol, tcp, closing, surplusBytes, alerts, isQuiet: quiet } = this
    const actedAt = firstOf(this.finAt, this.destroyedAt)
    const handshake = protocol === undefined ? 'not-completed' : 'completed'
    const [sent, received] = [this.sent(), this.received()]
    const endedAt = performance.now()
    const discardedBytes = this.#discardedBefore + (closing?.discardedBytes ?? 0)
    const decisive = decisiveFactsOf({ handshake, quiet, sent, received, tcp, actedAt, endedBy: closing?.endedBy })
    const beside = { side, protocol, actedAt, closing, discardedBytes, surplusBytes, undeliveredBytes, alerts, endedAt }
    return factsOf(decisive, beside)
  }
}
