// A real Prometheus that scrapes a server under load: its answers to queries are what the program has counted by its own
// control, and the queries of the dashboard and the rules of the alerts work there.
import { createServer as createHttpServer } from 'node:http'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { type ClosureReport, controlClosure, learnedWaiting } from '../../lib/index.js'
import { collectClosures } from '../../lib/metrics/prometheus.js'
import { clientOf, listen } from '../closure/servers.js'
import { tlsServer } from '../policy/harness.js'
import { freePort } from '../support/free-port.js'
import { startPeer, stopAfter } from '../support/peers/child.js'
import { lacks, programOf } from '../support/peers/programs.js'
import { once } from '../support/streams.js'
import { asSent, dashboardQueries } from './dashboard.js'

const alerts = fileURLToPath(new URL('../../docs/metrics/alerts.yml', import.meta.url))

interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface Prometheus {
  readonly ask: (query: string) => Promise<readonly Sample[]>
  readonly rules: () => Promise<string>
}

/** Scrapes that port, every 200 ms. */
async function startPrometheus(scraped: number): Promise<Prometheus> {
  const folder = mkdtempSync(path.join(tmpdir(), 'close-notify-prometheus-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const port = await freePort()
  const config = path.join(folder, 'prometheus.yml')
  writeFileSync(
    config,
    [
      'global: { scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 1s }',
      `rule_files: [${JSON.stringify(alerts)}]`,
      `scrape_configs: [{ job_name: app, static_configs: [{ targets: ['127.0.0.1:${scraped}'] }] }]`,
    ].join('\n'),
  )
  const { command, env } = programOf('prometheus')
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${path.join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]
  const peer = stopAfter(startPeer({ command, args, env }))
  await peer.line(/Server is ready to receive web requests/)
  const api = async (where: string): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${where}`)
    const body: unknown = await response.json()
    if (Reflect.get(Object(body), 'status') !== 'success') throw new Error(`${where}: ${JSON.stringify(body)}`)
    return Reflect.get(Object(body), 'data')
  }
  return {
    ask: async (query) => samplesOf(await api(`query?query=${encodeURIComponent(query)}`)),
    rules: async () => JSON.stringify(await api('rules')),
  }
}

function samplesOf(data: unknown): readonly Sample[] {
  const result: unknown = Reflect.get(Object(data), 'result')
  if (!Array.isArray(result)) throw new Error(`expected a vector: ${JSON.stringify(data)}`)
  return result.map((each: unknown) => {
    const named: unknown = Reflect.get(Object(each), 'metric')
    const labels: Record<string, string> = {}
    const names = typeof named === 'object' && named !== null ? Object.keys(named) : []
    for (const key of names) labels[key] = String(Reflect.get(Object(named), key))
    const value: unknown = Reflect.get(Object(each), 'value')
    return { labels, value: Number(Array.isArray(value) ? value[1] : NaN) }
  })
}

test.skipIf(lacks('prometheus'))('Prometheus has what the program has counted', async () => {
  const learned = learnedWaiting({ longest: 300 })
  const collector = collectClosures({ hosts: 2, learned })
  onTestFinished(collector.stop)
  const page = createHttpServer((_request, response) => {
    void collector.register
      .metrics()
      .then((text) => response.setHeader('Content-Type', collector.register.contentType).end(text))
  })
  const prometheus = await startPrometheus(await listen(page))
  onTestFinished(() => page.closeAllConnections())

  // Clients that answer, that go without an alert, and that never answer.
  const server = tlsServer('TLSv1.3', (socket) => {
    socket.once('data', (data) => {
      if (String(data) === 'close') socket.end('bye')
      else socket.write('here')
    })
  })
  const control = controlClosure(server, { mode: 'bidirectional', waitTimeout: learned, maxWaiting: 4 })
  onTestFinished(() => {
    control.stop()
  })
  // Prometheus begins to scrape a new target some seconds after its start.
  while ((await prometheus.ask('up'))[0]?.value !== 1) await sleep(100)
  const reports: ClosureReport[] = []
  control.on('closure', (report) => reports.push(report))
  const port = await listen(server)
  const all = 240
  let started = 0
  const load = async (): Promise<void> => {
    for (let i = started++; i < all; i = started++) {
      const client = clientOf(port, {})
      await once(client, 'secureConnect')
      const closed = once(client, 'close')
      if (i % 3 === 0) {
        client.resume().write('close')
      } else if (i % 3 === 1) {
        client.once('data', () => client.destroy()).write('go')
      } else {
        // It reads nothing: the server waits for its budget, or is refused to.
        client.write('close')
        setTimeout(() => client.destroy(), 600).unref()
      }
      await closed
    }
  }
  await Promise.all(Array.from({ length: 24 }, load))
  while (control.connections > 0) await sleep(20)
  expect(reports).toHaveLength(all)

  // What came last has been scraped when the sum is that of all.
  while ((await prometheus.ask('sum(close_notify_closures_total)'))[0]?.value !== all) await sleep(100)

  const byVerdict = await prometheus.ask('sum by (verdict) (close_notify_closures_total)')
  const counted = Object.entries(control.counters).filter(([, count]) => count > 0)
  expect(Object.fromEntries(byVerdict.map(({ labels, value }) => [labels['verdict'], value]))).toEqual(
    Object.fromEntries(counted),
  )
  expect(counted.length).toBeGreaterThan(2)
  const value = async (query: string) => (await prometheus.ask(query))[0]?.value
  const waits = reports.flatMap(({ waited }) => (waited === undefined ? [] : [waited / 1000]))
  expect({
    refused: await value('close_notify_refused_waits_total{side="server"}'),
    truncations: await value('sum(close_notify_truncations_total)'),
    waits: await value('sum(close_notify_wait_duration_seconds_count)'),
    waiting: await value('close_notify_active_waits'),
    misses: await value('sum(close_notify_learned_closings_total{lookup="miss"})'),
    hits: await value('sum(close_notify_learned_closings_total{lookup="hit"})'),
    byMode: await value('sum(close_notify_closures_total{mode="bidirectional", side="server", host="none"})'),
  }).toEqual({
    refused: control.waitingRefused,
    truncations: control.counters.truncated,
    waits: waits.length,
    waiting: 0,
    misses: learned.counters.misses,
    hits: learned.counters.hits,
    byMode: reports.filter(({ mode }) => mode === 'bidirectional').length,
  })
  expect(control.waitingRefused).toBeGreaterThan(0)
  expect(control.counters.truncated).toBeGreaterThan(0)
  expect(waits.length).toBeGreaterThan(0)
  expect(await value('sum(close_notify_wait_duration_seconds_sum)')).toBeCloseTo(
    waits.reduce((sum, wait) => sum + wait, 0),
    6,
  )
  const longest = Math.max(...waits)
  expect(await value(`sum(close_notify_wait_duration_seconds_bucket{le="30"})`)).toBe(waits.length)
  expect(longest).toBeLessThan(30)

  for (const query of dashboardQueries()) {
    const [, asked = asSent(query)] = /^label_values\((.*), \w+\)$/.exec(asSent(query)) ?? []
    expect((await prometheus.ask(asked)).length, query).toBeGreaterThan(0)
  }
  const rules = await prometheus.rules()
  expect(rules).toContain('TlsTruncationsRose')
  expect(rules).not.toContain('"health":"err"')
})
