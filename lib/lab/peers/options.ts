// The options of peers: one table, with the check of each.
import {
  checkAll,
  checkChoices,
  checkCount,
  checkText,
  checkTextIfGiven,
  choiceOf,
  invalid,
  milliseconds,
  type OptionRules,
} from '../../options.js'
import { type TlsVersion, tlsVersions } from '../../tls/versions.js'
import type { Credentials } from '../credentials.js'
import { type Framing, framings } from './http.js'
import type { PeerLogEntry } from './log.js'
import type { Profile } from './profiles.js'

/** Options of `startPeer()`, and of each peer of `startFleet()`. Unknown keys are refused by name. */
export interface PeerOptions {
  /** @default 0, which lets the system choose */
  readonly port?: number
  /** The address to listen on. Peers misbehave on purpose: other addresses than this one let others reach them. @default '127.0.0.1' */
  readonly host?: string
  /** Versions of TLS that are accepted. @default those of the profile */
  readonly versions?: readonly TlsVersion[]
  /** Bytes of the body before which a profile cuts, for those that do. @default half of the body */
  readonly cut?: number
  /** Bytes of a response's body. @default 20000 */
  readonly body?: number
  /** What a response's body is, in place of numbered lines: `body` is its length then. @default none */
  readonly content?: Uint8Array
  /** What tells the end of a response's body: RFC 9112 section 6.3. @default 'content-length' */
  readonly framing?: Framing
  /** The libssl to play with. @default Node's own */
  readonly library?: string
  /** Key and certificate, PEM. @default made on start, for localhost, 127.0.0.1 and NAME.localhost of every profile */
  readonly credentials?: Credentials
  /** ms that a handshake may take. @default 10000 */
  readonly timeout?: number
  /** ms after which a client that asks nothing is sent bytes all the same. @default 1000 */
  readonly patience?: number
  /** ms that a peer waits for what does not come, and that it keeps a connection of a silent client. @default 60000 */
  readonly hold?: number
  /** Gets each entry of the log when its connection has ended. What it throws is nobody's to catch. */
  readonly onEntry?: (entry: PeerLogEntry) => void
}

const peerRules = {
  port: {
    check: (name, value) => checkPort(name, value ?? 0, 0),
    unit: '',
    default: '0, which lets the system choose',
  },
  host: { check: (name, value) => checkText(name, value ?? '127.0.0.1'), unit: '', default: "'127.0.0.1'" },
  versions: { check: checkVersions, unit: '', default: 'those of the profile' },
  cut: {
    check: (name, value) => (value === undefined ? undefined : checkCount(name, 'bytes', value, 0)),
    unit: 'bytes',
    default: 'half of the body',
  },
  body: {
    check: (name, value) => (value === undefined ? undefined : checkCount(name, 'bytes', value, 0)),
    unit: 'bytes',
    default: '20000',
  },
  content: { check: checkContent, unit: '', default: 'none' },
  framing: choiceOf(framings, 'content-length'),
  library: { check: checkTextIfGiven, unit: '', default: "Node's own" },
  credentials: { check: checkCredentials, unit: '', default: 'made on start' },
  timeout: milliseconds(10_000),
  patience: milliseconds(1000),
  hold: milliseconds(60_000),
  onEntry: { check: checkListener, unit: '', default: 'none' },
} satisfies OptionRules<PeerOptions>

export type CheckedPeerOptions = ReturnType<typeof checkPeerOptions>

/** @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT */
export function checkPeerOptions(profile: Profile, options: PeerOptions | undefined) {
  const checked = checkAll(peerRules, options)
  const body = lengthOfBody(checked)
  return { ...checked, body, versions: versionsOf(profile, checked.versions), cut: cutOf({ cut: checked.cut, body }) }
}

const defaultBody = 20_000

/** The length of a body that is given, or of one that is made. @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT */
export function lengthOfBody({
  body,
  content,
}: {
  readonly body: number | undefined
  readonly content: Buffer | undefined
}): number {
  if (content !== undefined && body !== undefined) throw invalid('body', 'to be left out beside content', body)
  return content?.length ?? body ?? defaultBody
}

function cutOf({ cut, body }: { readonly cut: number | undefined; readonly body: number }): number {
  if (cut !== undefined && cut > body) throw invalid('cut', `at most the ${body} bytes of the body`, cut)
  return cut ?? Math.floor(body / 2)
}

/** Those that are asked for, as far as the profile is for them. */
function versionsOf({ name, versions }: Profile, asked: readonly TlsVersion[] | undefined): readonly TlsVersion[] {
  const both = versions.filter((version) => asked === undefined || asked.includes(version))
  if (both.length === 0) throw invalid('versions', `${versions.join(' or ')}, which ${name} is for`, asked)
  return both
}

/** A port, from the least that makes sense. */
export function checkPort(name: string, value: unknown, least: 0 | 1): number {
  const isPort = typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= 65_535
  if (!isPort) throw invalid(name, `a port, ${least} to 65535`, value)
  return value
}

/** The range of versions that a context is made for. */
export function versionRange(versions: readonly TlsVersion[]) {
  return {
    minVersion: versions.includes('TLSv1.2') ? 'TLSv1.2' : 'TLSv1.3',
    maxVersion: versions.includes('TLSv1.3') ? 'TLSv1.3' : 'TLSv1.2',
  } as const
}

/** Versions of TLS, or none. */
export function checkVersions(name: string, value: unknown): readonly TlsVersion[] | undefined {
  return checkChoices(name, value, tlsVersions)
}

/** Bytes, or nothing. @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT */
export function checkContent(name: string, value: unknown): Buffer | undefined {
  if (value === undefined) return undefined
  if (!(value instanceof Uint8Array)) throw invalid(name, 'a Uint8Array', value)
  return Buffer.from(value)
}

function checkCredentials(name: string, value: unknown): Credentials | undefined {
  if (value === undefined) return undefined
  const key: unknown = Reflect.get(Object(value), 'key')
  const cert: unknown = Reflect.get(Object(value), 'cert')
  if (typeof key !== 'string' || typeof cert !== 'string')
    throw invalid(name, 'an object with key and cert, PEM', value)
  return { key, cert }
}

type Listener = (entry: PeerLogEntry) => void

function checkListener(name: string, value: unknown): Listener | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'function') throw invalid(name, 'a function', value)
  return (entry) => void Reflect.apply(value, undefined, [entry])
}
