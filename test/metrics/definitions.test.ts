// The table of the metrics: its names are those that each convention asks for, and what is counted stays within its labels.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { attributesOf } from '../../lib/metrics/attributes.js'
import { allMetrics, labels, labelsOf, type Metric, metrics, waitBuckets } from '../../lib/metrics/definitions.js'
import { beginnings, isHistogram } from '../../lib/metrics/measurements.js'
import { sourceFiles } from '../house/source.js'

const table: readonly (readonly [string, Metric])[] = Object.entries(allMetrics)

/** The name that a collector of OpenTelemetry gives to Prometheus: units in words, `_total` behind counters. */
function translated({ openTelemetry, unit, kind }: Metric): string {
  const unitWord = { s: '_seconds', By: '_bytes', '{connection}': '', '{peer}': '' }[unit]
  return `${openTelemetry.replaceAll('.', '_')}${unitWord}${kind === 'counter' ? '_total' : ''}`
}

describe('names', () => {
  test.each(table)('%s: one name, as each convention writes it', (_key, metric) => {
    expect(metric.prometheus).toBe(translated(metric))
    expect(metric.prometheus).toMatch(/^close_notify_[a-z_]+[a-z]$/)
    expect(metric.openTelemetry).toMatch(/^close_notify\.[a-z_.]+[a-z]$/)
    expect(metric.openTelemetry).not.toMatch(/total|seconds|bytes/)
    expect(metric.help).toMatch(/^[A-Z].*[^.]$/)
  })

  test('no name of OpenTelemetry is the namespace of another one', () => {
    const names = table.map(([, { openTelemetry }]) => openTelemetry)
    expect(names.filter((name) => names.some((other) => other.startsWith(`${name}.`)))).toEqual([])
  })

  test('attributes are in a namespace of ours, or are those of the semantic conventions', () => {
    const own = Object.values(labels).map(({ attribute }) => attribute)
    expect(own.filter((name) => !name.startsWith('close_notify.'))).toEqual(['tls.protocol.version', 'server.address'])
  })
})

describe('labels', () => {
  test('all but hosts have a closed set of values', () => {
    const open = Object.entries(labels).filter(([, { values }]) => values === undefined)
    expect(open.map(([name]) => name)).toEqual(['host'])
  })

  test('hosts only where they are asked for', () => {
    const named = (hosts: number) => table.filter(([, metric]) => labelsOf(metric, hosts).includes('host'))
    expect(named(0)).toEqual([])
    expect(named(1).map(([key]) => key)).toEqual(['closures', 'truncations'])
  })

  test.each([0, 5])('what begins at 0 with %i hosts has the labels of its metric, and values of theirs', (hosts) => {
    for (const { metric, value, labels: own } of beginnings(hosts)) {
      expect(value).toBe(0)
      expect(isHistogram(metric)).toBe(false)
      expect(Object.keys(own).sort()).toEqual([...labelsOf(metrics[metric], hosts)].sort())
      for (const [name, label] of Object.entries(own)) {
        const values: readonly string[] | undefined = Object.entries(labels).find(([key]) => key === name)?.[1].values
        if (name !== 'host') expect(values).toContain(label)
      }
    }
  })

  test('attributes have the forms of the semantic conventions', () => {
    expect(attributesOf({ protocol: 'TLSv1.3', answered: 'true', host: 'other', cut: 'unknown' })).toEqual({
      'tls.protocol.version': '1.3',
      'close_notify.answered': true,
      'server.address': '_OTHER',
      'close_notify.cut': 'unknown',
    })
    expect(attributesOf({ side: 'server', host: 'none' })).toEqual({ 'close_notify.side': 'server' })
  })
})

test('the buckets of the wait rise', () => {
  expect([...waitBuckets].sort((a, b) => a - b)).toEqual(waitBuckets)
})

// Each entry needs its own package alone, for programs and for their types.
test.each([
  ['metrics/prometheus.ts', ['prom-client']],
  ['metrics/opentelemetry.ts', ['@opentelemetry/api']],
])('%s imports no package but its own', (entry, packages) => {
  const files = new Map(sourceFiles().map((each) => [each.file, each]))
  const reached = new Set<string>()
  const follow = (file: string) => {
    if (reached.has(file)) return
    reached.add(file)
    for (const to of files.get(file)?.imports ?? []) follow(to)
  }
  follow(entry)
  const named = [...reached].flatMap((file) =>
    [...(files.get(file)?.text ?? '').matchAll(/(?:from |import\(|require\()'((?!node:|\.)[^']+)'/g)].map(
      ([, name = '']) => name,
    ),
  )
  expect([...new Set(named)].sort()).toEqual(packages)
})

test('package.json has an entry and an optional peer for each', () => {
  const described: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  expect(described).toMatchObject({
    exports: {
      './metrics/prometheus': { default: './dist/lib/metrics/prometheus.js' },
      './metrics/opentelemetry': { default: './dist/lib/metrics/opentelemetry.js' },
    },
    peerDependenciesMeta: { 'prom-client': { optional: true }, '@opentelemetry/api': { optional: true } },
  })
})
