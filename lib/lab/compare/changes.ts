/**
 * What changes for a program when one libssl is replaced by another: each step that differs, under the one cause that
 * explains it. Behaviour and wording are kept apart, and what no known cause explains is listed too, so that the steps
 * under all changes are the steps that differ.
 */
import { invalid } from '../../options.js'
import type { Build } from '../builds.js'
import type { Actor, Observation, Scenario } from '../scenarios/types.js'
import type { TlsVersion } from '../../tls/versions.js'
import { causeOf, causesBetween } from './causes/index.js'
import type { Seen } from './causes/cause.js'
import { compareBuilds } from './compare.js'
import type { Compared } from './compare.js'
import type { ComparedBuild, ComparedScenario } from './comparison.js'
import { rowsOf, senseOf, textOf } from './differences.js'

/** The form of `close-notify compare --from A --to B --json`, but for date and makers; described in docs/compare.md. */
export interface Changes {
  readonly from: ComparedBuild
  readonly to: ComparedBuild
  /** The steps that both came to, or one of them: the same scenario with two versions of TLS counts twice. */
  readonly steps: { readonly all: number; readonly differing: number }
  /** Behaviour first, then wording; in each, known causes first, those of many steps before those of few. */
  readonly changes: readonly Change[]
  /** Calls and options that one of them has and the other lacks. */
  readonly calls: readonly CallChange[]
  /** Scenarios that one of them did not come through. */
  readonly failures: readonly Failure[]
}

export type Change = {
  /** `wording`: only texts in the error queue differ, and neither queue is empty. */
  readonly kind: ChangeKind
  readonly scenarios: number
  /** At least one, in the order of the scenarios; the first is the example. */
  readonly steps: readonly ChangedStep[]
} & (
  | {
      readonly explained: true
      /** In kebab-case; it stays when the texts change. */
      readonly cause: string
      readonly title: string
      /** One sentence each. */
      readonly old: string
      readonly new: string
      readonly program: string
    }
  /** No known cause: all steps of one call with the same two results. */
  | ({ readonly explained: false; readonly call: Observation['call'] } & Pick<ChangedStep, 'old' | 'new'>)
)

export type ChangeKind = 'behaviour' | 'wording'

export interface ChangedStep {
  readonly scenario: string
  readonly tls: TlsVersion
  readonly step: string
  /** In one line; null where the step did not come to pass. */
  readonly old: string | null
  readonly new: string | null
}

interface CallChange {
  readonly call: string
  /** The one that has it. */
  readonly has: 'from' | 'to'
  /** The scenarios that could not run on the other for want of it. */
  readonly scenarios: readonly string[]
}

interface Failure {
  readonly scenario: string
  readonly tls: TlsVersion
  readonly build: 'from' | 'to'
  readonly message: string
}

/** What to compare. */
export interface ReplacementPlan {
  /** The libssl that is replaced, and the one that replaces it. */
  readonly from: Build
  readonly to: Build
  readonly scenarios: readonly Scenario[]
  /** Of the versions that a scenario is for, these. */
  readonly versions: readonly TlsVersion[]
  /** Ends every process at once; the promise rejects with its reason. */
  readonly signal: AbortSignal
  /** Called at first, and after each scenario on each build, with how many of them are done. */
  readonly onProgress?: (done: number, total: number) => void
}

/** Runs the scenarios on both, each in a process of its own. Rejects with the signal's reason when that aborts. */
export async function changesBetween({ from, to, ...plan }: ReplacementPlan): Promise<Changes> {
  return changesOf(await compareBuilds({ ...plan, builds: [from, to] }), from.name, to.name)
}

/**
 * The same of a comparison that was made, between two of its builds by their ids. Throws
 * ERR_CLOSURE_INVALID_ARGUMENT for an id that it does not have.
 */
export function changesOf({ builds, scenarios }: Compared, fromId: string, toId: string): Changes {
  const [from, to] = [fromId, toId].map((id) => builds.find((build) => build.id === id))
  if (from === undefined || to === undefined) {
    const ids = builds.map(({ id }) => `'${id}'`).join(', ')
    throw from === undefined ? invalid('from', ids, fromId) : invalid('to', ids, toId)
  }
  const pairs = scenarios.flatMap((scenario) => pairsOf(scenario, fromId, toId))
  const differing = pairs.filter((pair) => senseOf(pair.from.now ?? null) !== senseOf(pair.to.now ?? null))
  const { calls, failures } = notCompared(scenarios, from, to)
  return {
    from,
    to,
    steps: { all: pairs.length, differing: differing.length },
    changes: grouped(differing, from, to),
    calls,
    failures,
  }
}

// --- Steps ---

/** One step on both builds. */
interface Pair {
  readonly scenario: string
  readonly tls: TlsVersion
  readonly step: string
  readonly call: Observation['call']
  readonly from: Seen
  readonly to: Seen
}

function pairsOf({ name, tls, results }: ComparedScenario, fromId: string, toId: string): readonly Pair[] {
  const [from, to] = [results[fromId], results[toId]]
  if (from?.kind !== 'ran' || to?.kind !== 'ran') return []
  // The rows know in which order steps stand that one of them did not come to.
  return rowsOf({ from, to }).flatMap(({ step, call }): readonly Pair[] => {
    if (call === undefined) return []
    const tellsOf = reachOf(step, from.observations, to.observations)
    return [
      {
        scenario: name,
        tls,
        step,
        call,
        from: seen(from.observations, step, tellsOf),
        to: seen(to.observations, step, tellsOf),
      },
    ]
  })
}

/**
 * The actors whose earlier steps can be the cause of what differs in this one: its own, and the other where what that
 * one has sent differed.
 */
function reachOf(step: string, from: readonly Observation[], to: readonly Observation[]): (actor: Actor) => boolean {
  const upTo = (all: readonly Observation[]) => all.slice(0, all.findIndex((one) => one.step === step) + 1)
  const own = [...from, ...to].find((one) => one.step === step)?.actor
  const passed = (all: readonly Observation[]) =>
    JSON.stringify(upTo(all).filter(({ call, actor }) => call === 'transfer' && actor !== own))
  const isReached = own === undefined || passed(from) !== passed(to)
  return (actor) => isReached || actor === own
}

function seen(all: readonly Observation[], step: string, tellsOf: (actor: Actor) => boolean): Seen {
  const index = all.findIndex((one) => one.step === step)
  const upTo = all.slice(0, index === -1 ? all.length : index + 1)
  return { now: all[index], sofar: upTo.filter(({ actor }) => actor === undefined || tellsOf(actor)) }
}

// --- Groups ---

const kinds = ['behaviour', 'wording'] as const satisfies readonly ChangeKind[]

function grouped(differing: readonly Pair[], from: ComparedBuild, to: ComparedBuild): readonly Change[] {
  const headingOf = headings(from, to)
  const groups = new Map<string, { readonly kind: ChangeKind; readonly heading: Heading; readonly pairs: Pair[] }>()
  for (const pair of differing) {
    const [kind, heading] = [kindOf(pair), headingOf(pair)]
    const key = JSON.stringify([kind, heading])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { kind, heading, pairs: [pair] })
    else group.pairs.push(pair)
  }
  const byKind = (kind: ChangeKind) => kinds.indexOf(kind)
  return [...groups.values()]
    .toSorted(
      (a, b) =>
        byKind(a.kind) - byKind(b.kind) ||
        Number(b.heading.explained) - Number(a.heading.explained) ||
        b.pairs.length - a.pairs.length,
    )
    .map(({ kind, heading, pairs }) => ({
      kind,
      ...heading,
      scenarios: new Set(pairs.map(({ scenario }) => scenario)).size,
      steps: pairs.map(changedStep),
    }))
}

/** What steps of one group have in common. */
type Heading = DistributiveOmit<Change, 'kind' | 'scenarios' | 'steps'>

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

function headings(from: ComparedBuild, to: ComparedBuild): (pair: Pair) => Heading {
  const areLoaded = from.status === 'loaded' && to.status === 'loaded'
  const causes = areLoaded ? causesBetween(from, to) : []
  return (pair) => {
    const found = causeOf(causes, pair.from, pair.to, pair.tls)
    if (found === undefined) {
      const { old, new: replacement } = changedStep(pair)
      return { explained: false, call: pair.call, old, new: replacement }
    }
    const { cause, direction } = found
    const { name, title, elsewhere, there } = cause
    const [before, after] = direction === 'arriving' ? [elsewhere, there] : [there, elsewhere]
    return { explained: true, cause: name, title, old: before, new: after, program: cause[direction] }
  }
}

/** Wording is what a program cannot tell from before unless it reads the texts of its errors. */
function kindOf({ from, to }: Pair): ChangeKind {
  if (from.now === undefined || to.now === undefined) return 'behaviour'
  const [before, after] = [from.now, to.now]
  if ((before.reasons ?? []).length === 0 || (after.reasons ?? []).length === 0) return 'behaviour'
  const isAlike = senseOf({ ...before, reasons: [] }) === senseOf({ ...after, reasons: [] })
  return isAlike ? 'wording' : 'behaviour'
}

function changedStep(pair: Pair): ChangedStep {
  const { scenario, tls, step } = pair
  return { scenario, tls, step, old: textOf(pair.from.now ?? null), new: textOf(pair.to.now ?? null) }
}

// --- What one of them could not run ---

function notCompared(
  scenarios: readonly ComparedScenario[],
  from: ComparedBuild,
  to: ComparedBuild,
): Pick<Changes, 'calls' | 'failures'> {
  const sides = [
    { build: 'from', other: 'to', id: from.id, lacking: lackingOf(from), others: lackingOf(to) },
    { build: 'to', other: 'from', id: to.id, lacking: lackingOf(to), others: lackingOf(from) },
  ] as const
  const failures: Failure[] = []
  const calls = new Map<string, { readonly has: 'from' | 'to'; readonly scenarios: Set<string> }>()
  for (const { build, other, id, lacking, others } of sides) {
    for (const call of lacking) if (!others.includes(call)) calls.set(call, { has: other, scenarios: new Set() })
    for (const { name, tls, results } of scenarios) {
      const result = results[id]
      const beside = results[other === 'from' ? from.id : to.id]
      if (result?.kind === 'failed') failures.push({ scenario: name, tls, build, message: result.message })
      if (result?.kind === 'crashed') failures.push({ scenario: name, tls, build, message: result.crash.how })
      if (result?.kind !== 'lacking') continue
      const lackedBeside = beside?.kind === 'lacking' ? beside.calls : []
      for (const call of result.calls.filter((one) => !lackedBeside.includes(one))) {
        const entry = calls.get(call) ?? { has: other, scenarios: new Set<string>() }
        entry.scenarios.add(name)
        calls.set(call, entry)
      }
    }
  }
  return {
    calls: [...calls].map(([call, entry]) => ({ call, has: entry.has, scenarios: [...entry.scenarios] })),
    failures,
  }
}

function lackingOf(build: ComparedBuild): readonly string[] {
  return build.status === 'loaded' ? build.lacking : []
}
