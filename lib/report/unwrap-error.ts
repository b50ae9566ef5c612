import { ClosureError } from '../errors.js'
import type { ClosureReport } from './verdict.js'

/** Why an unwrap() gave nothing back. */
export type UnwrapErrorCode = 'ERR_UNWRAP_TIMEOUT' | 'ERR_UNWRAP_FAILED' | 'ERR_UNWRAP_ABORTED'

/** The transport is not given back: the peer may still be in TLS, and what is sent in the clear would be read by anybody. */
export class UnwrapError extends ClosureError {
  declare readonly code: UnwrapErrorCode
  /** The report of the connection until then. */
  readonly report: ClosureReport

  constructor(code: UnwrapErrorCode, report: ClosureReport, options: ErrorOptions = {}) {
    super(code, `unwrap() expected the close_notify of both sides to pass, but ${reasonOf(code, report)}`, options)
    this.report = report
  }
}

// On the prototype, as the errors of the language have it.
Object.defineProperty(UnwrapError.prototype, 'name', { value: 'UnwrapError', configurable: true, writable: true })

/** What an unwrap() rejects with whose closing has ended so; `signal` is the one that it was given. */
export function unwrapErrorOf(report: ClosureReport, signal: AbortSignal | undefined): UnwrapError {
  const { endedBy } = report
  if (endedBy === 'signal') return new UnwrapError('ERR_UNWRAP_ABORTED', report, { cause: signal?.reason })
  const isLate = endedBy === 'flush-timeout' || endedBy === 'wait-timeout' || endedBy === 'reader-stalled'
  return new UnwrapError(isLate ? 'ERR_UNWRAP_TIMEOUT' : 'ERR_UNWRAP_FAILED', report)
}

function reasonOf(code: UnwrapErrorCode, { sent, received, verdict }: ClosureReport): string {
  if (code === 'ERR_UNWRAP_ABORTED') return 'its signal was aborted'
  if (code === 'ERR_UNWRAP_FAILED') return `the connection ended before: ${verdict}`
  if (sent.kind === 'nothing' || sent.kind === 'not-flushed') return 'what was written before did not leave in time'
  return received.kind === 'nothing' ? "the peer's did not come in time" : 'nobody reads what came before it'
}
