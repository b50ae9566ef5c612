// The dashboard and the alerts: they name metrics, labels and values that there are, and the alerts do what they say, by the
// judgement of Debian's promtool.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { learnedWaiting } from '../../lib/index.js'
import { allMetrics, labels, labelsOf, type Metric } from '../../lib/metrics/definitions.js'
import { collectClosures } from '../../lib/metrics/prometheus.js'
import { lacks, programOf } from '../support/peers/programs.js'
import { alertsText, dashboardQueries } from './dashboard.js'

const all: readonly Metric[] = Object.values(allMetrics)
const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))

/** What a text of PromQL names and there is not: metrics, labels of a metric, values of a label. */
function wrongNames(text: string): readonly string[] {
  const wrong: string[] = []
  for (const [, name = '', selector = ''] of text.matchAll(/\b(close_notify_\w+)(?:\{([^}]*)\})?/g)) {
    const metric = all.find(({ kind, prometheus }) =>
      kind === 'histogram'
        ? ['bucket', 'sum', 'count'].some((part) => name === `${prometheus}_${part}`)
        : name === prometheus,
    )
    if (metric === undefined) wrong.push(name)
    for (const [, label = '', value = ''] of selector.matchAll(/(\w+)\s*=~?\s*"([^"]*)"/g)) {
      if (['job', 'instance'].includes(label)) continue
      const known = Object.entries(labels).find(([key]) => key === label)?.[1]
      const own: readonly string[] = metric === undefined ? [] : labelsOf(metric, 1)
      if (known === undefined || !own.includes(label)) wrong.push(`${name}{${label}}`)
      else wrong.push(...value.split('|').filter((each) => known.values?.includes(each) === false))
    }
  }
  const grouped = [...text.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(/,\s*/))
  wrong.push(...grouped.filter((name) => !['job', 'instance', 'le', ...Object.keys(labels)].includes(name)))
  return wrong
}

test('a name that there is not is found', () => {
  expect(
    wrongNames('sum by (verdict, place) (rate(close_notify_closings_total{side="clent", cut="unknown"}[1m]))'),
  ).toEqual([
    'close_notify_closings_total',
    'close_notify_closings_total{side}',
    'close_notify_closings_total{cut}',
    'place',
  ])
  expect(wrongNames('close_notify_closures_total{side="clent|server"}')).toEqual(['clent'])
  expect(wrongNames('close_notify_wait_duration_seconds')).toEqual(['close_notify_wait_duration_seconds'])
})

test('the dashboard asks for metrics, labels and values that there are, and for each metric', () => {
  const queries = dashboardQueries()
  expect(queries.length).toBeGreaterThan(10)
  expect(queries.flatMap(wrongNames)).toEqual([])
  const asked = queries.join('\n')
  expect(all.map(({ prometheus }) => prometheus).filter((name) => !asked.includes(name))).toEqual([])
})

test('so do the alerts, which are three', () => {
  expect(wrongNames(alertsText())).toEqual([])
  expect([...alertsText().matchAll(/- alert: (\w+)/g)].map(([, name]) => name)).toEqual([
    'TlsStreamCutInsideRecord',
    'TlsTruncationsRose',
    'TlsWaitsRefused',
  ])
})

describe.skipIf(lacks('prometheus'))('by promtool', () => {
  const promtool = (args: readonly string[], input = '') => {
    const { command, env } = programOf('promtool')
    const { status, stdout, stderr } = spawnSync(command, args, {
      encoding: 'utf8',
      input,
      env: { ...process.env, ...env },
    })
    return { status, said: stdout + stderr }
  }

  test('the rules are right', () => {
    expect(promtool(['check', 'rules', '--lint-fatal', path('docs/metrics/alerts.yml')])).toMatchObject({ status: 0 })
  })

  test('their unit tests pass', () => {
    const { status, said } = promtool(['test', 'rules', path('test/metrics/alerts.test.yml')])
    expect({ status, said }).toMatchObject({ status: 0 })
  })

  test('it finds nothing wrong with what a collector gives', async () => {
    const { register, stop } = collectClosures({ hosts: 3, learned: learnedWaiting() })
    const exposed = await register.metrics()
    stop()
    expect(promtool(['check', 'metrics'], exposed)).toEqual({ status: 0, said: '' })
  })
})
