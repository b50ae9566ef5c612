import type { LibraryIdentity } from './identity.js'
import { checkBytes, checkCount, checkFlag, checkOneOf, checkText, checkTextIfGiven, invalid } from '../options.js'
import { type CheckedByRules, checkByRules, type LibraryRules } from './library-rules.js'
import { checkSslOps, type SslOp } from './ssl-ops.js'
import { protocolNumbers, type SslProtocol } from '../tls/versions.js'

/** SSL_VERIFY_… by our names. */
const verifyModes = { none: 0, peer: 1, require: 3, report: 1 } as const
// SSL_SESS_CACHE_NO_INTERNAL_STORE is 0x200.
const sessionCaches = { off: 0, client: 1, server: 2, both: 3, 'client-no-store': 0x201 } as const

/**
 * SSL_VERIFY_NONE, SSL_VERIFY_PEER, that with SSL_VERIFY_FAIL_IF_NO_PEER_CERT, and SSL_VERIFY_PEER with a callback that
 * accepts every certificate: SSL_CTX_set_verify(3).
 * @useDeclaredType
 */
export type SslVerifyMode = keyof typeof verifyModes

/**
 * The settings of an SSL_CTX. A setting that is not named stays as SSL_CTX_new(3) leaves it in that build, so that builds can
 * be compared: the range of versions, the ciphers, the groups, and `verify: 'none'`.
 */
export interface SslContextOptions {
  /**
   * The side of the connections that are made with it.
   * @see TLS_client_method(3), TLS_server_method(3)
   */
  readonly side: 'client' | 'server'
  /**
   * PEM: the leaf first, then its chain.
   * @see SSL_CTX_use_certificate(3), SSL_CTX_add_extra_chain_cert(3)
   */
  readonly cert?: string | Uint8Array
  /**
   * PEM: the private key of `cert`, which is checked against it.
   * @see SSL_CTX_use_PrivateKey(3), SSL_CTX_check_private_key(3)
   */
  readonly key?: string | Uint8Array
  /** Opens an encrypted `key`. Nobody is asked for one. */
  readonly passphrase?: string
  /**
   * PEM: certificates, every one of which is trusted.
   * @see SSL_CTX_get_cert_store(3), X509_STORE_add_cert(3)
   */
  readonly ca?: string | Uint8Array
  /**
   * Trusts what the library trusts by default, at the places compiled into it, which need not exist here.
   * @default false
   * @see SSL_CTX_set_default_verify_paths(3)
   */
  readonly defaultVerifyPaths?: boolean
  /**
   * **By default nobody is verified**, as OpenSSL has it: a client accepts any certificate, and getVerifyResult() alone
   * tells. 'peer' (SSL_VERIFY_PEER) ends the handshake with an untrusted server; on a server it asks the client for a
   * certificate, and 'require' (SSL_VERIFY_FAIL_IF_NO_PEER_CERT as well) insists on one. 'report' is 'peer' that lets
   * every certificate pass, so that getVerifyResult() alone tells. The host name is verified only where `verifyHost` of
   * the Ssl names it.
   * @default 'none'
   * @see SSL_CTX_set_verify(3)
   */
  readonly verify?: SslVerifyMode
  /**
   * The lowest version that is negotiated.
   * @default the build's
   * @see SSL_CTX_set_min_proto_version(3)
   */
  readonly minVersion?: SslProtocol
  /**
   * The highest version that is negotiated.
   * @default the build's
   * @see SSL_CTX_set_max_proto_version(3)
   */
  readonly maxVersion?: SslProtocol
  /**
   * For TLS 1.2 and below, in the form of openssl-ciphers(1).
   * @default the build's
   * @see SSL_CTX_set_cipher_list(3)
   */
  readonly ciphers?: string
  /**
   * For TLS 1.3. BoringSSL lacks it.
   * @default the build's
   * @see SSL_CTX_set_ciphersuites(3)
   */
  readonly ciphersuites?: string
  /**
   * Groups of the key exchange: 'X25519:P-256'.
   * @default the build's
   * @see SSL_CTX_set1_groups_list(3)
   */
  readonly groups?: string
  /**
   * Names of protocols. A client offers them in this order; a server chooses the first of them that the client offers,
   * and ends the handshake with no_application_protocol where there is none: RFC 7301 section 3.2.
   * @see SSL_CTX_set_alpn_protos(3), SSL_CTX_set_alpn_select_cb(3)
   */
  readonly alpn?: readonly string[]
  /**
   * The cache of the context, and whose new sessions are told of by 'new_session'. A client's are taken with
   * getSession() in any mode. 'client-no-store' tells of a client's and keeps none (SSL_SESS_CACHE_NO_INTERNAL_STORE): one
   * context for many connections grows under 'client'.
   * @default 'server', by SSL_CTX_new(3)
   * @see SSL_CTX_set_session_cache_mode(3)
   */
  readonly sessionCache?: 'off' | 'client' | 'server' | 'both' | 'client-no-store'
  /**
   * At most 32 bytes of UTF-8. A server that verifies needs it to resume.
   * @see SSL_CTX_set_session_id_context(3)
   */
  readonly sessionIdContext?: string
  /**
   * How many tickets a server sends after a full handshake of TLS 1.3. BoringSSL sends them with the first data.
   * @default the build's, 2
   * @see SSL_CTX_set_num_tickets(3)
   */
  readonly tickets?: number
  /**
   * Names without `SSL_OP_`: `['IGNORE_UNEXPECTED_EOF', 'NO_TICKET']`. One that the build lacks, or has as 0, throws
   * ERR_OPENSSL_UNSUPPORTED_CALL.
   * @default the build's
   * @see SSL_CTX_set_options(3)
   */
  readonly options?: readonly SslOp[]
  /**
   * Closes without an alert. Handed on to every Ssl when it is made.
   * @default false, by SSL_CTX_new(3)
   * @see SSL_CTX_set_quiet_shutdown(3)
   */
  readonly quietShutdown?: boolean
  /**
   * A client lets the server ask for its certificate later: RFC 8446 section 4.2.6.
   * @default false, by SSL_CTX_new(3)
   * @see SSL_CTX_set_post_handshake_auth(3)
   */
  readonly postHandshakeAuth?: boolean
  /**
   * Reads as much as there is, not record by record.
   * @default false, by SSL_CTX_new(3)
   * @see SSL_CTX_set_read_ahead(3)
   */
  readonly readAhead?: boolean
  /**
   * SSL_MODE_RELEASE_BUFFERS: less memory for an idle Ssl, 4 to 5 % slower round trips.
   * @default false
   * @see SSL_CTX_set_mode(3)
   */
  readonly releaseBuffers?: boolean
  /**
   * Records 'keylog' events. They hold the connection's secrets.
   * @default false
   * @see SSL_CTX_set_keylog_callback(3)
   */
  readonly keylog?: boolean
}

export const contextRules = {
  side: (name: string, value: unknown) => checkOneOf(name, value, ['client', 'server']),
  cert: pem,
  key: pem,
  passphrase: checkTextIfGiven,
  ca: pem,
  defaultVerifyPaths: (name: string, value: unknown) => checkFlag(name, value) ?? false,
  verify: (_name: string, value: unknown) => (value === undefined ? undefined : verifyOf(value)),
  minVersion: (name: string, value: unknown) => number(name, value, protocolNumbers),
  maxVersion: (name: string, value: unknown) => number(name, value, protocolNumbers),
  ciphers: checkTextIfGiven,
  ciphersuites: checkTextIfGiven,
  groups: checkTextIfGiven,
  alpn: alpnWire,
  sessionCache: (name: string, value: unknown) => number(name, value, sessionCaches),
  sessionIdContext: utf8,
  tickets: (_name: string, value: unknown) => (value === undefined ? undefined : checkTickets(value)),
  options: (_name: string, value: unknown, library: LibraryIdentity) => checkSslOps(value, library),
  quietShutdown: checkFlag,
  postHandshakeAuth: checkFlag,
  readAhead: checkFlag,
  releaseBuffers: (name: string, value: unknown) => checkFlag(name, value) ?? false,
  keylog: (name: string, value: unknown) => checkFlag(name, value) ?? false,
} satisfies LibraryRules<SslContextOptions>

/** Options as the addon takes them: text as bytes, names as numbers. */
export type CheckedContextOptions = CheckedByRules<typeof contextRules>

/** Checks all before anything is made. */
export function checkContextOptions(given: SslContextOptions, library: LibraryIdentity): CheckedContextOptions {
  return checkByRules(contextRules, given, library)
}

/** What SSL_set_verify(3) is given for a mode. */
export interface VerifySetting {
  /** SSL_VERIFY_… */
  readonly mode: number
  /** By a callback. */
  readonly acceptsAll: boolean
}

export function verifyOf(value: unknown): VerifySetting {
  const mode = checkOneOf('verify', value, ['none', 'peer', 'require', 'report'])
  return { mode: verifyModes[mode], acceptsAll: mode === 'report' }
}

function pem(name: string, value: unknown): Uint8Array | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string') return Buffer.from(value)
  return checkBytes(name, value, 'PEM as a string or a Uint8Array')
}

function utf8(name: string, value: unknown): Uint8Array | undefined {
  return value === undefined ? undefined : Buffer.from(checkText(name, value))
}

function number(name: string, value: unknown, numbers: Readonly<Record<string, number>>): number | undefined {
  if (value === undefined) return undefined
  return numbers[checkOneOf(name, value, Object.keys(numbers))]
}

// A number that OpenSSL takes as a size_t and nobody means is refused here.
const maxTickets = 1000

function checkTickets(value: unknown): number {
  const tickets = checkCount('tickets', 'tickets', value, 0)
  if (tickets > maxTickets) throw invalid('tickets', `at most ${maxTickets} tickets`, value)
  return tickets
}

// RFC 7301 section 3.1: each name with its length before it.
function alpnWire(_name: string, protocols: unknown): Uint8Array | undefined {
  if (protocols === undefined) return undefined
  if (!Array.isArray(protocols) || protocols.length === 0) throw invalid('alpn', 'an array of names', protocols)
  const names = protocols.map((protocol: unknown) => {
    const name = typeof protocol === 'string' ? Buffer.from(protocol) : undefined
    if (name === undefined || name.length === 0 || name.length > 255) {
      throw invalid('alpn', 'names of 1 to 255 bytes', protocol)
    }
    return Buffer.concat([Buffer.from([name.length]), name])
  })
  const wire = Buffer.concat(names)
  if (wire.length > 0xff_ff) throw invalid('alpn', 'names of at most 65535 bytes together', protocols)
  return wire
}
