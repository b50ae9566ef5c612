// A line for each scenario, TLS version, step and build, as RFC 4180 has it: CRLF, quotes where they are needed.
import type { Comparison, ComparedScenario } from '../../../lab/compare/comparison.js'
import type { Observation } from '../../../lab/scenarios/types.js'
import { csvLine } from '../../text.js'

export function renderCsv({ builds, scenarios }: Comparison): string {
  const labels = new Map(builds.map(({ id, label }) => [id, label]))
  const lines = scenarios.flatMap((scenario) =>
    Object.entries(scenario.results).flatMap(([id, result]) => {
      const subject = [scenario.name, scenario.tls, id, labels.get(id) ?? id, result.kind]
      if (result.kind === 'ran') {
        return result.observations.map((one) => [...subject, ...stepCells(one, differs(scenario, id, one))])
      }
      return [subject]
    }),
  )
  return [columns, ...lines].map((cells) => csvLine(columns.map((_, index) => cells[index] ?? ''))).join('')
}

const columns: readonly string[] = [
  'scenario',
  'tls',
  'build',
  'label',
  'outcome',
  'step',
  'differs',
  'call',
  'value',
  'error',
  'reasons',
  'flags',
  'data',
  'alerts',
  'wire',
  'new_sessions',
  'refused',
  'note',
]

function stepCells(one: Observation, isDifferent: boolean): readonly string[] {
  return [
    one.step,
    isDifferent ? 'yes' : 'no',
    one.call,
    one.value?.toString() ?? '',
    one.error ?? '',
    list(one.reasons),
    one.flags ?? '',
    one.data ?? '',
    list(one.alerts),
    list(one.wire),
    one.newSessions?.toString() ?? '',
    one.refused ?? '',
    one.note ?? '',
  ]
}

function differs({ differences }: ComparedScenario, id: string, { step }: Observation): boolean {
  return differences.some((difference) => difference.step === step && Object.hasOwn(difference.otherwise, id))
}

function list(texts: readonly string[] = []): string {
  return texts.join('; ')
}
