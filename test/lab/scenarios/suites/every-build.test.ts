import { describe, expect, test } from 'vitest'
import { describeObservation } from '../../../../lib/lab/scenarios/describe.js'
import { scenarios } from '../../../../lib/lab/scenarios/suites/index.js'
import { expectedDifferencesOf, complaintsAbout, expectationsOf } from '../../../../lib/lab/scenarios/expectations.js'
import type { BuildIdentity, ScenarioOutcome } from '../../../../lib/lab/scenarios/types.js'
import { type BuildRun, runEverywhere } from './runs.js'

const runs = await runEverywhere()
const ran = runs.flatMap((run) => (run.kind === 'ran' ? [run] : []))
const cases = scenarios.flatMap((scenario) => scenario.versions.map((tls) => ({ scenario, name: scenario.name, tls })))

console.log(tableOf(runs))

describe.each(ran)('on $build.version ($name)', ({ build, outcomes }) => {
  test.each(cases)('$name over $tls', ({ scenario, tls }) => {
    const outcome = outcomes.find((each) => each.scenario === scenario.name && each.tls === tls)
    if (outcome === undefined) throw new Error('Expected an outcome of this scenario')
    expect(complaintsAbout(scenario, outcome, build)).toEqual([])
  })
})

test('no build does otherwise without being told: of whom the same is expected, the same is seen', () => {
  const untold: string[] = []
  for (const { scenario, tls } of cases) {
    const seen = new Map<string, { readonly by: string; readonly what: string }>()
    for (const { name, build, outcomes } of ran) {
      const outcome = outcomes.find((each) => each.scenario === scenario.name && each.tls === tls)
      if (outcome?.kind !== 'ran') continue
      expectationsOf(scenario, build, tls).forEach((expectation, i) => {
        const observation = outcome.observations[i]
        if (observation === undefined) return
        const key = JSON.stringify([i, Object.entries(expectation).sort(([a], [b]) => a.localeCompare(b))])
        const what = describeObservation(observation)
        const other = seen.get(key)
        if (other === undefined) seen.set(key, { by: name, what })
        else if (other.what !== what) {
          untold.push(`${scenario.name} ${tls} ${observation.step}: ${other.by} ${other.what}, but ${name} ${what}`)
        }
      })
    }
  }
  expect(untold).toEqual([])
})

test('every build that is present could be run', () => {
  expect(runs.flatMap((run) => (run.kind === 'failed' ? [`${run.name}: ${run.reason}`] : []))).toEqual([])
})

test('at least three versions of OpenSSL were run', () => {
  const versions = new Set(ran.flatMap(({ build }) => (build.kind === 'OpenSSL' ? [seriesOf(build)] : [])))
  const fetch = 'to fetch builds: node scripts/libssl/fetch.mjs'
  expect([...versions].length, `ran on OpenSSL ${[...versions].join(', ')} only; ${fetch}`).toBeGreaterThanOrEqual(3)
})

/** By suite and build: how many went as on most builds, how many as explained for this one, and how many cannot. */
function tableOf(all: readonly BuildRun[]): string {
  const suites = [...new Set(scenarios.map(({ name }) => suiteOf(name)))]
  const rows = all.map((run) => {
    if (run.kind === 'failed') return [run.name, ...suites.map(() => 'not run')]
    return [`${run.build.kind} ${run.name}`, ...suites.map((suite) => cellOf(run, suite))]
  })
  const header = ['as usual + as explained + not possible', ...suites]
  const widths = header.map((_, i) => Math.max(...[header, ...rows].map((row) => row[i]?.length ?? 0)))
  return [header, ...rows].map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')).join('\n')
}

function cellOf({ build, outcomes }: { build: BuildIdentity; outcomes: readonly ScenarioOutcome[] }, suite: string) {
  const counts = { usual: 0, explained: 0, impossible: 0, wrong: 0 }
  for (const outcome of outcomes) {
    const scenario = scenarios.find(({ name }) => name === outcome.scenario)
    if (scenario === undefined || suiteOf(scenario.name) !== suite) continue
    if (complaintsAbout(scenario, outcome, build).length > 0) counts.wrong++
    else if (outcome.kind === 'lacking') counts.impossible++
    else if (expectedDifferencesOf(scenario, build, outcome.tls).some(({ when }) => when !== undefined))
      counts.explained++
    else counts.usual++
  }
  const { usual, explained, impossible, wrong } = counts
  return `${usual} + ${explained} + ${impossible}${wrong > 0 ? `, ${wrong} WRONG` : ''}`
}

function suiteOf(name: string): string {
  return name.split('-', 1)[0] ?? name
}

function seriesOf({ versionNumber }: BuildIdentity): string {
  return (versionNumber >>> 20).toString(16)
}
