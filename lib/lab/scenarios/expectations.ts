// Compares the outcome of a scenario with the scenario's expectations of that build.
import { describeObservation } from './describe.js'
import { stepLabels } from './labels.js'
import type {
  BuildIdentity,
  BuildRange,
  ExpectedDifference,
  Expectation,
  Observation,
  Scenario,
  ScenarioOutcome,
} from './types.js'
import type { TlsVersion } from '../../tls/versions.js'

/** One sentence for each expectation that is not met. */
export function complaintsAbout(scenario: Scenario, outcome: ScenarioOutcome, build: BuildIdentity): readonly string[] {
  const differences = expectedDifferencesOf(scenario, build, outcome.tls)
  const lacks = differences.flatMap((difference) => ('lacks' in difference ? difference.lacks : []))
  if (outcome.kind === 'lacking') {
    const surprises = outcome.calls.filter((call) => !lacks.includes(call))
    return surprises.map((call) => `This build lacks ${call}, and the scenario does not say so`)
  }
  if (lacks.length > 0) return [`This build was expected to lack ${lacks.join(', ')}`]
  const labels = stepLabels(scenario)
  return expectationsOf(scenario, build, outcome.tls).flatMap((expected, i) => {
    const label = labels[i] ?? ''
    const observation = outcome.observations[i]
    return observation?.step === label ? disagreements(expected, observation) : [`${label}: not performed`]
  })
}

/** The expected result of each step on a build. */
export function expectationsOf(scenario: Scenario, build: BuildIdentity, tls: TlsVersion): readonly Expectation[] {
  const labels = stepLabels(scenario)
  const differences = expectedDifferencesOf(scenario, build, tls)
  return scenario.steps.map((step, i) => ({
    refused: '',
    ...(step.do === 'handshake' && { value: 1 }),
    ...step.expect,
    ...expectedHere(differences, labels[i] ?? ''),
  }))
}

/** The differences that a scenario expects of a build with a TLS version, in order. */
export function expectedDifferencesOf(
  scenario: Scenario,
  build: BuildIdentity,
  tls: TlsVersion,
): readonly ExpectedDifference[] {
  return (scenario.differs ?? []).filter(
    ({ when, versions }) => isAmong(when, build) && (versions?.includes(tls) ?? true),
  )
}

/** Whether a build is of one of the ranges; of every one where none is named. */
export function isAmong(when: ExpectedDifference['when'], build: BuildIdentity): boolean {
  if (when === undefined) return true
  const ranges = 'kind' in when ? [when] : when
  return ranges.some((range) => isInRange(range, build))
}

function isInRange(range: BuildRange, build: BuildIdentity): boolean {
  if (range.kind !== build.kind) return false
  if (range.kind !== 'OpenSSL') return true
  const { from, before } = range
  if (from !== undefined && build.versionNumber < numberOf(from)) return false
  return before === undefined || build.versionNumber < numberOf(before)
}

/** A release as OpenSSL_version_num(3) returns it: 0xMNNFFPPS before 3.0, 0xMNN00PP0 since. */
function numberOf(release: string): number {
  const [major = 0, minor = 0, patch = 0] = release.split('.').map(Number)
  const unit = major < 3 ? 2 ** 12 : 2 ** 4
  return major * 2 ** 28 + minor * 2 ** 20 + patch * unit
}

function expectedHere(differences: readonly ExpectedDifference[], label: string): Expectation {
  const expected: Expectation = {}
  for (const difference of differences) if ('expect' in difference) Object.assign(expected, difference.expect[label])
  return expected
}

function disagreements(expected: Expectation, observation: Observation): string[] {
  const seen: Required<Expectation> = {
    value: observation.value ?? Number.NaN,
    error: `SSL_ERROR_${observation.error?.replace('SSL_ERROR_', '') ?? ''}`,
    reason: observation.reasons?.at(-1) ?? 'none',
    reasons: observation.reasons ?? [],
    flags: observation.flags ?? 'none',
    data: observation.data ?? '',
    alerts: observation.alerts ?? [],
    wire: observation.wire ?? [],
    newSessions: observation.newSessions ?? 0,
    refused: observation.refused ?? '',
  }
  return names.flatMap((name) => {
    const want = expected[name]
    if (want === undefined || JSON.stringify(want) === JSON.stringify(seen[name])) return []
    return [`${observation.step}: ${name} ${JSON.stringify(want)} expected, but: ${describeObservation(observation)}`]
  })
}

const names = [
  'refused',
  'value',
  'error',
  'reason',
  'reasons',
  'flags',

  'data',
  'alerts',
  'wire',
  'newSessions',
] as const satisfies readonly (keyof Expectation)[]
