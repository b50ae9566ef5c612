// The result of one call of OpenSSL, in OpenSSL's words.
import { sslErrorName, type SslErrorName } from './ssl-errors.js'

/**
 * The result of one call. SSL_ERROR_WANT_READ and SSL_ERROR_WANT_WRITE are results like any other: feed what the peer
 * sent, or take what waits for it, and call again.
 */
export interface SslResult {
  /** The return value of the function. */
  readonly value: number
  /**
   * SSL_get_error(3) of this call, by name, taken at once; SSL_ERROR_NONE for a call that did not fail. SSL_shutdown(3)
   * has not failed when it returns 0, of which SSL_get_error says SSL_ERROR_SYSCALL and the manual that this means
   * nothing.
   */
  readonly error: SslErrorName
  /** OpenSSL's error queue after the call, oldest first, emptied. */
  readonly queue: readonly QueuedError[]
}

/** One entry of OpenSSL's error queue: ERR_get_error_all(3). */
export interface QueuedError {
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
  /** The text that was noted with it. */
  readonly data?: string
}

/** The queue of a call that left none. */
export const emptyQueue: readonly QueuedError[] = Object.freeze([])

/**
 * The result of SSL_shutdown(3) or SSL_shutdown_ex(3). Both parts of the package that call them get it here, so that the
 * same answer of OpenSSL means the same to both.
 *
 * @param error the number of SSL_get_error(3)
 */
export function shutdownResult(
  value: number,
  error: number,
  queue: readonly QueuedError[],
  names: readonly SslErrorName[],
): SslResult {
  return { value, error: value < 0 ? sslErrorName(names, error) : 'SSL_ERROR_NONE', queue }
}

/** An entry of the error queue in one line: 'no cipher match (SSL routines)'. */
export function describeQueuedError({ code, library, reason, data }: QueuedError): string {
  const parts = [reason ?? `error ${code.toString(16)}`, library === undefined ? '' : `(${library})`, data ?? '']
  return parts.filter((part) => part !== '').join(' ')
}
