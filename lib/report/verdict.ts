// From facts to judgement. This is the one table: `reportOf` below is total, its rules are tried from the top, and
// docs/closure.md prints them in the same order.
import type { ClosureFacts, EndedBy, Received, Sent, TcpEnd } from './facts.js'

type Is<Union extends { readonly kind: string }, Kind extends Union['kind']> = Extract<Union, { readonly kind: Kind }>

/** Both close_notify alerts were seen: nothing can have been cut off, in either direction. */
export interface CleanReport extends ClosureFacts {
  readonly verdict: 'clean'
  readonly handshake: 'completed'
  readonly sent: Is<Sent, 'close_notify'>
  readonly received: Is<Received, 'close_notify'>
}

/** Ours was sent; theirs was not waited for, and TCP had not ended when we stopped looking. */
export interface HalfClosedReport extends ClosureFacts {
  readonly verdict: 'half-closed'
  readonly handshake: 'completed'
  readonly sent: Is<Sent, 'close_notify'>
  readonly received: Is<Received, 'nothing'>
  readonly tcp: Is<TcpEnd, 'open'>
}

/** TCP ended after ours, without theirs. */
export interface UnansweredReport extends ClosureFacts {
  readonly verdict: 'unanswered'
  readonly handshake: 'completed'
  readonly sent: Is<Sent, 'close_notify'>
  readonly received: Is<Received, 'nothing'>
  readonly tcp: Is<TcpEnd, 'fin'>
}

/** Theirs came; ours never left. */
export interface UnreciprocatedReport extends ClosureFacts {
  readonly verdict: 'unreciprocated'
  readonly handshake: 'completed'
  readonly sent: Is<Sent, 'nothing' | 'not-flushed'>
  readonly received: Is<Received, 'close_notify'>
}

/** We closed first, and on purpose without an alert, whatever the peer sent then. */
export interface QuietReport extends ClosureFacts {
  readonly verdict: 'quiet'
  readonly handshake: 'completed'
  readonly quiet: true
  readonly sent: Is<Sent, 'nothing'>
  readonly began: 'local'
}

/** A budget ran out: `endedBy` says which. */
export interface TimedOutReport extends ClosureFacts {
  readonly verdict: 'timed-out'
  readonly handshake: 'completed'
  readonly endedBy: 'flush-timeout' | 'wait-timeout' | 'linger-timeout'
}

/** While we waited, nobody read what the peer sent before its close_notify. */
export interface ReaderStalledReport extends ClosureFacts {
  readonly verdict: 'reader-stalled'
  readonly handshake: 'completed'
  readonly endedBy: 'reader-stalled'
}

/** While we waited, the peer sent more application data than was allowed. */
export interface FloodedReport extends ClosureFacts {
  readonly verdict: 'flooded'
  readonly handshake: 'completed'
  readonly endedBy: 'discard-limit' | 'unexpected-data'
}

/** A fatal alert ended the connection, in either direction. */
export interface AlertedReport extends ClosureFacts {
  readonly verdict: 'alerted'
  readonly handshake: 'completed'
}

/** The peer's RST, or a write after it, ended the connection. */
export interface ResetReport extends ClosureFacts {
  readonly verdict: 'reset'
  readonly handshake: 'completed'
  readonly tcp: Is<TcpEnd, 'reset'>
}

/** The peer's FIN came first and without its close_notify: the end of the stream is not proven. */
export interface TruncatedReport extends ClosureFacts {
  readonly verdict: 'truncated'
  readonly handshake: 'completed'
  readonly received: Is<Received, 'nothing'>
  readonly tcp: Is<TcpEnd, 'fin'>
}

/** Our side gave up: destroy(), a signal, or an error, before an alert settled the matter. */
export interface AbortedReport extends ClosureFacts {
  readonly verdict: 'aborted'
  readonly handshake: 'completed'
}

/** The handshake was never completed: there was no TLS connection to close. */
export interface NoHandshakeReport extends ClosureFacts {
  readonly verdict: 'no-handshake'
  readonly handshake: 'not-completed'
}

/** The closing happened, in part or as a whole, before anybody looked: nothing is guessed. */
export interface UnobservedReport extends ClosureFacts {
  readonly verdict: 'unobserved'
}

/** The facts of a connection and the verdict on them. Discriminated on `verdict`; serialises to JSON as it is. */
export type ClosureReport =
  | CleanReport
  | HalfClosedReport
  | UnansweredReport
  | UnreciprocatedReport
  | QuietReport
  | TimedOutReport
  | ReaderStalledReport
  | FloodedReport
  | AlertedReport
  | ResetReport
  | TruncatedReport
  | AbortedReport
  | NoHandshakeReport
  | UnobservedReport

/**
 * The word for how a connection ended, by which reports are told apart; the table in docs/closure.md says when each is given.
 * @useDeclaredType
 */
export type Verdict = ClosureReport['verdict']

/** No report of any verdict yet. */
export function noReports(): Record<Verdict, number> {
  return {
    clean: 0,
    'half-closed': 0,
    unanswered: 0,
    unreciprocated: 0,
    quiet: 0,
    'timed-out': 0,
    'reader-stalled': 0,
    flooded: 0,
    alerted: 0,
    reset: 0,
    truncated: 0,
    aborted: 0,
    'no-handshake': 0,
    unobserved: 0,
  }
}

/** The sums of several counts of reports. */
export function sumOfReports(counts: readonly Readonly<Record<Verdict, number>>[]): Record<Verdict, number> {
  const sum = noReports()
  const isVerdict = (name: string): name is Verdict => name in sum
  for (const verdict of Object.keys(sum).filter(isVerdict)) {
    for (const each of counts) sum[verdict] += each[verdict]
  }
  return sum
}

/** The facts that the verdict follows from. */
export type DecisiveFacts = Pick<ClosureFacts, 'handshake' | 'quiet' | 'sent' | 'received' | 'tcp' | 'began'> & {
  readonly endedBy?: EndedBy | undefined
}

/** The report of these facts: derives the verdict. */
export function reportOf(facts: ClosureFacts): ClosureReport {
  // To a copy by spreading V8 adds a member only slowly: a microsecond for each report.
  const report = Object.assign({}, facts, { verdict: verdictOf(facts) })
  if (!isReport(report)) throw new Error(`The verdict ${report.verdict} does not follow from these facts`)
  return report
}

// The types of the reports say what verdictOf() has asked before it gave a verdict.
function isReport(facts: ClosureFacts & { readonly verdict: Verdict }): facts is ClosureReport {
  return verdictOf(facts) === facts.verdict
}

/** The verdict alone. */
export function verdictOf(facts: DecisiveFacts): Verdict {
  const { handshake, sent, received, tcp, began, endedBy } = facts
  if (handshake === 'not-completed') return 'no-handshake'
  if (handshake === 'untracked') return 'unobserved'
  const weLeftQuietly = facts.quiet && sent.kind === 'nothing' && began === 'local'
  // The peer's OpenSSL answers our bare FIN with an alert about it.
  if (weLeftQuietly && received.kind === 'fatal-alert') return 'quiet'
  if (sent.kind === 'fatal-alert' || received.kind === 'fatal-alert') return 'alerted'
  if (sent.kind === 'unobserved' || received.kind === 'unobserved') return 'unobserved'
  if (received.kind === 'close_notify') {
    if (sent.kind === 'close_notify') return 'clean'
    return weLeftQuietly ? 'quiet' : 'unreciprocated'
  }
  // From here on nothing of the peer's came that ends TLS. What stopped our waiting explains more than how TCP ended.
  switch (endedBy) {
    case 'discard-limit':
    case 'unexpected-data':
      return 'flooded'
    case 'reader-stalled':
      return 'reader-stalled'
    case 'flush-timeout':
    case 'wait-timeout':
    case 'linger-timeout':
      return 'timed-out'
    case 'signal':
    case 'openssl-error':
      return 'aborted'
    case 'done':
    case 'tcp-end':
    case 'destroy':
    case undefined:
      break
  }
  if (tcp.kind === 'reset') return 'reset'
  if (tcp.kind === 'fin' && began === 'peer') return 'truncated'
  if (weLeftQuietly) return 'quiet'
  if (endedBy === 'destroy') return 'aborted'
  if (sent.kind === 'close_notify') return tcp.kind === 'open' ? 'half-closed' : 'unanswered'
  return tcp.kind === 'fin' ? 'truncated' : 'aborted'
}
