// Contexts as node:tls has them: what its options say, in the calls of the engine.
import { createHash } from 'node:crypto'
import tls from 'node:tls'
import { loadOpenSSL } from '../openssl/load.js'
import { OpenSSL } from '../openssl/openssl.js'
import type { SslContext, SslProtocol } from '../openssl/index.js'
import { checkAll, checkBytes, checkOneOf, checkText, checkTextIfGiven, invalid, type OptionRules } from '../options.js'
import { protocolNumbers } from '../tls/versions.js'
import { defaultCa } from './default-ca.js'

/** PEM, one or more certificates. */
export type Pem = string | Uint8Array

/** The options of node:tls that make a context. Unknown keys are refused by name. */
export interface ContextOptions {
  /**
   * The library: of `loadOpenSSL()`.
   * @default the process's own
   */
  readonly openssl?: OpenSSL
  /**
   * The certificates that are trusted.
   * @default those of node:tls: tls.getCACertificates(), or tls.rootCertificates and NODE_EXTRA_CA_CERTS
   */
  readonly ca?: Pem | readonly Pem[]
  /** The certificate that is shown, then its chain. */
  readonly cert?: Pem
  /** The private key of `cert`. */
  readonly key?: Pem
  /** Opens an encrypted `key`. */
  readonly passphrase?: string
  /** Names of protocols, the most wanted first: RFC 7301. */
  readonly ALPNProtocols?: readonly string[]
  /**
   * The lowest version.
   * @default tls.DEFAULT_MIN_VERSION
   */
  readonly minVersion?: SslProtocol
  /**
   * The highest version.
   * @default tls.DEFAULT_MAX_VERSION
   */
  readonly maxVersion?: SslProtocol
  /**
   * In the form of openssl-ciphers(1). Names that begin with TLS_ are of TLS 1.3.
   * @default the build's
   */
  readonly ciphers?: string
}

const versions = Object.keys(protocolNumbers)
const text = { check: checkTextIfGiven, unit: '', default: 'none' } as const
const pemOption = {
  check: (name: string, value: unknown) => (value === undefined ? undefined : checkPem(name, value)),
  unit: '',
  default: 'none',
} as const

export const contextRules = {
  openssl: {
    check: (name, value) => {
      if (value === undefined || value instanceof OpenSSL) return value
      throw invalid(name, 'an OpenSSL of loadOpenSSL()', value)
    },
    unit: '',
    default: "the process's own",
  },
  ca: {
    check: checkPems,
    unit: '',
    default: 'those of node:tls: tls.getCACertificates(), or tls.rootCertificates and NODE_EXTRA_CA_CERTS',
  },
  cert: pemOption,
  key: pemOption,
  passphrase: text,
  ALPNProtocols: { check: checkNames, unit: '', default: 'none' },
  minVersion: { check: checkVersion, unit: '', default: 'tls.DEFAULT_MIN_VERSION' },
  maxVersion: { check: checkVersion, unit: '', default: 'tls.DEFAULT_MAX_VERSION' },
  ciphers: { check: checkTextIfGiven, unit: '', default: "the build's" },
} satisfies OptionRules<ContextOptions>

/** Their names. */
export const contextOptions: readonly string[] = Object.keys(contextRules)

type CheckedContextOptions = { readonly [K in keyof ContextOptions]: ContextOptions[K] | undefined }

/** Of more options those that make a context, and are given. */
export function contextOptionsOf(options: CheckedContextOptions): ContextOptions {
  const { openssl, ca, cert, key, passphrase, ALPNProtocols, minVersion, maxVersion, ciphers } = options
  return {
    ...(openssl !== undefined && { openssl }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(passphrase !== undefined && { passphrase }),
    ...(ALPNProtocols !== undefined && { ALPNProtocols }),
    ...(minVersion !== undefined && { minVersion }),
    ...(maxVersion !== undefined && { maxVersion }),
    ...(ciphers !== undefined && { ciphers }),
  }
}

/** What the connections of a context have in common, beside its options. */
export interface ContextUse {
  readonly side: 'client' | 'server'
  /** `peer`: an untrusted peer ends the handshake; `require`: a client without a certificate too. */
  readonly verify: 'none' | 'peer' | 'require'
}

/**
 * A context for `new TlsStream()`, from options as node:tls has them: SSL_CTX_new(3). By default a client's refuses a
 * server that it cannot verify, and a server's asks nobody for a certificate.
 *
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT; ERR_OPENSSL_CALL_FAILED; ERR_OPENSSL_UNSUPPORTED_CALL;
 * ERR_CLOSURE_UNSUPPORTED_RUNTIME
 */
export function createContext(side: 'client' | 'server', options?: ContextOptions): SslContext {
  checkOneOf('side', side, ['client', 'server'])
  return makeContext({ side, verify: side === 'client' ? 'peer' : 'none' }, options ?? {})
}

// To read the roots that are trusted by default takes tens of ms: a client's contexts of the same options are made once.
// What is kept holds the keys of the program's last contexts; a server's is its own, for it encrypts its tickets.
const made = new WeakMap<OpenSSL, Map<string, SslContext>>()
const mostKept = 32

/** The same, for connect() and servers. It is not to be freed: it goes with the garbage. */
export function contextOf(use: ContextUse, options: ContextOptions = {}): SslContext {
  const { openssl = loadOpenSSL() } = options
  if (use.side === 'server' || !(openssl instanceof OpenSSL)) return makeContext(use, options)
  const kept = made.get(openssl) ?? new Map<string, SslContext>()
  made.set(openssl, kept)
  const name = nameOf(use, options)
  const known = kept.get(name)
  if (known !== undefined) return known
  const context = makeContext(use, options)
  const [oldest] = kept.keys()
  if (kept.size >= mostKept && oldest !== undefined) kept.delete(oldest)
  kept.set(name, context)
  return context
}

// A key itself is not to lie in a table, and a list of certificates is long.
function nameOf(use: ContextUse, { openssl: _one, ca, cert, key, passphrase, ...plain }: ContextOptions): string {
  const edition = ca === undefined ? defaultCa().edition : 0
  const texts = [[ca ?? []].flat(), cert ?? [], key ?? [], passphrase ?? []].map((each) => [each].flat().map(bytesOf))
  const lengths = texts.map((each) => each.map(({ length }) => length))
  const facts = [use, plain, tls.DEFAULT_MIN_VERSION, tls.DEFAULT_MAX_VERSION, edition, lengths]
  const hash = createHash('sha256').update(JSON.stringify(facts))
  for (const bytes of texts.flat()) hash.update(bytes)
  return hash.digest('base64')
}

function bytesOf(text: Pem): Uint8Array {
  return typeof text === 'string' ? Buffer.from(text) : text
}

function makeContext({ side, verify }: ContextUse, options: ContextOptions): SslContext {
  const {
    openssl = loadOpenSSL(),
    ca,
    cert,
    key,
    passphrase,
    ALPNProtocols,
    ciphers,
    ...range
  } = checkAll(contextRules, options)
  const needsRoots = side === 'client' || verify !== 'none'
  const roots = ca === undefined && needsRoots ? defaultCa() : undefined
  const trusted = ca ?? roots?.pem
  return openssl.createContext({
    side,
    verify,
    // As Node has it: an idle connection needs none of the 34 KB that the buffers of an SSL take.
    releaseBuffers: !openssl.lacking.includes('SSL_CTX_set_mode'),
    sessionCache: side === 'client' ? 'client-no-store' : 'off',
    minVersion: range.minVersion ?? tls.DEFAULT_MIN_VERSION,
    maxVersion: range.maxVersion ?? tls.DEFAULT_MAX_VERSION,
    ...ciphersOf(ciphers),
    ...(trusted !== undefined && { ca: trusted }),
    ...(roots !== undefined && { defaultVerifyPaths: roots.defaultVerifyPaths }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(passphrase !== undefined && { passphrase }),
    ...(ALPNProtocols !== undefined && { alpn: ALPNProtocols }),
    // Without one OpenSSL refuses to resume where clients are verified.
    ...(side === 'server' && { sessionIdContext: 'close-notify' }),
    ...(side === 'server' && renegotiatesAtWill(openssl) && { options: ['NO_RENEGOTIATION'] as const }),
  })
}

// OpenSSL 3 refuses that to clients by itself. Each new handshake costs the server far more than the client.
function renegotiatesAtWill({ kind, versionNumber }: OpenSSL): boolean {
  return kind === 'OpenSSL' && versionNumber < 0x30000000
}

// One list in Node, two in OpenSSL.
function ciphersOf(list: string | undefined): { readonly ciphers?: string; readonly ciphersuites?: string } {
  if (list === undefined) return {}
  const names = list.split(':')
  const suites = names.filter((name) => name.startsWith('TLS_'))
  const others = names.filter((name) => !name.startsWith('TLS_'))
  return {
    ...(others.length > 0 && { ciphers: others.join(':') }),
    ...(suites.length > 0 && { ciphersuites: suites.join(':') }),
  }
}

function checkVersion(name: string, value: unknown): SslProtocol | undefined {
  if (value === undefined) return undefined
  const version = checkOneOf(name, value, versions)
  if (!isVersion(version)) throw invalid(name, 'a version', value)
  return version
}

function isVersion(name: string): name is SslProtocol {
  return name in protocolNumbers
}

function checkNames(name: string, value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined
  if (!Array.isArray(value)) throw invalid(name, 'an array of names', value)
  return value.map((one: unknown) => checkText(name, one))
}

function checkPem(name: string, value: unknown): Pem {
  return typeof value === 'string' ? value : checkBytes(name, value, 'PEM as a string or a Uint8Array')
}

function checkPems(name: string, value: unknown): Pem | undefined {
  if (value === undefined) return undefined
  if (!Array.isArray(value)) return checkPem(name, value)
  return value.map((one: unknown) => Buffer.from(checkPem(name, one)).toString()).join('\n')
}
