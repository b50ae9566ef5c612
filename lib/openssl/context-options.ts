import type { LibraryIdentity } from './identity.js'
import { checkBoolean, checkBytes, checkCount, checkOneOf, checkOptions, checkText, invalid } from '../options.js'
import { checkSslOps, type SslOp } from './ssl-ops.js'

const versions = { TLSv1: 0x0301, 'TLSv1.1': 0x0302, 'TLSv1.2': 0x0303, 'TLSv1.3': 0x0304 } as const
/** SSL_VERIFY_… by our names. */
const verifyModes = { none: 0, peer: 1, require: 3 } as const
const sessionCaches = { off: 0, client: 1, server: 2, both: 3 } as const

/** SSL_VERIFY_NONE, SSL_VERIFY_PEER, and that with SSL_VERIFY_FAIL_IF_NO_PEER_CERT: SSL_CTX_set_verify(3). */
export type SslVerifyMode = keyof typeof verifyModes

/** A protocol version, by the name that OpenSSL has for it. */
export type SslProtocol = keyof typeof versions

/**
 * What an SSL_CTX is to be like. What is not named stays as SSL_CTX_new(3) leaves it in that build, so that builds can
 * be compared: the range of versions, the ciphers, the groups, and `verify: 'none'`.
 */
export interface SslContextOptions {
  /** TLS_client_method(3) or TLS_server_method(3). */
  readonly side: 'client' | 'server'
  /** PEM: the leaf first, then its chain. SSL_CTX_use_certificate(3), SSL_CTX_add_extra_chain_cert(3) */
  readonly cert?: string | Uint8Array
  /**
   * PEM: the private key of `cert`, which is checked against it. SSL_CTX_use_PrivateKey(3),
   * SSL_CTX_check_private_key(3)
   */
  readonly key?: string | Uint8Array
  /** Opens an encrypted `key`. */
  readonly passphrase?: string
  /** PEM: certificates that are trusted. SSL_CTX_get_cert_store(3), X509_STORE_add_cert(3) */
  readonly ca?: string | Uint8Array
  /**
   * Trusts what the library trusts by default, at the places compiled into it, which need not exist here.
   * SSL_CTX_set_default_verify_paths(3)
   * @default false
   */
  readonly defaultVerifyPaths?: boolean
  /**
   * SSL_CTX_set_verify(3). **By default nobody is verified**, as OpenSSL has it: a client accepts any certificate, and
   * getVerifyResult() alone tells. 'peer' (SSL_VERIFY_PEER) ends the handshake with an untrusted server; on a server it
   * asks the client for a certificate, and 'require' (SSL_VERIFY_FAIL_IF_NO_PEER_CERT as well) insists on one. The host
   * name is verified only where `verifyHost` of the Ssl names it.
   * @default 'none'
   */
  readonly verify?: SslVerifyMode
  /** SSL_CTX_set_min_proto_version(3) */
  readonly minVersion?: SslProtocol
  /** SSL_CTX_set_max_proto_version(3) */
  readonly maxVersion?: SslProtocol
  /** For TLS 1.2 and below: SSL_CTX_set_cipher_list(3), openssl-ciphers(1) */
  readonly ciphers?: string
  /** For TLS 1.3: SSL_CTX_set_ciphersuites(3). BoringSSL lacks it. */
  readonly ciphersuites?: string
  /** 'X25519:P-256': SSL_CTX_set1_groups_list(3) */
  readonly groups?: string
  /**
   * A client offers them in this order; a server chooses the first of them that the client offers, and ends the
   * handshake with no_application_protocol where there is none: RFC 7301 section 3.2. SSL_CTX_set_alpn_protos(3),
   * SSL_CTX_set_alpn_select_cb(3)
   */
  readonly alpn?: readonly string[]
  /**
   * SSL_CTX_set_session_cache_mode(3): the cache of the context, and whose new sessions are told of by 'new_session'. A
   * client's are taken with getSession() in any mode.
   * @default 'server', by SSL_CTX_new(3)
   */
  readonly sessionCache?: 'off' | 'client' | 'server' | 'both'
  /** At most 32 bytes of UTF-8. A server that verifies needs it to resume. SSL_CTX_set_session_id_context(3) */
  readonly sessionIdContext?: string
  /** How many tickets a server sends after a full handshake of TLS 1.3. SSL_CTX_set_num_tickets(3) */
  readonly tickets?: number
  /** SSL_OP_… without that prefix: SSL_CTX_set_options(3). */
  readonly options?: readonly SslOp[]
  /** Handed on to every Ssl when it is made: SSL_CTX_set_quiet_shutdown(3). */
  readonly quietShutdown?: boolean
  /** On a client: SSL_CTX_set_post_handshake_auth(3), RFC 8446 section 4.2.6. */
  readonly postHandshakeAuth?: boolean
  /** Reads as much as there is, not record by record: SSL_CTX_set_read_ahead(3). */
  readonly readAhead?: boolean
  /** SSL_MODE_RELEASE_BUFFERS: less memory for an idle Ssl, 4 to 5 % slower round trips. SSL_CTX_set_mode(3) */
  readonly releaseBuffers?: boolean
  /** Records 'keylog' events: SSL_CTX_set_keylog_callback(3). They hold the connection's secrets. */
  readonly keylog?: boolean
}

/** The table of the options: the check of each, which is given the library too. */
export const contextRules = {
  side: (name: string, value: unknown) => checkOneOf(name, value, ['client', 'server']),
  cert: pem,
  key: pem,
  passphrase: text,
  ca: pem,
  defaultVerifyPaths: (name: string, value: unknown) => flag(name, value) ?? false,
  verify: (_name: string, value: unknown) => (value === undefined ? undefined : verifyNumber(value)),
  minVersion: (name: string, value: unknown) => number(name, value, versions),
  maxVersion: (name: string, value: unknown) => number(name, value, versions),
  ciphers: text,
  ciphersuites: text,
  groups: text,
  alpn: alpnWire,
  sessionCache: (name: string, value: unknown) => number(name, value, sessionCaches),
  sessionIdContext: utf8,
  tickets: (_name: string, value: unknown) => (value === undefined ? undefined : checkTickets(value)),
  options: (_name: string, value: unknown, library: LibraryIdentity) => checkSslOps(value, library),
  quietShutdown: flag,
  postHandshakeAuth: flag,
  readAhead: flag,
  releaseBuffers: (name: string, value: unknown) => flag(name, value) ?? false,
  keylog: (name: string, value: unknown) => flag(name, value) ?? false,
} satisfies Readonly<
  Record<keyof SslContextOptions, (name: string, value: unknown, library: LibraryIdentity) => unknown>
>

/** Options as the addon takes them: text as bytes, names as numbers. */
export type CheckedContextOptions = {
  readonly [K in keyof typeof contextRules]: ReturnType<(typeof contextRules)[K]>
}

/** Checks all before anything is made. */
export function checkContextOptions(given: SslContextOptions, library: LibraryIdentity): CheckedContextOptions {
  const options: object = checkOptions(given, Object.keys(contextRules))
  const checked: object = Object.fromEntries(
    Object.entries(contextRules).map(([name, check]) => [name, check(name, Reflect.get(options, name), library)]),
  )
  if (!isComplete(checked)) throw new Error('an option has no rule')
  return checked
}

function isComplete(checked: object): checked is CheckedContextOptions {
  return Object.keys(contextRules).every((name) => name in checked)
}

/** A verify mode by number. */
export function verifyNumber(mode: unknown): number {
  return verifyModes[checkOneOf('verify', mode, ['none', 'peer', 'require'])]
}

function pem(name: string, value: unknown): Uint8Array | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string') return Buffer.from(value)
  return checkBytes(name, value, 'PEM as a string or a Uint8Array')
}

function text(name: string, value: unknown): string | undefined {
  return value === undefined ? undefined : checkText(name, value)
}

function flag(name: string, value: unknown): boolean | undefined {
  return value === undefined ? undefined : checkBoolean(name, value)
}

function utf8(name: string, value: unknown): Uint8Array | undefined {
  return value === undefined ? undefined : Buffer.from(checkText(name, value))
}

function number(name: string, value: unknown, numbers: Readonly<Record<string, number>>): number | undefined {
  if (value === undefined) return undefined
  return numbers[checkOneOf(name, value, Object.keys(numbers))]
}

// What OpenSSL takes as a size_t and nobody means is refused here.
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
