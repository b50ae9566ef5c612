import type { QueuedError, SslResult } from '../tls/ssl-result.js'

/**
 * An error of OpenSSL's on a connection, with the code that Node gives it: `ERR_SSL_` and OpenSSL's reason in capitals.
 * Builds word their reasons differently: what happened on the wire is among a report's facts.
 */
export class SslError extends Error {
  /** 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', for example. */
  readonly code: string
  /** ERR_lib_error_string(3) */
  readonly library: string | undefined
  /** ERR_reason_error_string(3) */
  readonly reason: string
  /** OpenSSL's error queue after the call that failed, oldest first. */
  readonly queue: readonly QueuedError[]

  constructor({ error, queue }: Pick<SslResult, 'error' | 'queue'>, options?: ErrorOptions) {
    // The first entry is the cause; what follows are callers that failed because of it.
    const [first] = queue
    const reason = first?.reason ?? error
    super(`OpenSSL cannot go on: ${reason.toLowerCase().replaceAll('_', ' ')}`, options)
    this.code = `ERR_SSL_${reason.toUpperCase().replaceAll(/\W+/g, '_')}`
    this.library = first?.library
    this.reason = reason
    this.queue = queue
  }
}

// On the prototype, as the errors of the language have it.
Object.defineProperty(SslError.prototype, 'name', { value: 'SslError', configurable: true, writable: true })
