import { ClosureError } from '../errors.js'
import type { ClosureReport } from './verdict.js'

/** The peer's stream ended without its close_notify where one was demanded (RFC 8446 section 6.1). */
export class TruncationError extends ClosureError {
  /** The report of the connection until then. */
  readonly report: ClosureReport

  constructor(report: ClosureReport, options: ErrorOptions = {}) {
    super('ERR_TLS_TRUNCATED', `Expected the peer's close_notify at the end of its data, but ${endOf(report)}`, options)
    this.report = report
  }
}

// On the prototype, as the errors of the language have it.
Object.defineProperty(TruncationError.prototype, 'name', {
  value: 'TruncationError',
  configurable: true,
  writable: true,
})

function endOf({ sent, received, tcp }: ClosureReport): string {
  if (received.kind === 'fatal-alert') return `the alert ${received.name} came`
  if (sent.kind === 'fatal-alert') return `OpenSSL refused what came by the alert ${sent.name}`
  switch (tcp.kind) {
    case 'reset':
      return 'RST came'
    case 'fin':
      return 'FIN came'
    case 'open':
      return 'the connection failed'
  }
}
