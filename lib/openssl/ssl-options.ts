import { checkCount, checkFlag, checkTextIfGiven } from '../options.js'
import type { LibraryIdentity } from './identity.js'
import { type CheckedByRules, checkByRules, type LibraryRules } from './library-rules.js'
import { SslSession } from './session.js'

/** The settings of one SSL. Unknown keys are refused by name. */
export interface SslOptions {
  /**
   * The host name that a client asks for (SNI): RFC 6066 section 3. Not verified.
   * @see SSL_set_tlsext_host_name(3)
   */
  readonly servername?: string
  /**
   * The host name that the peer's certificate has to have, under `verify: 'peer'`.
   * @see SSL_set1_host(3)
   */
  readonly verifyHost?: string
  /**
   * A session of the same library, which a client resumes where the server agrees.
   * @see SSL_set_session(3)
   */
  readonly session?: SslSession
  /**
   * Records handshake messages and change_cipher_spec as events too; alerts always are.
   * @default false
   * @see SSL_set_msg_callback(3)
   */
  readonly trace?: boolean
  /**
   * Bytes that may wait in the output: what would write more gives SSL_ERROR_WANT_WRITE, as a full socket does.
   * @default no limit
   */
  readonly maxOutput?: number
}

// More than can wait anyway.
const noLimit = 2 ** 31 - 1

export const sslRules = {
  servername: checkTextIfGiven,
  verifyHost: checkTextIfGiven,
  session: (_name: string, value: unknown, library: LibraryIdentity) =>
    value === undefined ? undefined : SslSession.native(value, library),
  trace: (name: string, value: unknown) => checkFlag(name, value) ?? false,
  maxOutput: (name: string, value: unknown) =>
    value === undefined ? undefined : Math.min(checkCount(name, 'bytes', value, 0), noLimit),
} satisfies LibraryRules<SslOptions>

/** Checks all before anything is made. */
export function checkSslOptions(
  given: SslOptions | undefined,
  library: LibraryIdentity,
): CheckedByRules<typeof sslRules> {
  return checkByRules(sslRules, given, library)
}
