// docs/metrics.md has each metric, label and option as the code has it.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { allMetrics, type Label, labels, type Metric } from '../../lib/metrics/definitions.js'
import { meterRules } from '../../lib/metrics/metering.js'
import { collectorRules } from '../../lib/metrics/collector.js'

const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8').split('\n')

/** The rows of the table with that head. */
function rowsUnder(head: string): readonly string[] {
  const start = page.indexOf(head)
  expect(start, `a table with the head ${head}`).toBeGreaterThan(-1)
  const rest = page.slice(start + 2)
  return rest.slice(
    0,
    rest.findIndex((line) => !line.startsWith('|')),
  )
}

const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ')
const row = (...cells: readonly string[]) => `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |')

test('the table of metrics', () => {
  const all: readonly Metric[] = Object.values(allMetrics)
  expect(rowsUnder('| Prometheus | OpenTelemetry | unit | labels | meaning |')).toEqual(
    all.map(({ prometheus, openTelemetry, unit, labels: own, help }) =>
      row(code([prometheus]), code([openTelemetry]), code([unit]), code(own), help),
    ),
  )
})

test('the table of labels', () => {
  const all: readonly (readonly [string, Label])[] = Object.entries(labels)
  expect(rowsUnder('| label | attribute | values |')).toEqual(
    all.map(([name, { attribute, values }]) =>
      row(code([name]), code([attribute]), values === undefined ? 'on request' : code(values)),
    ),
  )
})

test('the table of options has each option with its unit and default', () => {
  const rows = rowsUnder('| option | unit | default | meaning |').map((line) => line.split(/ ?\| ?/).slice(1, 4))
  const { register, hosts, learned } = collectorRules
  const { meter, ...others } = meterRules
  const written = (rules: Readonly<Record<string, { readonly unit: string; readonly default: string }>>) =>
    Object.entries(rules).map(([name, rule]) => [name, rule.unit, rule.default])
  expect(written(others)).toEqual(written({ hosts, learned }))
  expect(rows).toEqual([
    ['`register` of `collectClosures()`', register.unit, register.default],
    ['`meter` of `meterClosures()`', meter.unit, meter.default],
    ['`hosts` of both', hosts.unit, hosts.default],
    ['`learned` of both', learned.unit, learned.default],
  ])
})
