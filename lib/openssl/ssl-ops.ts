// SSL_OP_…, SSL_CTX_set_options(3): bits that mean different things in different libraries. Those that concern DTLS or
// a socket of OpenSSL's own (KTLS) are left out.
import type { LibraryIdentity } from './identity.js'
import { ClosureError } from '../errors.js'
import { invalid } from '../options.js'

// The number of the bit in OpenSSL, and the release that brought it.
const openssl = {
  NO_EXTENDED_MASTER_SECRET: [0, '3.0'],
  CLEANSE_PLAINTEXT: [1, '3.0'],
  LEGACY_SERVER_CONNECT: [2, '1.1.1'],
  TLSEXT_PADDING: [4, '1.1.1'],
  SAFARI_ECDHE_ECDSA_BUG: [6, '1.1.1'],
  IGNORE_UNEXPECTED_EOF: [7, '3.0'],
  ALLOW_CLIENT_RENEGOTIATION: [8, '3.0'],
  DISABLE_TLSEXT_CA_NAMES: [9, '3.0'],
  ALLOW_NO_DHE_KEX: [10, '1.1.1'],
  DONT_INSERT_EMPTY_FRAGMENTS: [11, '1.1.1'],
  NO_TICKET: [14, '1.1.1'],
  NO_SESSION_RESUMPTION_ON_RENEGOTIATION: [16, '1.1.1'],
  NO_COMPRESSION: [17, '1.1.1'],
  ALLOW_UNSAFE_LEGACY_RENEGOTIATION: [18, '1.1.1'],
  NO_ENCRYPT_THEN_MAC: [19, '1.1.1'],
  ENABLE_MIDDLEBOX_COMPAT: [20, '1.1.1'],
  PRIORITIZE_CHACHA: [21, '1.1.1'],
  CIPHER_SERVER_PREFERENCE: [22, '1.1.1'],
  TLS_ROLLBACK_BUG: [23, '1.1.1'],
  NO_ANTI_REPLAY: [24, '1.1.1'],
  NO_SSLv3: [25, '1.1.1'],
  NO_TLSv1: [26, '1.1.1'],
  NO_TLSv1_2: [27, '1.1.1'],
  NO_TLSv1_1: [28, '1.1.1'],
  NO_TLSv1_3: [29, '1.1.1'],
  NO_RENEGOTIATION: [30, '1.1.1'],
  CRYPTOPRO_TLSEXT_BUG: [31, '1.1.1'],
  NO_TX_CERTIFICATE_COMPRESSION: [32, '3.2'],
  NO_RX_CERTIFICATE_COMPRESSION: [33, '3.2'],
  PREFER_NO_DHE_KEX: [35, '3.3'],
  LEGACY_EC_POINT_FORMATS: [36, '3.6'],
} as const

const releases = { '1.1.1': 0x1010100f, '3.0': 0x30000000, '3.2': 0x30200000, '3.3': 0x30300000, '3.6': 0x30600000 }

// The others define most names as 0, so that programs compile. These do something.
const boringssl: Readonly<Partial<Record<SslOp, number>>> = {
  NO_TICKET: 14,
  CIPHER_SERVER_PREFERENCE: 22,
  NO_TLSv1: 26,
  NO_TLSv1_2: 27,
  NO_TLSv1_1: 28,
  NO_TLSv1_3: 29,
}

const libressl: Readonly<Partial<Record<SslOp, number>>> = {
  ...boringssl,
  LEGACY_SERVER_CONNECT: 2,
  NO_SESSION_RESUMPTION_ON_RENEGOTIATION: 16,
  NO_RENEGOTIATION: 18,
  ALLOW_CLIENT_RENEGOTIATION: 19,
}

/**
 * An option of SSL_CTX_set_options(3), without its SSL_OP_.
 * @useDeclaredType
 */
export type SslOp = keyof typeof openssl

/** The bits of some options in a build. */
export function checkSslOps(options: unknown, build: LibraryIdentity): number {
  if (options === undefined) return 0
  if (!Array.isArray(options)) throw invalid('options', 'an array of names', options)
  // Not a bitwise or, which has 32 bits only.
  return [...new Set<unknown>(options)].reduce<number>((bits, option) => bits + 2 ** bitOf(option, build), 0)
}

function bitOf(name: unknown, build: LibraryIdentity): number {
  const option = known.find((each) => each === name)
  if (option === undefined) throw unknownOption(name)
  const bit = bitIn(option, build)
  if (bit !== undefined) return bit
  const message = `${build.version} lacks SSL_OP_${option}${releaseHint(option, build)}`
  throw new ClosureError('ERR_OPENSSL_UNSUPPORTED_CALL', message)
}

function bitIn(option: SslOp, { kind, versionNumber }: LibraryIdentity): number | undefined {
  if (kind === 'LibreSSL') return libressl[option]
  if (kind !== 'OpenSSL') return boringssl[option]
  const [bit, since] = openssl[option]
  return versionNumber >= releases[since] ? bit : undefined
}

function releaseHint(option: SslOp, { kind }: LibraryIdentity): string {
  return kind === 'OpenSSL' ? `, which came with OpenSSL ${openssl[option][1]}` : ', or has it as 0, which does nothing'
}

const known = Object.keys(openssl).filter((name): name is SslOp => Object.hasOwn(openssl, name))

function unknownOption(name: unknown): ClosureError {
  const bare = typeof name === 'string' ? name.replace(/^SSL_OP_/, '') : name
  if (known.some((each) => each === bare))
    return invalid('options', `the name without SSL_OP_, '${String(bare)}',`, name)
  return invalid('options', `one of ${known.join(', ')}`, name)
}
