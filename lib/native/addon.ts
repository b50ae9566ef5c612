// Loads the addon and types it. Nothing else touches the binary, and casts stand in this file only.
import path from 'node:path'
import type { LoadRemedy } from '../error-facts.js'
import { ClosureError, errorOf, isClosureErrorCode } from '../errors.js'
import type { QueuedError } from '../tls/ssl-result.js'
import type { Engine } from './engine.js'
import { forThisLibc } from './libc.js'
import { packageFolder, requireFrom, requireHere } from './place.js'

/** A call of SSL_shutdown(3): its value, the number of SSL_get_error(3), and OpenSSL's error queue, emptied. */
export interface NativeShutdownResult {
  readonly value: number
  readonly error: number
  readonly queue: readonly QueuedError[]
}

/** The bits of `readiness()`. */
export const readinessBit = {
  alive: 1,
  /** OpenSSL's state machine is on the stack. */
  insideCallback: 2,
  inInit: 4,
  /** Something waits in the output BIO. */
  output: 8,
  /** Something waits in the input BIO, or in OpenSSL. */
  input: 16,
  sent: 32,
  received: 64,
} as const

/** Where `status()`, `handshakeOutput()`, `alerts()` and `release()` write what they have to say: indexes of the status block. */
export const statusIndex = {
  /** 1 in a handshake. */
  inInit: 0,
  /** 1 for the server of its connection. */
  server: 1,
  version: 2,
  /** All bytes that OpenSSL has written so far. */
  outputTotal: 3,
  /** Bytes that wait in the output BIO. */
  outputPending: 4,
  /** Of release(), from here on. */
  shutdown: 5,
  /** 1 for a quiet shutdown. */
  quiet: 6,
  shutdownAtStart: 7,
  alertCount: 8,
  /** Of handshakeOutput(), from here on: behind which position of the output all of it is known. */
  knownFrom: 9,
  handshakeFrom: 10,
  handshakeTo: 11,
  /** 1 where the first bytes of it may be data that was written in the callback of the handshake. */
  mayBeginWithData: 12,
  /** Of alerts(): a pair for each, the two bytes of one and 0x10000 if it was sent, and when it passed, on the addon's clock. */
  alerts: 13,
} as const

// The addon keeps no more.
const mostAlerts = 32

/**
 * Calls on one of Node's SSLs, by an id. They throw ERR_CLOSURE_CLOSED once it is freed, but for those marked readable after;
 * an id that was given back is refused.
 */
export interface NodeSslCalls {
  /** Gives the status block: that one, or the one that another copy of this module has given to the same binary. */
  setUp(status: Float64Array): Float64Array
  /** Whether it is alive; what it is like then is in the status block, until the next call that writes there. Readable after. */
  status(id: number): boolean
  sslShutdown(id: number): NativeShutdownResult
  /** Readable after. */
  getShutdown(id: number): number
  setShutdown(id: number, mask: number): void
  /** Readable after. */
  getQuietShutdown(id: number): boolean
  setQuietShutdown(id: number, quiet: boolean): void
  getContextQuietShutdown(id: number): boolean
  inInit(id: number): boolean
  version(id: number): number
  maxFragment(id: number): number
  hasPending(id: number): boolean
  recordState(id: number): string
  /** A sum of the bits of {@link readinessBit}; 0 once it is freed. Readable after. */
  readiness(id: number): number
  inputPending(id: number): number
  outputPending(id: number): number
  outputTotal(id: number): number
  /** Where the last output of a handshake lies is in the status block. */
  handshakeOutput(id: number): void
  /** Readable after. */
  alive(id: number): boolean
  /** Readable after. */
  insideCallback(id: number): boolean
  /** Readable after. */
  shutdownAtStart(id: number): number
  /** All alerts so far. Readable after. */
  alertCount(id: number): number
  /** How many of them are kept, the first ones and the last; they are in the status block. Readable after. */
  alerts(id: number): number
  /** Gives the id back; what it was like in the end is in the status block. Readable after. */
  release(id: number): void
}

/** One SSL_CTX of OpenSSL. */
export interface ContextHandle {
  getQuietShutdown(): boolean
  setQuietShutdown(quiet: boolean): void
}

interface Counts {
  readonly live: number
  readonly indexed: number
  /** Ids of {@link NodeSslCalls} that were given and not given back. */
  readonly held: number
  readonly bytesPerSsl: number
}

interface Addon {
  initialize(opensslVersion: string, createError: (code: string, message: string) => Error): string | undefined
  find(finished: Uint8Array): number
  madeSince(count: number): number
  running(): number
  meet(): void
  made(): number
  captureContexts(run: () => void): ContextHandle[]
  counts(): Counts
  opensslVersion(): string
  tcpState(fd: number): TcpState | undefined
  endToRead(fd: number): UnreadEnd | undefined
  unacknowledged(fd: number): number | undefined
  now(): number
  readonly ssl: NodeSslCalls
  readonly engine: Engine
}

/** The file, and how it came there: built on this machine, carried by the package, or named by CLOSE_NOTIFY_BINARY. */
export interface AddonOrigin {
  readonly file: string
  readonly from: 'built' | 'prebuilt' | 'environment'
}

type Binary =
  | {
      readonly kind: 'loaded'
      readonly addon: Addon
      readonly origin: AddonOrigin
      readonly clockOffset: number
      /** Why Node's own sockets cannot be reached. */
      readonly unfit: string | undefined
    }
  | { readonly kind: 'failed'; readonly error: () => ClosureError }

const binary = start()

/** The status block. A shared buffer, because that cannot be detached under the addon. */
export const sslStatus = statusBlock()

function statusBlock(): Float64Array {
  const length = statusIndex.alerts + 2 * mostAlerts
  const block = new Float64Array(new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT))
  return binary.kind === 'loaded' ? binary.addon.ssl.setUp(block) : block
}

/** Throws what keeps this package from working here: a binary that did not load, a runtime without OpenSSL. */
function addon(): Addon {
  const { addon, unfit } = loaded()
  if (unfit !== undefined) throw unsupported(unfit)
  return addon
}

/** The binary, for what needs nothing else: no OpenSSL in the process, no Node. */
function loaded(): Extract<Binary, { readonly kind: 'loaded' }> {
  if (binary.kind === 'failed') throw binary.error()
  return binary
}

/** The engine over any libssl, on any runtime. */
export function loadEngine(): Engine {
  return loaded().addon.engine
}

/** An id for {@link nodeSslCalls}, to be given back, or -1 where there is no such SSL. */
type Found = number

/**
 * The SSL with that Finished message, if it was made in this thread after this module was loaded; its status is in the
 * status block then.
 */
export function findByFinished(finished: Uint8Array): Found {
  return addon().find(finished)
}

/**
 * The SSL that this thread has made since it had made so many, if it is one of Node's sockets, still there, and the only
 * one.
 */
export function findMadeSince(count: number): Found {
  return addon().madeSince(count)
}

/** The SSL in whose info callback Node has called us. */
export function findRunning(): Found {
  return addon().running()
}

/** The calls on what was found. */
export function nodeSslCalls(): NodeSslCalls {
  return addon().ssl
}

/** How many SSLs this thread has made since this module was loaded. */
export function sslsMade(): number {
  return addon().made()
}

/** Makes {@link findRunning} know the SSLs that were made so far. */
export function meetSsls(): void {
  addon().meet()
}

/** Throws the typed error that says why closure cannot be controlled on this runtime; returns where it can. */
export function requireRuntime(): void {
  addon()
}

/** Whether closure can be controlled on this runtime, and OpenSSL's version or the reason why not. */
export function runtimeSupport():
  | { readonly supported: true; readonly openssl: string }
  | { readonly supported: false; readonly reason: ClosureError } {
  if (binary.kind === 'failed') return { supported: false, reason: binary.error() }
  if (binary.unfit !== undefined) return { supported: false, reason: unsupported(binary.unfit) }
  return { supported: true, openssl: binary.addon.opensslVersion() }
}

/** Where the addon was loaded from; undefined where it was not. */
export function addonOrigin(): AddonOrigin | undefined {
  return binary.kind === 'loaded' ? binary.origin : undefined
}

/** Runs a function and gives a handle for every SSL_CTX that it made. */
export function captureContexts(run: () => void): ContextHandle[] {
  return addon().captureContexts(run)
}

/** The kernel's state of the TCP connection of a file descriptor; `closed` is reset, or ended in both directions. */
export type TcpState = 'open' | 'peer-ended' | 'closed'

/** The kernel's state of a TCP connection, on any runtime; undefined where it does not tell. */
export function tcpState(fd: number): TcpState | undefined {
  return loaded().addon.tcpState(fd)
}

/** The peer's end of a TCP connection that is the next thing to read. */
export type UnreadEnd = 'fin' | 'reset'

/**
 * The peer's end of the TCP connection of a file descriptor, where it has come to the kernel and nothing is left to read before
 * it; undefined where it has not, and where the kernel does not tell.
 */
export function endToRead(fd: number): UnreadEnd | undefined {
  return loaded().addon.endToRead(fd)
}

/**
 * Bytes that the kernel was given and that the peer's TCP has not acknowledged, on any runtime; undefined where it does not
 * tell.
 */
export function unacknowledged(fd: number): number | undefined {
  return loaded().addon.unacknowledged(fd)
}

/** The number of SSLs that are tracked in this thread: for tests and benchmarks. */
export function trackingCounts(): Counts {
  return addon().counts()
}

/** A time of the addon's clock on the clock of performance.now(). */
export function toPerformanceTime(at: number): number {
  return binary.kind === 'loaded' ? at - binary.clockOffset : at
}

function start(): Binary {
  try {
    const { addon, origin } = load()
    const version = process.versions['openssl'] ?? 'unknown'
    const unfit = addon.initialize(version, createError)
    return { kind: 'loaded', addon, origin, clockOffset: clockOffset(addon), unfit }
  } catch (error) {
    const { facts } = error instanceof ClosureError ? error : { facts: undefined }
    return failed(() =>
      facts === undefined ? new ClosureError('ERR_CLOSURE_LOAD_FAILED', String(error)) : errorOf(facts),
    )
  }
}

// Both clocks are read in turn, and the tightest pair counts: a first call can take longer than a whole closing.
function clockOffset(addon: Addon): number {
  let best = { gap: Number.POSITIVE_INFINITY, offset: 0 }
  for (let i = 0; i < 8; i++) {
    const before = performance.now()
    const now = addon.now()
    const after = performance.now()
    if (after - before < best.gap) best = { gap: after - before, offset: now - (before + after) / 2 }
  }
  return best.offset
}

// A new error at every call, so that its stack is the user's.
function failed(error: () => ClosureError): Binary {
  return { kind: 'failed', error }
}

function unsupported(reason: string): ClosureError {
  return new ClosureError('ERR_CLOSURE_UNSUPPORTED_RUNTIME', reason)
}

function createError(code: string, message: string): Error {
  return isClosureErrorCode(code) ? new ClosureError(code, message) : new Error(message)
}

type Attempt = { readonly place: string; readonly reason: string }
type Loaded = { readonly addon: Addon; readonly origin: AddonOrigin }

function load(): Loaded {
  const explicit = process.env['CLOSE_NOTIFY_BINARY']
  if (explicit !== undefined)
    return firstOf([{ place: explicit, from: 'environment' }], requireHere(), [], { kind: 'explicit' })
  const root = packageFolder()
  if (root === undefined) throw errorOf({ code: 'ERR_CLOSURE_LOAD_FAILED', tried: [], remedy: { kind: 'external' } })
  // That of the package, which may lie elsewhere than a bundle that this code is a part of.
  const require = requireFrom(path.join(root, 'package.json'))
  const places: Candidate[] = [
    { place: path.join(root, 'build', 'Release', 'close_notify.node'), from: 'built' },
    { place: path.join(root, 'build', 'Debug', 'close_notify.node'), from: 'built' },
  ]
  const tried: Attempt[] = []
  // A prebuilt binary is what node-gyp-build finds; a local build comes first, for it is newer where there are both.
  try {
    const nodeGypBuild = require('node-gyp-build') as { resolve(directory: string): string }
    const prebuilt = forThisLibc(nodeGypBuild.resolve(root))
    if (!places.some(({ place }) => place === prebuilt)) places.push({ place: prebuilt, from: 'prebuilt' })
  } catch (error) {
    tried.push({ place: 'prebuilds', reason: messageOf(error) })
  }
  return firstOf(places, require, tried, { kind: 'build', command: buildCommand(root) })
}

function buildCommand(root: string): string {
  const script = path.join(root, 'scripts', 'install', 'build.mjs')
  // Under Yarn's PnP a plain Node finds no dependency.
  const node = process.versions['pnp'] === undefined ? 'node' : 'yarn node'
  return `${node} ${/\s/.test(script) ? `"${script}"` : script}`
}

interface Candidate {
  readonly place: string
  readonly from: AddonOrigin['from']
}

/** The first that loads. */
function firstOf(
  candidates: readonly Candidate[],
  require: (id: string) => unknown,
  before: readonly Attempt[],
  remedy: LoadRemedy,
): Loaded {
  const tried = [...before]
  for (const { place, from } of candidates) {
    try {
      return { addon: require(path.resolve(place)) as Addon, origin: { file: place, from } }
    } catch (error) {
      tried.push({ place, reason: messageOf(error) })
      // So is any other place.
      if (areAddonsRefused(error)) throw errorOf({ code: 'ERR_CLOSURE_LOAD_FAILED', tried, remedy: allowAddons() })
    }
  }
  throw errorOf({ code: 'ERR_CLOSURE_LOAD_FAILED', tried, remedy })
}

function areAddonsRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_DLOPEN_DISABLED'
}

function allowAddons(): LoadRemedy {
  const hasPermissionModel = 'permission' in process && process.permission !== undefined
  return { kind: 'allow-addons', refusedBy: hasPermissionModel ? 'permission model' : '--no-addons' }
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n', 1)[0] ?? text
}
