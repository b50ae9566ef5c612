/** The options of `probe()`, their checks and their defaults. */
import { ClosureError } from '../../errors.js'
import {
  checkBytes,
  checkCount,
  checkOneOf,
  checkOptions,
  checkText,
  checkTextIfGiven,
  invalid,
} from '../../options.js'
import { tlsVersions, type TlsVersion } from '../../tls/versions.js'
import { parseProxy } from '../transport/proxy-address.js'
import { type StartTlsProtocol, startTlsProtocols } from '../transport/starttls/protocols.js'
import type { CccLogin } from './ccc.js'
import type { Question } from './result.js'

export interface ProbeOptions {
  /**
   * What is asked for: GET by HTTP/1.1 or HTTP/2, bytes of your own, or nothing, which leaves out what needs a request.
   * @default 'http/1.1'; 'none' with `starttls`
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
   * For all connections together, in ms: questions that are not asked by then are left out.
   * @default 60000
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
const withRequest: readonly Question[] = ['afterResponse', 'onCloseNotifyAfterRequest', 'onFinInRequest']

const known = [
  ...['request', 'path', 'userAgent', 'versions', 'questions', 'wait', 'timeout', 'totalTimeout', 'idle', 'maxBytes'],
  ...['servername', 'alpn', 'starttls', 'ccc', 'proxy', 'family', 'cert', 'key', 'ca', 'library', 'signal'],
]

/** @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT */
export function checkProbeOptions(given: ProbeOptions | undefined) {
  const options = checkOptions(given, known)
  const { family, signal, alpn } = options
  const starttls =
    options.starttls === undefined ? undefined : checkOneOf('starttls', options.starttls, startTlsProtocols)
  const request = checkRequest(options.request ?? (starttls === undefined ? 'http/1.1' : 'none'))
  if (family !== undefined && family !== 4 && family !== 6) throw invalid('family', '4 or 6', family)
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw invalid('signal', 'an AbortSignal', signal)
  if (alpn !== undefined && (!Array.isArray(alpn) || alpn.some((name) => typeof name !== 'string'))) {
    throw invalid('alpn', 'an array of names', alpn)
  }
  if ((options.cert === undefined) !== (options.key === undefined)) {
    throw new ClosureError('ERR_CLOSURE_INVALID_ARGUMENT', 'The options cert and key belong together')
  }
  const ccc = checkCcc(options.ccc)
  if (ccc !== undefined && starttls !== 'ftp') {
    throw new ClosureError('ERR_CLOSURE_INVALID_ARGUMENT', "Expected starttls 'ftp' with ccc: it is a command of FTP's")
  }
  const idle = options.idle === undefined ? undefined : checkPositive('idle', 'ms', options.idle)
  const isAsked = (question: Question): boolean => {
    if (question === 'idle') return idle !== undefined
    return request !== 'none' || !withRequest.includes(question)
  }
  const wanted =
    options.questions === undefined
      ? questions
      : checkList('questions', options.questions).map((name) => checkOneOf('questions', name, questions))
  return {
    ...{ request, starttls, ccc, family, signal, alpn, idle },
    questions: wanted.filter(isAsked),
    path: checkPath(options.path ?? '/'),
    userAgent: checkHeader('userAgent', options.userAgent ?? 'close-notify-probe'),
    versions:
      options.versions === undefined
        ? tlsVersions
        : checkList('versions', options.versions).map((name) => checkOneOf('versions', name, tlsVersions)),
    wait: checkPositive('wait', 'ms', options.wait ?? 2000),
    timeout: checkPositive('timeout', 'ms', options.timeout ?? 5000),
    totalTimeout: checkPositive('totalTimeout', 'ms', options.totalTimeout ?? 60_000),
    maxBytes: checkPositive('maxBytes', 'bytes', options.maxBytes ?? 16 * 1024 * 1024),
    servername: checkTextIfGiven('servername', options.servername),
    proxy: checkProxy(options.proxy),
    library: checkTextIfGiven('library', options.library),
    ...{ cert: options.cert, key: options.key, ca: options.ca },
  }
}

/** Undefined where it is not asked for. */
function checkCcc(value: unknown): { readonly login: CccLogin | undefined } | undefined {
  if (value === undefined || value === false) return undefined
  if (value === true) return { login: undefined }
  if (typeof value !== 'object' || value === null) throw invalid('ccc', 'a boolean, or a user and a password', value)
  const { user, password } = checkOptions<Partial<CccLogin>>(value, ['user', 'password'])
  return { login: { user: checkWord('ccc.user', user), password: checkWord('ccc.password', password) } }
}

/** What goes into a command must not begin another one. Nobody is told what it was. */
function checkWord(name: string, value: unknown): string {
  if (typeof value === 'string' && /^[^\p{Cc}]+$/u.test(value)) return value
  throw new ClosureError('ERR_CLOSURE_INVALID_ARGUMENT', `Expected text without control characters for ${name}`)
}

function checkProxy(value: unknown): string | undefined {
  const url = checkTextIfGiven('proxy', value)
  if (url !== undefined) parseProxy(url)
  return url
}

function checkRequest(value: unknown): 'http/1.1' | 'h2' | 'none' | Uint8Array {
  if (typeof value === 'string') return checkOneOf('request', value, ['http/1.1', 'h2', 'none'])
  const bytes = checkBytes('request', value, "'http/1.1', 'h2', 'none' or a Uint8Array")
  return bytes.length === 0 ? 'none' : bytes
}

function checkList(name: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0) throw invalid(name, 'an array with an element', value)
  return value
}

// The longest time that a timer of Node can hold.
const most = 2 ** 31 - 1

function checkPositive(name: string, unit: string, value: number): number {
  const count = checkCount(name, unit, value, 0)
  if (count === 0 || count > most) throw invalid(name, `1 to ${most} ${unit}`, value)
  return count
}

function checkPath(value: string): string {
  if (!checkHeader('path', value).startsWith('/')) throw invalid('path', 'a path that begins with /', value)
  if (value.includes(' ')) throw invalid('path', 'a path whose spaces are written %20', value)
  return value
}

/** What goes into a line of HTTP must not begin another one. */
function checkHeader(name: string, value: string): string {
  if (!/^[\x20-\x7e]+$/.test(checkText(name, value))) throw invalid(name, 'printable ASCII', value)
  return value
}
