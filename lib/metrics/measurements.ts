// What a report comes to, in numbers: the one source of both recorders. It hears of reports by their channel, so that nobody
// in the house knows of it, and a process without metrics pays nothing.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Duplex } from 'node:stream'
import { closureChannel, type PublishedReport } from '../closure/published.js'
import { hostOf } from '../closure/socket-internals.js'
import type { ClosureReport } from '../report/verdict.js'
import { type LabelName, type MetricsOfKind, metrics, noHost, otherHost, unknown } from './definitions.js'

/** The labels of one measurement: those of its metric. */
export type LabelValues = Readonly<Partial<Record<LabelName, string>>>

/** Something to be added to a counter, or to be put into the histogram. */
export interface Measurement {
  readonly metric: MetricsOfKind<'counter' | 'histogram'>
  readonly value: number
  readonly labels: LabelValues
}

/**
 * Calls `record` with what each report from now on comes to, in this thread, until the function that it returns is called.
 * Up to `hosts` hosts are told apart.
 */
export function followReports(hosts: number, record: (measurement: Measurement) => void): () => void {
  const names = new HostNames(hosts)
  const hear = (message: unknown) => {
    if (!isPublished(message)) return
    for (const measurement of measurementsOf(message, names)) record(measurement)
  }
  subscribe(closureChannel, hear)
  return () => {
    unsubscribe(closureChannel, hear)
  }
}

/**
 * Counters that begin at 0, so that the first event of each is a rise that a rate and an alert can see; those of closings have
 * too many labels for that.
 */
export function beginnings(hosts: number): readonly Measurement[] {
  const sides = ['client', 'server'] as const
  const ofSides = (['refused', 'discarded', 'undelivered'] as const).flatMap((metric) =>
    sides.map((side) => ({ metric, value: 0, labels: { side } })),
  )
  const cuts = ['between-records', 'inside-header', 'inside-record'] as const
  const host = hosts > 0 ? { host: noHost } : {}
  const truncations = sides.flatMap((side) =>
    (['TLSv1.2', 'TLSv1.3'] as const).flatMap((protocol) =>
      cuts.map((cut) => ({ metric: 'truncations', value: 0, labels: { side, protocol, cut, ...host } }) as const),
    ),
  )
  return [...ofSides, ...truncations]
}

function measurementsOf({ report, socket }: PublishedReport, names: HostNames): readonly Measurement[] {
  const { verdict, mode, side, began, waited, waitRefused, discardedBytes, undeliveredBytes = 0 } = report
  const host = names.isOn ? { host: names.of(socket, side) } : {}
  const measured: Measurement[] = [{ metric: 'closures', value: 1, labels: { verdict, mode, side, began, ...host } }]
  if (waited !== undefined) {
    const answered = String(report.received.kind === 'close_notify')
    measured.push({ metric: 'wait', value: waited / 1000, labels: { side, answered } })
  }
  if (waitRefused) measured.push({ metric: 'refused', value: 1, labels: { side } })
  if (discardedBytes > 0) measured.push({ metric: 'discarded', value: discardedBytes, labels: { side } })
  if (undeliveredBytes > 0) measured.push({ metric: 'undelivered', value: undeliveredBytes, labels: { side } })
  if (verdict === 'truncated') {
    const { protocol = unknown } = report
    measured.push({ metric: 'truncations', value: 1, labels: { side, protocol, cut: cutOf(report), ...host } })
  }
  return measured
}

function cutOf({ tcp }: ClosureReport): string {
  return (tcp.kind === 'fin' ? tcp.cut : undefined) ?? unknown
}

// By whatever copy of this package.
/** Whether a message is that of a report. */
export function isPublished(message: unknown): message is PublishedReport {
  return typeof message === 'object' && message !== null && 'report' in message && 'socket' in message
}

/** The hosts that are told apart: the first ones that are met. */
class HostNames {
  readonly #most: number
  readonly #known = new Set<string>()

  constructor(most: number) {
    this.#most = most
  }

  get isOn(): boolean {
    return this.#most > 0
  }

  // What a server is asked for is the client's choice, and could fill the table: the program's own choice counts alone.
  of(socket: Duplex, side: ClosureReport['side']): string {
    const name = side === 'client' ? nameOf(socket) : undefined
    if (name === undefined) return noHost
    if (this.#known.has(name)) return name
    if (this.#known.size >= this.#most) return otherHost
    this.#known.add(name)
    return name
  }
}

function nameOf(socket: Duplex): string | undefined {
  const asked: unknown = Reflect.get(socket, 'servername')
  const name = typeof asked === 'string' && asked !== '' ? asked : hostOf(socket)
  return name?.toLowerCase()
}

/** Whether a name of the table is that of the histogram. */
export function isHistogram(name: Measurement['metric']): name is MetricsOfKind<'histogram'> {
  return metrics[name].kind === 'histogram'
}
