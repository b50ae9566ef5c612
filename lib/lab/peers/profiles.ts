/** The table of profiles: peers that close in every way known from the field, and where each way is known from. */
import { checkOneOf, invalid } from '../../options.js'
import { type TlsVersion, tlsVersions } from '../../tls/versions.js'
import { clients } from './scripts/clients.js'
import { closingServers } from './scripts/closing.js'
import { irregularServers } from './scripts/irregular.js'
import type { ClientDefinition, ServerDefinition } from './scripts/script.js'

const servers = { ...closingServers, ...irregularServers }

/**
 * The name of a profile that a server plays: `startPeer()`, `startFleet()`, `assess()`.
 * @useDeclaredType
 */
export type ServerProfileName = keyof typeof servers
/**
 * The name of a profile that a client plays: `connectAs()`, `assessServer()`.
 * @useDeclaredType
 */
export type ClientProfileName = keyof typeof clients

/** A profile, for people and programs. */
export interface Profile {
  readonly name: ServerProfileName | ClientProfileName
  readonly side: 'server' | 'client'
  /** One sentence: what it does. */
  readonly does: string
  /** Where that is documented, or was reported. */
  readonly documented: string
  /** The versions of TLS that it is for. */
  readonly versions: readonly TlsVersion[]
}

export const serverProfileNames = Object.keys(servers).filter((name): name is ServerProfileName =>
  Object.hasOwn(servers, name),
)

export const clientProfileNames = Object.keys(clients).filter((name): name is ClientProfileName =>
  Object.hasOwn(clients, name),
)

/** All profiles, those of servers first. */
export const profiles: readonly Profile[] = [
  ...serverProfileNames.map((name) => profileOf(name)),
  ...clientProfileNames.map((name) => clientProfileOf(name)),
]

/** A profile of a server. */
export function profileOf(name: ServerProfileName): Profile {
  const { does, documented, versions }: ServerDefinition = servers[name]
  return { name, side: 'server', does, documented, versions: versions ?? tlsVersions }
}

function clientProfileOf(name: ClientProfileName): Profile {
  const { does, documented, versions }: ClientDefinition = clients[name]
  return { name, side: 'client', does, documented, versions: versions ?? tlsVersions }
}

export function serverDefinition(name: ServerProfileName): ServerDefinition {
  return servers[name]
}

export function clientDefinition(name: ClientProfileName): ClientDefinition {
  return clients[name]
}

/** @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT */
export function checkServerProfile(name: unknown): ServerProfileName {
  return checkOneOf('profile', name, serverProfileNames)
}

/** Names of profiles; all of them, where none are given. @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT */
export function checkServerProfiles(name: string, value: unknown): readonly ServerProfileName[] {
  if (value === undefined) return serverProfileNames
  if (!Array.isArray(value) || value.length === 0) throw invalid(name, 'an array with the name of a profile', value)
  return value.map((profile: unknown) => checkServerProfile(profile))
}

/** @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT */
export function checkClientProfile(name: unknown): ClientProfileName {
  return checkOneOf('profile', name, clientProfileNames)
}
