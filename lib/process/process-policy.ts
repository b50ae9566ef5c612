// The policy of a process: its type, its check, and what of it holds for one connection.
import type { TLSSocket } from 'node:tls'
import { ClosureError, errorOf } from '../errors.js'
import { checkAll, checkOptions, invalid } from '../options.js'
import {
  type CheckedConnectionPolicy,
  type CheckedPolicy,
  type ClosurePolicy,
  type ConnectionPolicy,
  connectionRules,
  connectionPolicy,
  policyRules,
} from '../policy/policy.js'
import { addressesOf, type Addresses } from './addresses.js'

/** The policy of a process. Unknown keys are refused by name. */
export interface ProcessPolicy extends ClosurePolicy {
  /** What is different for the connections that the process accepts; `off` leaves them as Node has them. */
  readonly servers?: ClosurePolicy | 'off'
  /** What is different for the connections that it makes; `off` leaves them as Node has them. */
  readonly clients?: ClosurePolicy | 'off'
  /**
   * What is different for some connections, by host or port: looked up once for each, when its handshake is done, and the
   * first one that fits holds. `perConnection` of the policy has the last word.
   */
  readonly overrides?: readonly PolicyOverride[]
}

/**
 * What is different for the connections with a host, a port, or both; what it does not name is as the policy has it.
 * Of the policy's options it takes those of one connection.
 */
export interface PolicyOverride extends ConnectionPolicy {
  /** Only connections of that side. Both by default. */
  readonly side?: 'server' | 'client'
  /**
   * Of a client: the host that it connects to, as a name, as the name in its SNI extension, or as an address. Of a server:
   * the name that the client asks for in SNI, or the server's own address. `*.example.com` is every name below example.com.
   */
  readonly host?: string
  /** Of a client: the port that it connects to, a proxy's where it goes through one. Of a server: its own. */
  readonly port?: number
  /** Leaves the connection as Node has it, from the end of its handshake on. */
  readonly off?: boolean
}

/** The policy of one side of a process, checked and complete. */
export interface SidePolicy {
  readonly policy: CheckedPolicy
  readonly policyOf: (socket: TLSSocket) => CheckedConnectionPolicy | 'off'
}

/** The policy of a process, checked and complete. */
export interface CheckedProcessPolicy {
  readonly servers: SidePolicy | 'off'
  readonly clients: SidePolicy | 'off'
}

const ownKeys = ['servers', 'clients', 'overrides'] as const

/** Checks the policy of a process; `name` is what a message calls it. */
export function checkProcessPolicy(given: ProcessPolicy | undefined, name: string): CheckedProcessPolicy {
  const { servers, clients, overrides, ...both } = inside(name, () =>
    checkOptions(given, [...Object.keys(policyRules), ...ownKeys]),
  )
  const base = inside(name, () => checkAll(policyRules, both))
  const checked = checkOverrides(overrides, `${name}.overrides`)
  const side = (own: unknown, side: 'server' | 'client'): SidePolicy | 'off' => {
    if (own === 'off') return 'off'
    const nameOfOwn = `${name}.${side}s`
    if (own !== undefined && !isObject(own)) throw invalid(nameOfOwn, "the options of a policy, or 'off',", own)
    const policy = inside(nameOfOwn, () => checkAll(policyRules, own, base))
    const ofSide = checked.filter((override) => override.side === undefined || override.side === side)
    return { policy, policyOf: (socket) => policyOf(policy, ofSide, side, socket) }
  }
  return { servers: side(servers, 'server'), clients: side(clients, 'client') }
}

function policyOf(
  policy: CheckedPolicy,
  overrides: readonly CheckedOverride[],
  side: 'server' | 'client',
  socket: TLSSocket,
): CheckedConnectionPolicy | 'off' {
  const addresses = overrides.length === 0 ? undefined : addressesOf(socket, side)
  const override = addresses && overrides.find((each) => fits(each, addresses))
  if (override === undefined) return connectionPolicy(policy, socket)
  if (override.off) return 'off'
  const { perConnection } = policy
  return connectionPolicy({ ...policy, ...checkAll(connectionRules, override.options, policy), perConnection }, socket)
}

interface CheckedOverride {
  readonly side: 'server' | 'client' | undefined
  readonly host: string | undefined
  readonly port: number | undefined
  readonly off: boolean
  readonly options: object
}

function fits({ host, port }: CheckedOverride, addresses: Addresses): boolean {
  if (port !== undefined && addresses.port() !== port) return false
  return host === undefined || addresses.hosts().some((each) => isCalled(each, host))
}

function isCalled(name: string, host: string): boolean {
  return host.startsWith('*.') ? name.endsWith(host.slice(1)) : name === host
}

function checkOverrides(given: unknown, name: string): readonly CheckedOverride[] {
  if (given === undefined) return []
  if (!Array.isArray(given)) throw invalid(name, 'an array', given)
  return given.map((each: unknown, index) => checkOverride(each, `${name}[${index}]`))
}

function checkOverride(given: unknown, name: string): CheckedOverride {
  if (!isObject(given)) throw invalid(name, 'an object', given)
  const known = ['side', 'host', 'port', 'off', ...Object.keys(connectionRules)]
  const { side, host, port, off, ...options } = inside<Readonly<Record<string, unknown>>>(name, () =>
    checkOptions({ ...given }, known),
  )
  if (host === undefined && port === undefined) throw invalid(name, "one of the keys 'host', 'port'", given)
  if (side !== undefined && side !== 'server' && side !== 'client') {
    throw invalid(`${name}.side`, "'server', 'client'", side)
  }
  if (host !== undefined && !isHost(host))
    throw invalid(`${name}.host`, 'a name, an address, or a name behind *.', host)
  if (port !== undefined && !isPort(port)) throw invalid(`${name}.port`, 'a whole number from 1 to 65535', port)
  if (off !== undefined && typeof off !== 'boolean') throw invalid(`${name}.off`, 'a boolean', off)
  // What is wrong is to be said at once, and not at the first connection.
  inside(name, () => checkAll(connectionRules, options))
  return { side, host: host?.toLowerCase(), port, off: off === true, options }
}

// A text that a connection can have: no URL, no port behind it.
function isHost(value: unknown): value is string {
  return typeof value === 'string' && /^(\*\.)?[\w.-]+$|^[\da-f:]*:[\da-f:.]*$/i.test(value)
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65536
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Runs a check of a part of something; what it says is wrong is called by the name of the part as well. */
function inside<T>(part: string, check: () => T): T {
  try {
    return check()
  } catch (error) {
    const facts = error instanceof ClosureError ? error.facts : undefined
    if (facts?.code !== 'ERR_CLOSURE_INVALID_ARGUMENT') throw error
    throw errorOf({ ...facts, name: facts.name === 'options' ? part : `${part}.${facts.name}` })
  }
}
