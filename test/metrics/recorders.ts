/**
 * Both recorders at work in this process, and what each of them has counted, as the same lines: the names of the table of
 * definitions, labels by Prometheus's names. What is 0 is left out.
 *
 *     const counted = bothRecorders()
 *     expect(await counted()).toEqual({ prometheus: lines, openTelemetry: lines })
 */
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  type MetricData,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { onTestFinished } from 'vitest'
import { allMetrics, labels, type Metric } from '../../lib/metrics/definitions.js'
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

export interface Sdk {
  readonly provider: MeterProvider
  readonly read: () => Promise<readonly string[]>
  /** What is there and has counted nothing. */
  readonly atZero: () => Promise<readonly string[]>
  /** What each metric is to the SDK, by the names of OpenTelemetry. */
  readonly kinds: () => Promise<Readonly<Record<string, Metric['kind']>>>
  /** The sum and the buckets of the histogram. */
  readonly wait: () => Promise<Histogram>
}

export interface Histogram {
  readonly sum: number
  readonly buckets: readonly number[]
}

/** An SDK with a reader that reads when it is asked, and an exporter in memory. */
export function sdk(): Sdk {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({ readers: [reader] })
  onTestFinished(() => provider.shutdown())
  const flush = async () => {
    exporter.reset()
    await reader.forceFlush()
  }
  const read = async () => {
    await flush()
    return linesOfExporter(exporter)
  }
  const atZero = async () => {
    await flush()
    return allLinesOfExporter(exporter).filter(isZero)
  }
  const kinds = async () => {
    await flush()
    return Object.fromEntries(metricsOf(exporter).map((metric) => [metric.descriptor.name, kindOf(metric)]))
  }
  const wait = async () => {
    await flush()
    const value: unknown = pointsOf(exporter).find(({ key }) => key === 'wait')?.value
    if (!isHistogram(value)) throw new Error('there is no histogram')
    return { sum: value.sum, buckets: value.buckets.boundaries }
  }
  return { provider, read, atZero, kinds, wait }
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

/** The sum and the buckets of the histogram in a registry of prom-client. */
export async function waitOfRegistry(register: ClosureRegistry): Promise<Histogram> {
  const { prometheus } = allMetrics.wait
  const values = (await register.getMetricsAsJSON()).find(({ name }) => name === prometheus)?.values ?? []
  const named = (part: string) =>
    values.filter((value: object) => Reflect.get(value, 'metricName') === `${prometheus}_${part}`)
  const buckets = named('bucket').map(({ labels: own }) => Number(Reflect.get(own, 'le')))
  return { sum: named('sum')[0]?.value ?? NaN, buckets: buckets.filter((bound) => Number.isFinite(bound)) }
}

function linesOfExporter(exporter: InMemoryMetricExporter): readonly string[] {
  return sorted(allLinesOfExporter(exporter))
}

function allLinesOfExporter(exporter: InMemoryMetricExporter): readonly string[] {
  return pointsOf(exporter).map(({ key, attributes, value }) =>
    lineOf(key, Object.fromEntries(Object.entries(attributes).map(labelOf)), countOf(value)),
  )
}

interface Point {
  readonly key: string
  readonly attributes: object
  readonly value: unknown
}

function metricsOf(exporter: InMemoryMetricExporter): readonly MetricData[] {
  return exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
}

function kindOf(metric: MetricData): Metric['kind'] {
  if (metric.dataPointType === DataPointType.HISTOGRAM) return 'histogram'
  return metric.dataPointType === DataPointType.SUM && metric.isMonotonic ? 'counter' : 'gauge'
}

function pointsOf(exporter: InMemoryMetricExporter): readonly Point[] {
  return metricsOf(exporter).flatMap(({ descriptor, dataPoints }) => {
    const [key] = Object.entries(allMetrics).find(([, each]) => each.openTelemetry === descriptor.name) ?? ['']
    return dataPoints.map(({ attributes, value }) => ({ key, attributes, value }))
  })
}

function isHistogram(value: unknown): value is { sum: number; buckets: { boundaries: readonly number[] } } {
  return typeof value === 'object' && value !== null && 'sum' in value && 'buckets' in value
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
  return lines.filter((line) => !isZero(line)).sort()
}

function isZero(line: string): boolean {
  return line.endsWith(' 0')
}
