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

/** The same, checked, in the form in which the addon takes it. */
export interface CheckedContextOptions {
  readonly isServer: boolean
  readonly cert: Uint8Array | undefined
  readonly key: Uint8Array | undefined
  readonly passphrase: string | undefined
  readonly ca: Uint8Array | undefined
  readonly defaultVerifyPaths: boolean
  readonly verify: number | undefined
  readonly minVersion: number | undefined
  readonly maxVersion: number | undefined
  readonly ciphers: string | undefined
  readonly ciphersuites: string | undefined
  readonly groups: string | undefined
  readonly alpn: Uint8Array | undefined
  readonly sessionCache: number | undefined
  readonly sessionIdContext: Uint8Array | undefined
  readonly tickets: number | undefined
  readonly options: number
  readonly quietShutdown: boolean | undefined
  readonly postHandshakeAuth: boolean | undefined
  readonly readAhead: boolean | undefined
  readonly releaseBuffers: boolean
  readonly keylog: boolean
}

const keys: readonly (keyof SslContextOptions)[] = [
  'side',
  'cert',
  'key',
  'passphrase',
  'ca',
  'defaultVerifyPaths',
  'verify',
  'minVersion',
  'maxVersion',
  'ciphers',
  'ciphersuites',
  'groups',
  'alpn',
  'sessionCache',
  'sessionIdContext',
  'tickets',
  'options',
  'quietShutdown',
  'postHandshakeAuth',
  'readAhead',
  'releaseBuffers',
  'keylog',
]

/** Checks all before anything is made. */
export function checkContextOptions(given: SslContextOptions, build: LibraryIdentity): CheckedContextOptions {
  const options = checkOptions(given, keys)
  return {
    isServer: checkOneOf('side', options.side, ['client', 'server']) === 'server',
    cert: pem('cert', options.cert),
    key: pem('key', options.key),
    passphrase: text('passphrase', options.passphrase),
    ca: pem('ca', options.ca),
    defaultVerifyPaths: flag('defaultVerifyPaths', options.defaultVerifyPaths) ?? false,
    verify: options.verify === undefined ? undefined : verifyNumber(options.verify),
    minVersion: number('minVersion', options.minVersion, versions),
    maxVersion: number('maxVersion', options.maxVersion, versions),
    ciphers: text('ciphers', options.ciphers),
    ciphersuites: text('ciphersuites', options.ciphersuites),
    groups: text('groups', options.groups),
    alpn: alpnWire(options.alpn),
    sessionCache: number('sessionCache', options.sessionCache, sessionCaches),
    sessionIdContext: utf8('sessionIdContext', options.sessionIdContext),
    tickets: options.tickets === undefined ? undefined : checkTickets(options.tickets),
    options: checkSslOps(options.options, build),
    quietShutdown: flag('quietShutdown', options.quietShutdown),
    postHandshakeAuth: flag('postHandshakeAuth', options.postHandshakeAuth),
    readAhead: flag('readAhead', options.readAhead),
    releaseBuffers: flag('releaseBuffers', options.releaseBuffers) ?? false,
    keylog: flag('keylog', options.keylog) ?? false,
  }
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
function alpnWire(protocols: unknown): Uint8Array | undefined {
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
