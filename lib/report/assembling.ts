// The facts of a connection, put together: the same for every connection, whoever has watched it.
import type { Alert } from '../tls/alerts.js'
import type { ClosureFacts, ClosureMode, Received, Sent, TcpEnd } from './facts.js'
import type { DecisiveFacts } from './verdict.js'

const never = Number.POSITIVE_INFINITY

/** What ended a connection, as far as it was seen. */
export interface SeenEnd extends Omit<DecisiveFacts, 'began'> {
  /** When our side first acted beside its alert, by FIN or destroy(). Undefined: it has not. */
  readonly actedAt: number | undefined
}

/** Of a closing of ours that has begun. */
interface ClosingFacts {
  readonly mode: ClosureMode
  readonly startedAt: number
  readonly waitRefused: boolean
  readonly waited: number | undefined
  readonly learnedWait: number | undefined
}

/** What else was seen of it. */
export interface SeenBeside {
  readonly side: ClosureFacts['side']
  readonly protocol: ClosureFacts['protocol'] | undefined
  readonly actedAt: number | undefined
  readonly closing: ClosingFacts | undefined
  readonly discardedBytes: number
  readonly surplusBytes: number
  readonly undeliveredBytes: number | undefined
  readonly alerts: readonly Alert[]
  readonly endedAt: number
}

/** The facts that the verdict follows from. */
export function decisiveFactsOf(seen: SeenEnd): DecisiveFacts {
  const { handshake, quiet, sent, received, tcp, actedAt, endedBy } = seen
  const began = peerAct(received, tcp) < localAct(sent, actedAt) ? 'peer' : 'local'
  return { handshake, quiet, sent, received, tcp, began, endedBy }
}

/** All facts. */
export function factsOf(decisive: DecisiveFacts, beside: SeenBeside): ClosureFacts {
  const { handshake, quiet, sent, received, tcp, began, endedBy } = decisive
  const { side, protocol, actedAt, closing, discardedBytes, surplusBytes, undeliveredBytes, alerts, endedAt } = beside
  const facts: { -readonly [K in keyof ClosureFacts]: ClosureFacts[K] } = {
    side,
    handshake,
    mode: closing?.mode ?? 'uncontrolled',
    quiet,
    sent,
    received,
    tcp,
    waitRefused: closing?.waitRefused ?? false,
    began,
    discardedBytes,
    surplusBytes,
    alerts,
    startedAt: Math.min(localAct(sent, actedAt), peerAct(received, tcp), closing?.startedAt ?? never, endedAt),
    endedAt,
  }
  if (protocol !== undefined) facts.protocol = protocol
  if (closing?.waited !== undefined) facts.waited = closing.waited
  if (undeliveredBytes !== undefined) facts.undeliveredBytes = undeliveredBytes
  if (closing?.learnedWait !== undefined) facts.learnedWait = closing.learnedWait
  if (endedBy !== undefined) facts.endedBy = endedBy
  return facts
}

/** The first of some moments, those that have been. */
export function firstOf(...moments: readonly (number | undefined)[]): number | undefined {
  let first: number | undefined
  for (const moment of moments) {
    if (moment !== undefined && moment < (first ?? never)) first = moment
  }
  return first
}

function localAct(sent: Sent, actedAt: number | undefined): number {
  return Math.min(timeOf(sent), actedAt ?? never)
}

function peerAct(received: Received, tcp: TcpEnd): number {
  return Math.min(timeOf(received), timeOf(tcp))
}

function timeOf(act: Sent | Received | TcpEnd): number {
  return 'at' in act ? act.at : never
}
