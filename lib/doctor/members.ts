/** Looks for the members of the list on what was made. */
import { EventEmitter } from 'node:events'
import type { Form, Internal, Specimen } from './internal.js'
import { internals } from './internals.js'
import type { Credentials } from '../lab/credentials.js'
import { part, showSpecimens } from './specimens.js'

const absent = 'not there'

interface MemberFinding {
  readonly internal: Internal
  /** Why it is not as expected; undefined where it is. */
  readonly lack: string | undefined
}

export interface MemberFindings {
  readonly members: readonly MemberFinding[]
  /** Connections on which some should have been found, and that failed. */
  readonly failures: readonly string[]
}

/** Looks for each member of the list. One that a Node may be without is a finding where it is there. */
export async function lookForMembers(credentials: Credentials): Promise<MemberFindings> {
  const lacks = new Map<Specimen, ReadonlyMap<Internal, string | undefined>>()
  const failures = await showSpecimens(credentials, (specimen, object) => {
    const those = internals.filter(({ on }) => on.includes(specimen))
    lacks.set(specimen, new Map(those.map((internal) => [internal, lackOn(object, specimen, internal)])))
  })
  const members = internals
    .map((internal) => {
      const own = internal.on.map((specimen) =>
        lacks.has(specimen) ? lacks.get(specimen)?.get(internal) : `there was no ${specimen} to look at`,
      )
      return { internal, lack: own.find((lack) => lack !== undefined) }
    })
    .filter(isFinding)
  return { members, failures }
}

/** A member that is missing where it may be missing is none. */
export function isFinding({ internal: { optional }, lack }: MemberFinding): boolean {
  return optional !== true || lack?.startsWith(absent) !== true
}

/** Why a member is not on that object as it should be; undefined where it is. */
export function lackOn(holder: unknown, specimen: Specimen, { member, as, event }: Internal): string | undefined {
  if (holder === undefined || holder === null) return `there was no ${specimen} to look at`
  const found = kindsOf(holder, member, event)
  if (found === 'none') return `${absent} (${specimen})`
  if (as === 'any' || found.includes(as)) return undefined
  return `${found.join(' and ')} (${specimen}), where ${as} was expected`
}

function kindsOf(holder: unknown, member: string, event: Internal['event']): readonly Form[] | 'none' {
  if (event !== undefined) {
    const listeners = holder instanceof EventEmitter ? holder.listeners(event) : []
    return listeners.some(({ name }) => name.includes(member)) ? ['listener'] : 'none'
  }
  if ((typeof holder !== 'object' || holder === null) && typeof holder !== 'function') return 'none'
  const kinds: Form[] = []
  if (Object.getOwnPropertySymbols(holder).some(({ description }) => description === member)) kinds.push('symbol')
  if (member in holder) kinds.push(formOf(part(holder, member)))
  return kinds.length === 0 ? 'none' : kinds
}

function formOf(value: unknown): Form {
  const type = typeof value
  return type === 'function' || type === 'number' || type === 'boolean' || type === 'string'
    ? type
    : type === 'object' && value !== null
      ? 'object'
      : 'any'
}
