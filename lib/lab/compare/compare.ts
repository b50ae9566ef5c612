/**
 * The same scenarios over many libssl builds: each build in a process of its own, a few at a time; then what differs.
 * Nothing is printed here.
 */
import { availableParallelism } from 'node:os'
import type { Build } from '../builds.js'
import { expectedDifferencesOf } from '../scenarios/expectations.js'
import type { BuildIdentity, ExpectedDifference, Scenario } from '../scenarios/types.js'
import type { TlsVersion } from '../../tls/versions.js'
import { runBuild } from './build-run.js'
import type { BuildOutcome } from './build-run.js'
import type { ComparedBuild, ComparedScenario, Explanation, ScenarioResult } from './comparison.js'
import { differencesOf } from './differences.js'
import { uniqueLabels } from './labels.js'
import type { FinishedBuild } from './labels.js'
import type { Run } from './messages.js'

export interface ComparePlan {
  /** Two stay in this order: what differs is told from the first to the second. More are sorted by version. */
  readonly builds: readonly Build[]
  readonly scenarios: readonly Scenario[]
  /** Of the versions that a scenario is for, these. */
  readonly versions: readonly TlsVersion[]
  /** Ends every process at once; the promise rejects with its reason. */
  readonly signal: AbortSignal
  /** Called at first, and after each scenario on each build, with how many of them are done. */
  readonly onProgress?: (done: number, total: number) => void
}

export interface Compared {
  readonly builds: readonly ComparedBuild[]
  readonly scenarios: readonly ComparedScenario[]
}

export async function compareBuilds(plan: ComparePlan): Promise<Compared> {
  const pairs = plan.scenarios.flatMap((scenario) =>
    scenario.versions.filter((tls) => plan.versions.includes(tls)).map((tls) => ({ scenario, tls })),
  )
  const unsorted = await runBuilds(plan, pairs)
  // Of two the first is the one that is replaced, whatever their versions are.
  const finished = unsorted.length === 2 ? unsorted : unsorted.sort(byKindAndVersion)
  const labels = uniqueLabels(finished)
  const builds = finished.map((one, index) => comparedBuild(one, labels[index] ?? one.build.name))
  return {
    builds,
    scenarios: pairs.map(({ scenario, tls }, index) => {
      const { name, title } = scenario
      const results = resultsOf(finished, index)
      const differences = differencesOf(results)
      const steps = differences.map(({ step }) => step)
      return { name, title, tls, results, differences, explanations: explanationsOf(scenario, tls, builds, steps) }
    }),
  }
}

async function runBuilds({ builds, signal, onProgress }: ComparePlan, runs: readonly Run[]): Promise<FinishedBuild[]> {
  const finished: FinishedBuild[] = []
  const total = builds.length * runs.length
  let done = 0
  const advance = (by: number): void => {
    done += by
    onProgress?.(done, total)
  }
  advance(0)
  const waiting = builds.entries()
  const workers = Array.from({ length: Math.min(availableParallelism(), builds.length) }, async () => {
    // One iterator for all of them: each takes the next build that nobody has.
    for (const [index, build] of waiting) {
      const outcome = await runBuild(build, runs, signal, () => advance(1))
      advance(runs.length - outcome.results.length)
      finished[index] = { build, outcome }
    }
  })
  // All of them, so that no process is left when one rejects.
  for (const end of await Promise.allSettled(workers)) if (end.status === 'rejected') throw end.reason
  return finished
}

/** Releases of OpenSSL as they came, then its forks, then what could not be loaded. */
function byKindAndVersion({ outcome: a }: FinishedBuild, { outcome: b }: FinishedBuild): number {
  if (a.load.type !== 'loaded' || b.load.type !== 'loaded') return placeOf(a) - placeOf(b)
  return placeOf(a) - placeOf(b) || a.load.versionNumber - b.load.versionNumber
}

function placeOf({ load }: BuildOutcome): number {
  return load.type === 'loaded' ? kinds.indexOf(load.kind) : kinds.length
}

const kinds: readonly string[] = ['OpenSSL', 'BoringSSL', 'LibreSSL', 'AWS-LC'] satisfies BuildIdentity['kind'][]

function comparedBuild({ build, outcome }: FinishedBuild, label: string): ComparedBuild {
  const { load, crashedAtExit } = outcome
  const names = { id: build.name, label, ...(build.libssl !== undefined && { libssl: build.libssl }) }
  switch (load.type) {
    case 'crashed':
      return { ...names, status: 'crashed', crash: load.crash }
    case 'not-loaded': {
      const { code, message } = load
      return { ...names, status: 'not-loaded', ...(code !== undefined && { code }), message }
    }
    case 'loaded': {
      const { kind, version, versionNumber, lacking } = load
      const exit = crashedAtExit === undefined ? {} : { crashedAtExit }
      return { ...names, status: 'loaded', kind, version, versionNumber, lacking, ...exit }
    }
  }
}

function resultsOf(finished: readonly FinishedBuild[], run: number): Readonly<Record<string, ScenarioResult>> {
  const results: Record<string, ScenarioResult> = {}
  for (const { build, outcome } of finished) {
    const result = outcome.results[run]
    if (result !== undefined) results[build.name] = result
  }
  return results
}

/** The reasons that the scenario has for differences in these steps, and the builds that each is about. */
function explanationsOf(
  scenario: Scenario,
  tls: TlsVersion,
  builds: readonly ComparedBuild[],
  steps: readonly string[],
): readonly Explanation[] {
  const meant = new Map<string, string[]>()
  for (const build of builds) {
    if (build.status !== 'loaded') continue
    for (const expected of expectedDifferencesOf(scenario, build, tls)) {
      // Without `when` it is of all builds, and no difference between them.
      if (expected.when === undefined || !concerns(expected, steps)) continue
      meant.set(expected.because, [...(meant.get(expected.because) ?? []), build.id])
    }
  }
  return [...meant].map(([because, ids]) => ({ builds: ids, because }))
}

function concerns(expected: ExpectedDifference, steps: readonly string[]): boolean {
  return 'lacks' in expected || Object.keys(expected.expect).some((step) => steps.includes(step))
}
