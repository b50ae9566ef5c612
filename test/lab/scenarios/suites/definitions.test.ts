// Rules for the scenarios themselves, whatever they are run on.
import { describe, expect, test } from 'vitest'
import { checkScenarios } from '../../../../lib/lab/scenarios/check.js'
import { scenarios } from '../../../../lib/lab/scenarios/suites/index.js'
import { expectedDifferencesOf, expectationsOf } from '../../../../lib/lab/scenarios/expectations.js'
import { movingLabels, stepLabels } from '../../../../lib/lab/scenarios/labels.js'
import type { BuildIdentity, ExpectedDifference, Scenario } from '../../../../lib/lab/scenarios/types.js'

/** The builds that `node scripts/libssl/fetch.mjs` fetches. */
const knownBuilds: readonly BuildIdentity[] = [
  { kind: 'OpenSSL', version: '1.1.1w', versionNumber: 0x1010117f },
  { kind: 'OpenSSL', version: '3.0', versionNumber: 0x30000140 },
  { kind: 'OpenSSL', version: '3.5', versionNumber: 0x30500070 },
  { kind: 'OpenSSL', version: '3.6', versionNumber: 0x30600050 },
  { kind: 'OpenSSL', version: '4.0', versionNumber: 0x40000030 },
  { kind: 'BoringSSL', version: 'BoringSSL', versionNumber: 0x1010107f },
]

test('every scenario has a name of its own, in kebab-case', () => {
  const names = scenarios.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)+$/.test(name))).toEqual([])
})

describe.each(scenarios.map((scenario) => ({ name: scenario.name, scenario })))('$name', ({ scenario }) => {
  test('has a label of its own for every step', () => {
    const labels = stepLabels(scenario)
    expect(new Set(labels).size).toBe(labels.length)
  })

  test('expects differences only of steps that it has', () => {
    const labels = stepLabels(scenario)
    const expected = (scenario.differs ?? []).flatMap((each) => ('expect' in each ? Object.keys(each.expect) : []))
    expect(expected.filter((label) => !labels.includes(label))).toEqual([])
  })

  test('names no step that differs by a number, which moves when a step is inserted', () => {
    const named = (scenario.differs ?? []).flatMap((each) => ('expect' in each ? Object.keys(each.expect) : []))
    const moving = movingLabels(scenario)
    expect(named.filter((label) => moving.includes(label))).toEqual([])
  })

  test('is one that a file could hold', () => {
    expect(checkScenarios(JSON.parse(JSON.stringify(scenario)), 'a file')).toEqual([scenario])
  })

  test('has no difference that is none', () => {
    const dead = (scenario.differs ?? []).filter((difference) => !mattersSomewhere(scenario, difference))
    expect(dead.map(({ because }) => because)).toEqual([])
  })

  test('explains every difference in whole sentences', () => {
    const reasons = (scenario.differs ?? []).map(({ because }) => because)
    expect(reasons.filter((reason) => !/^[A-Z].+\.$/.test(reason))).toEqual([])
  })
})

/** Whether some known build is expected to do something else because of it. */
function mattersSomewhere(scenario: Scenario, difference: ExpectedDifference): boolean {
  const without = { ...scenario, differs: (scenario.differs ?? []).filter((each) => each !== difference) }
  return scenario.versions.some((tls) =>
    knownBuilds.some((build) => {
      if (!expectedDifferencesOf(scenario, build, tls).includes(difference)) return false
      if ('lacks' in difference) return difference.lacks.length > 0
      const [full, reduced] = [scenario, without].map((each) => sorted(expectationsOf(each, build, tls)))
      return full !== reduced
    }),
  )
}

function sorted(expectations: readonly object[]): string {
  return JSON.stringify(expectations.map((each) => Object.entries(each).sort(([a], [b]) => a.localeCompare(b))))
}
