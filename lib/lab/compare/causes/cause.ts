/**
 * The form of a known cause: why a step gives one result on some builds and another on the rest. Pure: a matcher sees
 * what was observed, never a build, and never the name of a scenario, so that scenarios of anybody are explained too.
 */
import type { TlsVersion } from '../../../tls/versions.js'
import type { BuildRange, Observation } from '../../scenarios/types.js'

export interface Cause {
  /** In kebab-case; it stays when the texts change. */
  readonly name: string
  /** A few words. */
  readonly title: string
  /** The builds that do what `there` says. The cause counts between one of them and any other build. */
  readonly builds: readonly BuildRange[]
  /** One sentence: what all other builds do. */
  readonly elsewhere: string
  /** One sentence: what these builds do. */
  readonly there: string
  /** One sentence each: what to change in a program that comes to these builds, and in one that leaves them. */
  readonly arriving: string
  readonly leaving: string
  readonly matches: (elsewhere: Seen, there: Seen, tls: TlsVersion) => boolean
}

/** What one build gave in a step, and before it. */
export interface Seen {
  /** Absent where the step did not come to pass. */
  readonly now: Observation | undefined
  /** The actor's steps so far, this one included, oldest first; all sides' where the step has no actor. */
  readonly sofar: readonly Observation[]
}

// --- Words for matchers ---

/** Whether it was so in this step, or in an earlier one whose consequence this step may be. */
export function met({ sofar }: Seen, happened: (one: Observation) => boolean): boolean {
  return sofar.some(happened)
}

export function hasReason(...names: readonly string[]): (one: Observation) => boolean {
  return ({ reasons = [] }) => reasons.some((reason) => names.includes(reason))
}

/** Whether an alert was sent or received that begins so: `received fatal`, `sent warning close_notify`. */
export function hasAlert(beginning: string): (one: Observation) => boolean {
  return ({ alerts = [] }) => alerts.some((alert) => alert.startsWith(beginning))
}

/** Whether a record passed whose description has this in it. */
export function hasRecord(part: string): (one: Observation) => boolean {
  return ({ wire = [] }) => wire.some((record) => record.includes(part))
}

export function holds(one: Observation | undefined, test: (one: Observation) => boolean): boolean {
  return one !== undefined && test(one)
}
