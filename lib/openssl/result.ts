// What a call of OpenSSL gave, in OpenSSL's words.
import { ClosureError } from '../errors.js'
import type { LibraryKind, NativeQueuedError } from '../native/engine.js'

/**
 * What one call gave. SSL_ERROR_WANT_READ and SSL_ERROR_WANT_WRITE are results like any other: feed what the peer sent,
 * or take what waits for it, and call again.
 */
export interface SslResult {
  /** What the function returned. */
  readonly value: number
  /**
   * SSL_get_error(3) of this call, by name, taken at once. It is given as it is, also where it says little: after a
   * shutdown() that returned 0 OpenSSL says SSL_ERROR_SYSCALL, and SSL_shutdown(3) that it means nothing then.
   */
  readonly error: SslErrorName
  /** OpenSSL's error queue after the call, oldest first, emptied. */
  readonly queue: readonly OpenSslError[]
}

/** One entry of OpenSSL's error queue: ERR_get_error_all(3). */
export interface OpenSslError {
  /** The packed code. It differs between releases and libraries: compare `reason`. */
  readonly code: number
  /** ERR_lib_error_string(3): 'SSL routines' */
  readonly library?: string
  /** ERR_reason_error_string(3): 'unexpected eof while reading' */
  readonly reason?: string
  /** The C function that put it there, where the build keeps that. */
  readonly function?: string
  /** The C file, where the build keeps that. */
  readonly file?: string
  readonly line?: number
  /** What else was noted with it. */
  readonly data?: string
}

const commonNames = [
  'SSL_ERROR_NONE',
  'SSL_ERROR_SSL',
  'SSL_ERROR_WANT_READ',
  'SSL_ERROR_WANT_WRITE',
  'SSL_ERROR_WANT_X509_LOOKUP',
  'SSL_ERROR_SYSCALL',
  'SSL_ERROR_ZERO_RETURN',
  'SSL_ERROR_WANT_CONNECT',
  'SSL_ERROR_WANT_ACCEPT',
] as const

const opensslNames = [
  ...commonNames,
  'SSL_ERROR_WANT_ASYNC',
  'SSL_ERROR_WANT_ASYNC_JOB',
  'SSL_ERROR_WANT_CLIENT_HELLO_CB',
  'SSL_ERROR_WANT_RETRY_VERIFY',
] as const

// AWS-LC has those of BoringSSL, from which it comes.
const boringsslNames = [
  ...commonNames,
  'SSL_ERROR_WANT_CHANNEL_ID_LOOKUP',
  'SSL_ERROR_10',
  'SSL_ERROR_PENDING_SESSION',
  'SSL_ERROR_PENDING_CERTIFICATE',
  'SSL_ERROR_WANT_PRIVATE_KEY_OPERATION',
  'SSL_ERROR_PENDING_TICKET',
  'SSL_ERROR_EARLY_DATA_REJECTED',
  'SSL_ERROR_WANT_CERTIFICATE_VERIFY',
  'SSL_ERROR_HANDOFF',
  'SSL_ERROR_HANDBACK',
  'SSL_ERROR_WANT_RENEGOTIATE',
] as const

/** SSL_get_error(3) by name, and by number where it has none. */
export type SslErrorName = (typeof opensslNames)[number] | (typeof boringsslNames)[number] | `SSL_ERROR_${number}`

/** The names of SSL_get_error's numbers in a kind of library. */
export function errorNamesOf(kind: LibraryKind): readonly SslErrorName[] {
  return kind === 'BoringSSL' || kind === 'AWS-LC' ? boringsslNames : opensslNames
}

/** The queue of a call that left none. */
export const emptyQueue: readonly OpenSslError[] = Object.freeze([])

/** What a configuration call that OpenSSL refused throws. */
export function callFailed(call: string, queue: readonly NativeQueuedError[]): ClosureError {
  const detail = queue.map(describe)
  const why = detail.length === 0 ? 'it gives no reason' : detail.join('; ')
  return new ClosureError('ERR_OPENSSL_CALL_FAILED', `${call} failed: ${why}`, { detail })
}

function describe({ code, library, reason, data }: NativeQueuedError): string {
  const parts = [reason ?? `error ${code.toString(16)}`, library === undefined ? '' : `(${library})`, data ?? '']
  return parts.filter((part) => part !== '').join(' ')
}
