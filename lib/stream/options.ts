// The options of a TLS stream: their types, and the tables that check them.
import type { PeerCertificate } from 'node:tls'
import type { ClosingOptions } from '../closing/options.js'
import {
  type FlushOptions,
  flushRules,
  modeOption,
  type ShutdownOptions,
  shutdownRules,
  type WaitOptions,
  waitRules,
} from '../closure/shutdown-options.js'
import { errorOf } from '../errors.js'
import { readsAhead, SslContext } from '../openssl/context.js'
import {
  checkAll,
  checkBytes,
  checkFlag,
  checkTextIfGiven,
  choiceOf,
  invalid,
  type OptionRule,
  type OptionRules,
  signalOption,
} from '../options.js'
import type { ClosureMode } from '../report/facts.js'
import { type ClientHelloOptions, clientHelloRules, requireWaiting } from './client-hello.js'
import { type UnwrapOptions, unwrapRules } from '../unwrap/unwrap-options.js'

/** Tells why a certificate is not that of a host, as tls.checkServerIdentity does. */
export type CheckServerIdentity = (host: string, certificate: PeerCertificate) => Error | undefined

/** How a stream closes, and what it takes for a whole one. */
export interface StreamClosingOptions extends FlushOptions, WaitOptions {
  /**
   * How `end()` closes TLS. FIN follows.
   * @default 'unidirectional'
   */
  readonly closing?: ClosureMode
  /**
   * `error`: a stream that ends without the peer's close_notify is destroyed with a TruncationError once all that came
   * was read. `report`: it ends as Node's own, and the report alone tells.
   * @default 'error'
   */
  readonly onTruncation?: 'error' | 'report'
  /**
   * Whether writing goes on after the peer's close_notify. If not, the stream ends itself then.
   * @default false
   */
  readonly allowHalfOpen?: boolean
}

/** Whom a client takes for the server. */
export interface IdentityOptions {
  /**
   * The host name that a client asks for (SNI), and that the certificate has to have: RFC 6066 section 3. Empty: none is
   * asked for, and `host` counts.
   */
  readonly servername?: string
  /** The host name or address that the certificate has to have, where it is not `servername`. */
  readonly host?: string
  /**
   * Whether a peer that is not verified is refused. A server's context says whether clients are asked for a certificate; with
   * false all pass, and `authorizationError` tells.
   * @default true
   */
  readonly rejectUnauthorized?: boolean
  /**
   * Compares the host with the certificate.
   * @default tls.checkServerIdentity
   */
  readonly checkServerIdentity?: CheckServerIdentity
  /** A session to resume: of 'session' or getSession(), of the same library. */
  readonly session?: Uint8Array
}

/** Options of `new TlsStream()`. Unknown keys are refused by name. */
export interface TlsStreamOptions extends StreamClosingOptions, IdentityOptions, ClientHelloOptions {
  /** The library, the side, keys and certificates: of `createContext()` here, or of `OpenSSL.createContext()`. */
  readonly context: SslContext
}

/** Options of {@link TlsStream.shutdown}. Unknown keys are refused by name. */
export type StreamShutdownOptions = Omit<ShutdownOptions, 'afterwards'>

export const streamClosingRules = {
  closing: modeOption,
  ...flushRules,
  ...waitRules,
  onTruncation: choiceOf(['error', 'report'], 'error'),
  allowHalfOpen: { check: (name, value) => checkFlag(name, value) ?? false, unit: '', default: 'false' },
} satisfies OptionRules<StreamClosingOptions>

export const identityRules = {
  servername: { check: checkTextIfGiven, unit: '', default: 'none' },
  host: { check: checkTextIfGiven, unit: '', default: 'none' },
  rejectUnauthorized: { check: (name, value) => checkFlag(name, value) ?? true, unit: '', default: 'true' },
  checkServerIdentity: { check: functionOrNone, unit: '', default: 'tls.checkServerIdentity' },
  session: {
    check: (name, value) => (value === undefined ? undefined : checkBytes(name, value)),
    unit: '',
    default: 'none',
  },
} satisfies OptionRules<IdentityOptions>

/** A context that somebody has made, of one side. */
export function contextOption(side: 'client' | 'server'): OptionRule<SslContext | undefined> {
  return {
    check: (name, value) => {
      if (value === undefined || (value instanceof SslContext && value.side === side)) return value
      throw invalid(name, `an SslContext of createContext('${side}')`, value)
    },
    unit: '',
    default: 'none',
  }
}

const contextRule: OptionRule<SslContext> = {
  check: (name, value) => {
    if (!(value instanceof SslContext)) throw invalid(name, 'an SslContext of createContext()', value)
    // It would take what stands behind the peer's close_notify.
    if (readsAhead(value)) throw invalid(name, 'an SslContext without readAhead', value)
    return value
  },
  unit: '',
  default: 'required',
}

const tlsStreamRules = {
  context: contextRule,
  ...identityRules,
  ...clientHelloRules,
  ...streamClosingRules,
} satisfies OptionRules<TlsStreamOptions>

const { onData, flushTimeout, waitTimeout, maxDiscardBytes } = shutdownRules

const { mode } = shutdownRules
const streamShutdownRules = {
  mode,
  flushTimeout,
  waitTimeout,
  maxDiscardBytes,
  onData,
  signal: signalOption,
} satisfies OptionRules<StreamShutdownOptions>

/** The options of `new TlsStream()`, checked and complete. */
export type CheckedStreamOptions = ReturnType<typeof checkAnew>

export function checkStreamOptions(options: TlsStreamOptions): CheckedStreamOptions {
  return checkedBefore.get(options) ?? checkAnew(options)
}

// A server has the same for all its connections.
const checkedBefore = new WeakMap<TlsStreamOptions, CheckedStreamOptions>()

/** Checks options that several streams are made with, so that each of those need not. */
export function checkOnce(options: TlsStreamOptions): TlsStreamOptions {
  const kept = Object.freeze({ ...options })
  checkedBefore.set(kept, checkAnew(kept))
  return kept
}

function checkAnew(options: TlsStreamOptions) {
  const checked = checkAll(tlsStreamRules, options)
  const { context, rejectUnauthorized, host } = checked
  // The empty name is Node's way to ask for none.
  const servername = checked.servername === '' ? undefined : checked.servername
  if (context.side === 'client' && rejectUnauthorized && servername === undefined && host === undefined) {
    const expected = "the host that the server's certificate has to have, unless rejectUnauthorized is false,"
    throw invalid('servername', expected, undefined)
  }
  const callback = checked.SNICallback ?? checked.ALPNCallback
  if (callback !== undefined) {
    if (context.side === 'client')
      throw invalid('SNICallback and ALPNCallback', "a server's context beside it", context)
    requireWaiting(context.openssl)
  }
  return { ...checked, servername }
}

export function checkStreamShutdownOptions(options: StreamShutdownOptions | undefined): ClosingOptions {
  const checked = checkAll(streamShutdownRules, options)
  return { ...checked, afterwards: 'fin', flushBudget: 'once', waitingRoom: undefined }
}

/** How `end()` closes. */
export function closingAsAsked(options: CheckedStreamOptions): ClosingOptions {
  const known = asked.get(options) ?? asAsked(options)
  asked.set(options, known)
  return known
}

// Of a server the same for all its connections, which may end at the same time.
const asked = new WeakMap<CheckedStreamOptions, ClosingOptions>()

function asAsked(options: CheckedStreamOptions): ClosingOptions {
  const { closing: mode, flushTimeout, waitTimeout, maxDiscardBytes } = options
  return {
    mode,
    flushTimeout,
    waitTimeout,
    maxDiscardBytes,
    flushBudget: 'while-stalled',
    onData: 'deliver',
    afterwards: 'fin',
    signal: undefined,
    waitingRoom: undefined,
  }
}

/** The options of unwrap(), checked and complete. */
export interface CheckedUnwrap {
  readonly closing: ClosingOptions
  readonly onTimeout: 'destroy' | 'reject'
}

/** Whether a second call of unwrap() asks for the same as the first. */
export function isSameUnwrap(one: CheckedUnwrap, other: CheckedUnwrap): boolean {
  const others = new Map<string, unknown>(Object.entries(other.closing))
  const isSame = ([name, value]: readonly [string, unknown]) => Object.is(others.get(name), value)
  return one.onTimeout === other.onTimeout && Object.entries(one.closing).every(isSame)
}

export function checkUnwrapOptions(options: UnwrapOptions | undefined): CheckedUnwrap {
  const { onTimeout, ...others } = checkAll(unwrapRules, options)
  const closing = {
    ...others,
    mode: 'bidirectional',
    afterwards: 'keep-open',
    flushBudget: 'once',
    waitingRoom: undefined,
  } as const
  return { closing, onTimeout }
}

// The longest time that a timer of Node can hold.
const longestTimer = 2 ** 31 - 1

/** A time in ms as Node's sockets take it, cut off at what a timer can hold. */
export function checkIdleTime(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) throw invalid(name, 'ms, 0 or more,', value)
  return Math.min(value, longestTimer)
}

/** Refuses options by name that are none beside a context, which is made with them. */
export function refuseBeside(context: SslContext | undefined, options: object, names: readonly string[]): void {
  if (context === undefined) return
  const name = names.find((each) => Reflect.get(options, each) !== undefined)
  if (name === undefined) return
  const expected = 'nothing beside secureContext, which is made with it,'
  throw errorOf({ code: 'ERR_CLOSURE_INVALID_ARGUMENT', name, expected, received: 'a value' })
}

function functionOrNone(name: string, value: unknown): CheckServerIdentity | undefined {
  if (value === undefined || isFunction(value)) return value
  throw invalid(name, 'a function', value)
}

function isFunction(value: unknown): value is CheckServerIdentity {
  return typeof value === 'function'
}
