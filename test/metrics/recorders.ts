/**
 * Both recorders at work in this process, and what each of them has counted, as the same lines: the names of the table of
 * definitions, labels by Prometheus's names. What is 0 is left out.
 *
 *     const counted = bothRecorders()
 *     expect(await counted()).toEqual({ prometheus: lines, openTelemetry: lines })
 */
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { onTestFinished } from 'vitest'
import { allMetrics, labels } from '../../lib/metrics/definitions.js'
import { meterClosures } from '../../lib/metrics/opentelemetry.js'
import { type ClosureRegistry, collectClosures } from '../../lib/metrics/prometheus.js'
import { turns } from '../support/streams.js'

export interface Counted {
  readonly prometheus: readonly string[]
  readonly openTelemetry: readonly string[]
}

/** Starts both, until the test is over; the function tells what they have counted by then. */
export function bothRecorders(hosts = 0): () => Promise<Counted> {
  const { register, stop } = collectClosures({ hosts })
  onTestFinished(stop)
  const openTelemetry = openTelemetryRecorder(hosts)
  return async () => {
    // A report is published a microtask behind the end of its socket.
    await turns()
    return { prometheus: await linesOfRegistry(register), openTelemetry: await openTelemetry() }
  }
}

/** An SDK with a reader that reads when it is asked, and an exporter in memory. */
export function sdk(): { readonly provider: MeterProvider; readonly read: () => Promise<readonly string[]> } {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({ readers: [reader] })
  onTestFinished(() => provider.shutdown())
  const read = async () => {
    exporter.reset()
    await reader.forceFlush()
    return linesOfExporter(exporter)
  }
  return { provider, read }
}

function openTelemetryRecorder(hosts: number): () => Promise<readonly string[]> {
  const { provider, read } = sdk()
  const { stop } = meterClosures({ meter: provider.getMeter('close-notify'), hosts })
  onTestFinished(stop)
  return read
}

/** What a registry of prom-client has. */
export async function linesOfRegistry(register: ClosureRegistry): Promise<readonly string[]> {
  const lines: string[] = []
  for (const { name, values } of await register.getMetricsAsJSON()) {
    const [key] = Object.entries(allMetrics).find(([, { prometheus }]) => prometheus === name) ?? [name]
    for (const value of values) {
      const own: unknown = Reflect.get(value, 'metricName') ?? name
      if (own === name || own === `${name}_count`) lines.push(lineOf(key, value.labels, value.value))
    }
  }
  return sorted(lines)
}

function linesOfExporter(exporter: InMemoryMetricExporter): readonly string[] {
  const lines: string[] = []
  const all = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
  for (const { descriptor, dataPoints } of all) {
    const [key] = Object.entries(allMetrics).find(([, each]) => each.openTelemetry === descriptor.name) ?? ['']
    for (const { attributes, value } of dataPoints) {
      lines.push(lineOf(key, Object.fromEntries(Object.entries(attributes).map(labelOf)), countOf(value)))
    }
  }
  return sorted(lines)
}

function countOf(value: unknown): number {
  return typeof value === 'number' ? value : Number(Reflect.get(Object(value), 'count'))
}

function labelOf([attribute, value]: readonly [string, unknown]): readonly [string, string] {
  const [name = attribute] = Object.entries(labels).find(([, label]) => label.attribute === attribute) ?? []
  if (name === 'protocol' && value !== 'unknown') return [name, `TLSv${String(value)}`]
  return [name, value === '_OTHER' ? 'other' : String(value)]
}

function lineOf(key: string, values: object, count: number): string {
  const pairs = Object.entries(values)
    .filter(([, value]) => value !== 'none')
    .map(([name, value]) => `${name}=${String(value)}`)
  return `${[key, ...pairs.sort()].join(' ')} ${count}`
}

function sorted(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => !line.endsWith(' 0')).sort()
}
