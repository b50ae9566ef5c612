/** The options of `probe()`, their checks and their defaults. */
import { ClosureError } from '../../errors.js'
import {
  checkAll,
  checkBytes,
  checkCount,
  checkOneOf,
  checkOptions,
  checkText,
  checkTextIfGiven,
  choicesOf,
  invalid,
  type OptionRule,
  type OptionRules,
  signalOption,
} from '../../options.js'
import { tlsVersions, type TlsVersion } from '../../tls/versions.js'
import { parseProxy } from '../transport/proxy-address.js'
import { type StartTlsProtocol, startTlsProtocols } from '../transport/starttls/protocols.js'
import { canonicalHost } from '../transport/target.js'
import type { CccLogin } from './ccc.js'
import type { Question } from './result.js'

/** Options of `probe()`: what is asked, by which way, and how long is waited. Unknown keys are refused by name. */
export interface ProbeOptions {
  /**
   * What is asked for: GET by HTTP/1.1 or HTTP/2, bytes of your own, or nothing, which leaves out what needs a request.
   * @default 'http/1.1'; 'h2' where `alpn` has it alone; 'none' with `starttls`
   */
  readonly request?: 'http/1.1' | 'h2' | 'none' | Uint8Array
  /**
   * The path of the GET. One that gives a large response shows more of half-closing.
   * @default '/'
   */
  readonly path?: string
  /**
   * The User-Agent of the GET.
   * @default 'close-notify-probe'
   */
  readonly userAgent?: string
  /** @default both, TLSv1.2 and TLSv1.3 */
  readonly versions?: readonly TlsVersion[]
  /** @default all that the request allows; `idle` where `idle` gives its time */
  readonly questions?: readonly Question[]
  /**
   * How long nothing has to come until that is the answer, in ms.
   * @default 2000
   */
  readonly wait?: number
  /**
   * For connecting, STARTTLS and the handshake of each connection together, and for each response, in ms.
   * @default 5000
   */
  readonly timeout?: number
  /**
   * For all connections together, in ms: what is not answered by then is not observed.
   * @default 60000, and `idle` for each version
   */
  readonly totalTimeout?: number
  /** How long the server is watched while nothing is sent, in ms. Not asked by default. */
  readonly idle?: number
  /**
   * Bytes of a response that are read.
   * @default 16777216
   */
  readonly maxBytes?: number
  /**
   * The name that the server is asked for (SNI).
   * @default the host, unless it is an address
   */
  readonly servername?: string
  /**
   * Protocols that are offered by ALPN: RFC 7301.
   * @default none; `h2` with request `h2`
   */
  readonly alpn?: readonly string[]
  /** The protocol in which TLS is asked for first. Its port is the default port. */
  readonly starttls?: StartTlsProtocol
  /**
   * Also asks an FTP server for CCC, on a connection of its own: after a login, which most servers want, or without.
   * The login is sent in TLS, to whoever answers there: no certificate is verified before.
   * @default false
   * @see RFC 4217 section 5
   */
  readonly ccc?: boolean | { readonly user: string; readonly password: string }
  /** `http://host:port` (CONNECT) or `socks5://host:port`. */
  readonly proxy?: string
  /** @default both, as the system orders them */
  readonly family?: 4 | 6
  /** PEM: a certificate for servers that ask for one, and its key. */
  readonly cert?: string | Uint8Array
  readonly key?: string | Uint8Array
  /** PEM: what is trusted, instead of what Node trusts. No answer depends on it. */
  readonly ca?: string | Uint8Array
  /** The libssl to probe with. @default Node's own */
  readonly library?: string
  /** Ends the probe; what has been found by then is lost. */
  readonly signal?: AbortSignal
}

export type CheckedProbeOptions = ReturnType<typeof checkProbeOptions>

/** Their names, in the order in which they are asked. */
export const questions = [
  'afterResponse',
  'onCloseNotify',
  'onCloseNotifyAfterRequest',
  'onFin',
  'onFinInRequest',
  'idle',
] as const satisfies readonly Question[]

/** Those that send a request. */
export const withRequest: readonly Question[] = ['afterResponse', 'onCloseNotifyAfterRequest', 'onFinInRequest']

const probeRules = {
  request: { check: checkRequest, unit: '', default: "'http/1.1'; 'h2' where alpn has it alone; 'none' with starttls" },
  path: { check: checkPath, unit: '', default: "'/'" },
  userAgent: { check: checkUserAgent, unit: '', default: "'close-notify-probe'" },
  versions: choicesOf(tlsVersions, tlsVersions, 'both'),
  questions: choicesOf(questions, questions, 'all that the request allows'),
  wait: positive('ms', 2000),
  timeout: positive('ms', 5000),
  totalTimeout: { check: checkTimeIfGiven, unit: 'ms', default: '60000, and idle for each version' },
  idle: { check: checkTimeIfGiven, unit: 'ms', default: 'not asked' },
  maxBytes: positive('bytes', 16 * 1024 * 1024),
  servername: { check: checkServername, unit: '', default: 'the host, unless it is an address' },
  alpn: { check: checkNames, unit: '', default: "none; 'h2' with request 'h2'" },
  starttls: { check: checkStartTls, unit: '', default: 'none' },
  ccc: { check: checkCcc, unit: '', default: 'false' },
  proxy: { check: checkProxy, unit: '', default: 'none' },
  family: { check: checkFamily, unit: '', default: 'both' },
  cert: { check: checkPem, unit: '', default: 'none' },
  key: { check: checkPem, unit: '', default: 'none' },
  ca: { check: checkPem, unit: '', default: 'what Node trusts' },
  library: { check: checkTextIfGiven, unit: '', default: "Node's own" },
  signal: signalOption,
} satisfies OptionRules<ProbeOptions>

/** @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT, also for what would be left unused */
export function checkProbeOptions(given: ProbeOptions | undefined) {
  const checked = checkAll(probeRules, given)
  const { starttls, idle } = checked
  if ((checked.cert === undefined) !== (checked.key === undefined)) {
    throw new ClosureError('ERR_CLOSURE_INVALID_ARGUMENT', 'The options cert and key belong together')
  }
  // Undefined where it is not asked for.
  const ccc = checked.ccc === false ? undefined : { login: checked.ccc === true ? undefined : checked.ccc }
  if (ccc !== undefined && starttls !== 'ftp') {
    throw new ClosureError('ERR_CLOSURE_INVALID_ARGUMENT', "Expected starttls 'ftp' with ccc: it is a command of FTP's")
  }
  if (checked.family !== undefined && checked.proxy !== undefined && parseProxy(checked.proxy).kind !== 'socks5') {
    throw invalid('family', 'none with a proxy that looks names up itself', checked.family)
  }
  const request = checked.request ?? defaultRequest(checked)
  checkUsed(given, request)
  const questions = askedOf({ questions: checked.questions, isChosen: given?.questions !== undefined, request, idle })
  const totalTimeout = checked.totalTimeout ?? Math.min(most, 60_000 + (idle ?? 0) * checked.versions.length)
  return { ...checked, ccc, request, totalTimeout, questions }
}

/** Who offers HTTP/2 alone is to speak it. */
function defaultRequest({
  starttls,
  alpn = [],
}: {
  readonly starttls: StartTlsProtocol | undefined
  readonly alpn: readonly string[] | undefined
}): 'http/1.1' | 'h2' | 'none' {
  if (starttls !== undefined) return 'none'
  return alpn.length > 0 && alpn.every((name) => name === 'h2') ? 'h2' : 'http/1.1'
}

/** What would be left unused is refused: whoever gives it expects something of it. */
function checkUsed(given: ProbeOptions | undefined, request: ProbeOptions['request']): void {
  if (request === 'http/1.1' || request === 'h2') return
  for (const name of ['path', 'userAgent'] as const) {
    const value = given?.[name]
    if (value === undefined) continue
    throw invalid(name, `none where the request is ${request === 'none' ? "'none'" : 'bytes'}`, value)
  }
}

/** The questions that can be asked. Of those that the caller has chosen, all have to be. */
function askedOf({ questions: chosen, isChosen, request, idle }: Choice): readonly Question[] {
  if (!isChosen) {
    return chosen.filter((question) => {
      return question === 'idle' ? idle !== undefined : request !== 'none' || !withRequest.includes(question)
    })
  }
  const unasked = chosen.filter((question) => request === 'none' && withRequest.includes(question))
  if (unasked.length > 0) throw invalid('questions', "those without a request, for that is 'none',", unasked.join(', '))
  if (chosen.includes('idle') && idle === undefined) {
    throw invalid('questions', "no 'idle' without the option idle", chosen.join(', '))
  }
  if (!chosen.includes('idle') && idle !== undefined) {
    throw invalid('questions', "'idle' among those with the option idle", chosen.join(', '))
  }
  return chosen
}

interface Choice {
  readonly questions: readonly Question[]
  /** By the caller. */
  readonly isChosen: boolean
  readonly request: ProbeOptions['request']
  readonly idle: number | undefined
}

function checkRequest(name: string, value: unknown): 'http/1.1' | 'h2' | 'none' | Uint8Array | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string') return checkOneOf(name, value, ['http/1.1', 'h2', 'none'])
  const bytes = checkBytes(name, value, "'http/1.1', 'h2', 'none' or a Uint8Array")
  return bytes.length === 0 ? 'none' : bytes
}

function checkCcc(name: string, value: unknown = false): boolean | CccLogin {
  if (typeof value === 'boolean') return value
  if (typeof value !== 'object' || value === null) throw invalid(name, 'a boolean, or a user and a password', value)
  const { user, password } = checkOptions<Partial<CccLogin>>(value, ['user', 'password'])
  return { user: checkWord('ccc.user', user), password: checkWord('ccc.password', password) }
}

/** What goes into a command must not begin another one. Nobody is told what it was. */
function checkWord(name: string, value: unknown): string {
  if (typeof value === 'string' && /^[^\p{Cc}]+$/u.test(value)) return value
  throw new ClosureError('ERR_CLOSURE_INVALID_ARGUMENT', `Expected text without control characters for ${name}`)
}

function checkPath(name: string, value: unknown = '/'): string {
  const path = checkHeader(name, value)
  if (!path.startsWith('/')) throw invalid(name, 'a path that begins with /', value)
  if (path.includes(' ')) throw invalid(name, 'a path whose spaces are written %20', value)
  return path
}

function checkUserAgent(name: string, value: unknown = 'close-notify-probe'): string {
  return checkHeader(name, value)
}

/** What goes into a line of HTTP must not begin another one. */
function checkHeader(name: string, value: unknown): string {
  const text = checkText(name, value)
  if (!/^[\x20-\x7e]+$/.test(text)) throw invalid(name, 'printable ASCII', value)
  return text
}

// The longest time that a timer of Node can hold.
const most = 2 ** 31 - 1

/** A number of something, one at least. */
function positive(unit: 'ms' | 'bytes', fallback: number): OptionRule<number> {
  const check = (name: string, value: unknown = fallback): number => checkPositive(name, unit, value)
  return { check, unit, default: String(fallback) }
}

function checkTimeIfGiven(name: string, value: unknown): number | undefined {
  return value === undefined ? undefined : checkPositive(name, 'ms', value)
}

function checkPositive(name: string, unit: string, value: unknown): number {
  const count = checkCount(name, unit, value, 0)
  if (count === 0 || count > most) throw invalid(name, `1 to ${most} ${unit}`, value)
  return count
}

function checkNames(name: string, value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined
  if (!Array.isArray(value)) throw invalid(name, 'an array of names', value)
  return value.map((each: unknown) => checkText(name, each))
}

function checkStartTls(name: string, value: unknown): StartTlsProtocol | undefined {
  return value === undefined ? undefined : checkOneOf(name, value, startTlsProtocols)
}

function checkProxy(name: string, value: unknown): string | undefined {
  const url = checkTextIfGiven(name, value)
  if (url !== undefined) parseProxy(url)
  return url
}

/** As SNI has it, in ASCII and without a trailing dot: RFC 6066 section 3. */
function checkServername(name: string, value: unknown): string | undefined {
  const text = checkTextIfGiven(name, value)
  if (text === undefined) return undefined
  const host = canonicalHost(text)
  if (host === undefined) throw invalid(name, 'the name of a host', value)
  return host.replace(/\.$/, '')
}

function checkFamily(name: string, value: unknown): 4 | 6 | undefined {
  if (value === undefined || value === 4 || value === 6) return value
  throw invalid(name, '4 or 6', value)
}

function checkPem(name: string, value: unknown): string | Uint8Array | undefined {
  return value === undefined || typeof value === 'string'
    ? value
    : checkBytes(name, value, 'PEM as a string or a Uint8Array')
}
