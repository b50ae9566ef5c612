import { type ClosureError, errorOf } from '../errors.js'
import type { QueuedError } from '../tls/ssl-result.js'

/** The error of a configuration call that OpenSSL refused. */
export function callFailed(call: string, queue: readonly QueuedError[]): ClosureError {
  return errorOf({ code: 'ERR_OPENSSL_CALL_FAILED', call, queue })
}
