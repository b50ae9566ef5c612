import { ClosureError } from '../errors.js'
import { describeQueuedError, type QueuedError } from '../tls/ssl-result.js'

/** What a configuration call that OpenSSL refused throws. */
export function callFailed(call: string, queue: readonly QueuedError[]): ClosureError {
  const detail = queue.map(describeQueuedError)
  const why = detail.length === 0 ? 'it gives no reason' : detail.join('; ')
  return new ClosureError('ERR_OPENSSL_CALL_FAILED', `${call} failed: ${why}`, { detail })
}
