// The messages between a comparison and the process of one build. Both are of this very package, so a message whose
// tag is known is what its type says.
import type { Credentials } from '../credentials.js'
import type { BuildIdentity, Scenario } from '../scenarios/types.js'
import type { TlsVersion } from '../../tls/versions.js'
import type { ScenarioResult } from './comparison.js'

/** The first and only message to the process. */
export interface Order {
  readonly type: 'order'
  /** Absent: the process's own. */
  readonly libssl?: string
  readonly libcrypto?: string
  /** Of the server. Made once for all builds, so that a process loads nothing but the build. */
  readonly credentials: Credentials
  readonly runs: readonly Run[]
}

/** One scenario with one TLS version. The scenario itself: it may be of a file that only the comparison has read. */
export interface Run {
  readonly scenario: Scenario
  readonly tls: TlsVersion
}

/** `loaded` comes first, then one `result` for each run in order. After `not-loaded` nothing comes. */
export type Report =
  | ({ readonly type: 'loaded'; readonly lacking: readonly string[] } & BuildIdentity)
  | { readonly type: 'not-loaded'; readonly code?: string; readonly message: string }
  | { readonly type: 'result'; readonly result: ScenarioResult }

export function isOrder(message: unknown): message is Order {
  return tagOf(message) === 'order'
}

export function isReport(message: unknown): message is Report {
  const tag = tagOf(message)
  return tag === 'loaded' || tag === 'not-loaded' || tag === 'result'
}

function tagOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'type' in message ? message.type : undefined
}
