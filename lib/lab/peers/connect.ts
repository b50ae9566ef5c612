/** Plays a client's profile against a server, once. */
import { isIP, type Socket } from 'node:net'
import {
  checkAll,
  checkText,
  checkTextIfGiven,
  choicesOf,
  invalid,
  milliseconds,
  type OptionRules,
  signalOption,
} from '../../options.js'
import { loadOpenSSL, type SslContext } from '../../openssl/index.js'
import { type TlsVersion, tlsVersions } from '../../tls/versions.js'
import { connect } from '../transport/connect.js'
import { TransportFailure } from '../transport/failure.js'
import { targetName } from '../transport/target.js'
import { clientWire } from '../wire/wire.js'
import { Acts } from './acts.js'
import { Asking } from './asking.js'
import { endTold, entryOf, lingering } from './connection.js'
import { checkPort, versionRange } from './options.js'
import { handshakeOf, type PeerHandshake, type PeerLogEntry } from './log.js'
import { checkClientProfile, clientDefinition, type ClientProfileName } from './profiles.js'

/** Options of {@link connectAs}. Unknown keys are refused by name. */
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
  versions: choicesOf(tlsVersions, tlsVersions, 'both'),
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
 * `OpenSSL.createContext` throw. A TransportFailure, with the system's code where there is one, where TCP does not connect;
 * the signal's reason before that.
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
    const asking: Asking = new Asking({ acts, authority: authorityOf(servername ?? host, port), path, timeout, wait })
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

/** As a Host field has it: the zone of an address belongs to this machine, and 443 is what https has anyway. */
function authorityOf(host: string, port: number): string {
  return targetName({ host: host.replace(/%.*$/, ''), port }).replace(/:443$/, '')
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

async function openSocket(host: string, port: number, ms: number, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted()
  const budget = new AbortController()
  const timer = setTimeout(() => budget.abort(), ms)
  try {
    const both = AbortSignal.any([signal, budget.signal])
    const { opening } = await connect(host, port, { family: undefined, localAddress: undefined, signal: both })
    return opening.release()
  } catch (error) {
    signal.throwIfAborted()
    if (!budget.signal.aborted) throw error
    throw new TransportFailure('unreachable', { detail: `no connection within ${ms} ms`, cause: error })
  } finally {
    clearTimeout(timer)
  }
}

function checkPath(name: string, value: unknown): string {
  const path = checkText(name, value ?? '/')
  if (!/^\/[\x21-\x7e]*$/.test(path)) throw invalid(name, 'a path that begins with /, in printable ASCII', value)
  return path
}
