// The numbers of SSL_get_error(3) by name.
import type { LibraryKind } from './libraries.js'

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

/** @inline */
type KnownErrorName = (typeof opensslNames)[number] | (typeof boringsslNames)[number]

/** SSL_get_error(3) by name, and by number where it has none. */
export type SslErrorName = KnownErrorName | `SSL_ERROR_${number}`

/** The names of SSL_get_error's numbers in a kind of library. */
export function sslErrorNames(kind: LibraryKind): readonly SslErrorName[] {
  return kind === 'BoringSSL' || kind === 'AWS-LC' ? boringsslNames : opensslNames
}

/** One number of SSL_get_error's, by the names of {@link sslErrorNames}. */
export function sslErrorName(names: readonly SslErrorName[], error: number): SslErrorName {
  return names[error] ?? `SSL_ERROR_${error}`
}
