// The facts of one connection as they come: alerts from the engine's events, FIN and RST from the transport.
import type { BegunClosing } from '../closing/side.js'
import type { AlertEvent } from '../openssl/index.js'
import { hasCloseNotifyOfOurs, isCloseNotify, receivedBy, receivedEnding, sentEnding } from '../report/ending-alerts.js'
import type { ClosureFacts, Received, Sent, TcpEnd } from '../report/facts.js'
import type { Alert } from '../tls/alerts.js'
import type { SslProtocol } from '../tls/versions.js'

const nothing = Object.freeze({ kind: 'nothing' } as const)
const never = Number.POSITIVE_INFINITY
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

  facts(undeliveredBytes: number | undefined): ClosureFacts {
    const { side, protocol, tcp, closing, surplusBytes, isQuiet: quiet } = this
    const sent = this.sent()
    const received = this.received()
    const endedAt = performance.now()
    const localAct = Math.min(timeOf(sent), this.finAt ?? never, this.destroyedAt ?? never)
    const peerAct = Math.min(timeOf(received), timeOf(tcp))
    return {
      side,
      handshake: protocol === undefined ? 'not-completed' : 'completed',
      mode: closing?.mode ?? 'uncontrolled',
      quiet,
      sent,
      received,
      tcp,
      waitRefused: closing?.waitRefused ?? false,
      began: peerAct < localAct ? 'peer' : 'local',
      discardedBytes: closing?.discardedBytes ?? 0,
      surplusBytes,
      alerts: this.alerts,
      startedAt: Math.min(localAct, peerAct, closing?.startedAt ?? never, endedAt),
      endedAt,
      ...(protocol !== undefined && { protocol }),
      ...(undeliveredBytes !== undefined && { undeliveredBytes }),
      ...(closing?.endedBy !== undefined && { endedBy: closing.endedBy }),
    }
  }
}

function timeOf(act: Sent | Received | TcpEnd): number {
  return 'at' in act ? act.at : never
}
