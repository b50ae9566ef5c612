/** Plays a client's profile against a server, once. */
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import {
  checkAll,
  checkText,
  checkTextIfGiven,
  invalid,
  milliseconds,
  type OptionRules,
  signalOption,
} from '../../options.js'
import { loadOpenSSL, type SslContext } from '../../openssl/index.js'
import { type TlsVersion, tlsVersions } from '../../tls/versions.js'
import { clientWire } from '../wire/wire.js'
import { Acts } from './acts.js'
import { Asking } from './asking.js'
import { endTold, entryOf, lingering } from './connection.js'
import { checkPort, checkVersions, versionRange } from './options.js'
import { handshakeOf, type PeerHandshake, type PeerLogEntry } from './log.js'
import { checkClientProfile, clientDefinition, type ClientProfileName } from './profiles.js'

export interface ConnectOptions {
  /** @default '127.0.0.1' */
  readonly host?: string
  readonly port: number
  /** The name that the server is asked for (SNI), and that its certificate has to have. @default the host, where it is a name */
  readonly servername?: string
  /** @default '/' */
  readonly path?: string
  /** @default both */
  readonly versions?: readonly TlsVersion[]
  /** PEM: the server's certificate has to be trusted by it. @default none, and nothing is verified */
  readonly ca?: string
  /** The libssl to play with. @default Node's own */
  readonly library?: string
  /** ms for connecting, for the handshake and for a response, each. @default 10000 */
  readonly timeout?: number
  /** ms that an answer to what the client does is waited for. @default 2000 */
  readonly wait?: number
  /** Ends it; the entry says how far it came. */
  readonly signal?: AbortSignal
}

const connectRules = {
  host: { check: (name, value) => checkText(name, value ?? '127.0.0.1'), unit: '', default: "'127.0.0.1'" },
  port: { check: (name, value) => checkPort(name, value, 1), unit: '', default: 'none' },
  servername: { check: checkTextIfGiven, unit: '', default: 'the host, where it is a name' },
  path: { check: checkPath, unit: '', default: "'/'" },
  versions: { check: (name, value) => checkVersions(name, value) ?? tlsVersions, unit: '', default: 'both' },
  ca: { check: checkTextIfGiven, unit: '', default: 'none, and nothing is verified' },
  library: { check: checkTextIfGiven, unit: '', default: "Node's own" },
  timeout: milliseconds(10_000),
  wait: milliseconds(2000),
  signal: signalOption,
} satisfies OptionRules<ConnectOptions>

/**
 * Connects as a profile, asks for a page, and closes as the profile does. Resolves with what the server did, whatever
 * that was, in the form of a peer's log.
 *
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT for the profile or an option; what `loadOpenSSL` and
 * `OpenSSL.createContext` throw. The system's error where TCP does not connect; the signal's reason before that.
 */
export async function connectAs(profile: ClientProfileName, options: ConnectOptions): Promise<PeerLogEntry> {
  const name = checkClientProfile(profile)
  const checked = checkAll(connectRules, options)
  const { host, port, timeout, wait, path } = checked
  const servername = checked.servername ?? (isIP(host) === 0 ? host : undefined)
  const signal = checked.signal ?? new AbortController().signal
  const context = contextOf(checked)
  try {
    const date = new Date().toISOString()
    const began = performance.now()
    const socket = await openSocket(host, port, timeout, signal)
    const wire = clientWire(socket, context, { servername, onData: (bytes) => asking.push(bytes) })
    const acts: Acts = new Acts({ wire, forger: undefined, began, hold: timeout, signal })
    const asking: Asking = new Asking({ acts, authority: `${servername ?? host}:${port}`, path, timeout, wait })
    let handshake: PeerHandshake = { kind: 'failed', reason: 'unfinished' }
    try {
      const isDone = await wire.handshake(timeout, signal)
      handshake = handshakeOf(wire, isDone ? performance.now() : undefined, began)
      if (isDone) await clientDefinition(name).script(asking)
      else wire.fin()
      await lingering(wire, wait, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      if (signal.aborted) wire.destroy()
    }
    await endTold(wire)
    const entry = entryOf({ profile: name, side: 'client', connection: 1, date, handshake, began, acts })
    wire.destroy()
    return entry
  } finally {
    context.free()
  }
}

function contextOf(options: {
  readonly library: string | undefined
  readonly versions: readonly TlsVersion[]
  readonly ca: string | undefined
}): SslContext {
  const { library, versions, ca } = options
  return loadOpenSSL(library).createContext({
    side: 'client',
    ...versionRange(versions),
    ...(ca !== undefined && { ca, verify: 'peer' }),
  })
}

function openSocket(host: string, port: number, ms: number, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted()
  const socket = connectTcp({ host, port, allowHalfOpen: true, noDelay: true })
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer)
      socket.off('connect', onConnect)
      socket.off('error', onError)
      signal.removeEventListener('abort', onAbort)
    }
    const fail = (reason: unknown): void => {
      settle()
      socket.on('error', () => {})
      socket.destroy()
      reject(reason instanceof Error ? reason : new Error(String(reason)))
    }
    const onConnect = (): void => {
      settle()
      resolve(socket)
    }
    const onError = (error: Error): void => fail(error)
    const onAbort = (): void => fail(signal.reason)
    const timer = setTimeout(() => fail(new Error(`connect to ${host}:${port} took longer than ${ms} ms`)), ms)
    socket.on('connect', onConnect)
    socket.on('error', onError)
    signal.addEventListener('abort', onAbort)
  })
}

function checkPath(name: string, value: unknown): string {
  const path = checkText(name, value ?? '/')
  if (!/^\/[\x21-\x7e]*$/.test(path)) throw invalid(name, 'a path that begins with /, in printable ASCII', value)
  return path
}
