// The metrics: what each of them is, by which labels, and how the two conventions call it. Both recorders are made from these
// tables, and docs/metrics.md, the dashboard and the alerts are held against them.
import type { ClosureFacts, Cut } from '../report/facts.js'
import { noReports } from '../report/verdict.js'
import type { SslProtocol } from '../tls/versions.js'

/** What a connection is counted by. */
export interface Label {
  /** The name of the attribute of OpenTelemetry. */
  readonly attribute: string
  /** All values that it can have; undefined for hosts, whose number is bounded. */
  readonly values: readonly string[] | undefined
}

/** One metric. */
export interface Metric {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  /** Its name for Prometheus: base units, and `_total` for counters. */
  readonly prometheus: string
  /** Its name for OpenTelemetry, to which the unit does not belong. */
  readonly openTelemetry: string
  /** By the Unified Code for Units of Measure. */
  readonly unit: '{connection}' | '{peer}' | 's' | 'By'
  readonly help: string
  readonly labels: readonly LabelName[]
  /** Whether it is counted by host too, where hosts are asked for. */
  readonly byHost: boolean
}

export type LabelName =
  | 'verdict'
  | 'mode'
  | 'side'
  | 'began'
  | 'answered'
  | 'protocol'
  | 'cut'
  | 'host'
  | 'lookup'
  | 'approach'
  | 'outcome'

const modes = ['quiet', 'unidirectional', 'bidirectional', 'uncontrolled'] as const satisfies ClosureFacts['mode'][]
const sides = ['client', 'server'] as const satisfies ClosureFacts['side'][]
const begans = ['local', 'peer'] as const satisfies ClosureFacts['began'][]
const protocols = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const satisfies SslProtocol[]
const cuts = ['between-records', 'inside-header', 'inside-record'] as const satisfies Cut[]

/** The value of what the report does not have. */
export const unknown = 'unknown'

/** The host of connections that a server accepted, and of those that were made to an address. */
export const noHost = 'none'

/** The host of all beyond the number that was asked for. */
export const otherHost = 'other'

export const labels: Readonly<Record<LabelName, Label>> = {
  verdict: { attribute: 'close_notify.verdict', values: Object.keys(noReports()) },
  mode: { attribute: 'close_notify.mode', values: modes },
  side: { attribute: 'close_notify.side', values: sides },
  began: { attribute: 'close_notify.began', values: begans },
  answered: { attribute: 'close_notify.answered', values: ['true', 'false'] },
  protocol: { attribute: 'tls.protocol.version', values: [...protocols, unknown] },
  cut: { attribute: 'close_notify.cut', values: [...cuts, unknown] },
  host: { attribute: 'server.address', values: undefined },
  lookup: { attribute: 'close_notify.lookup', values: ['hit', 'miss'] },
  approach: { attribute: 'close_notify.approach', values: ['wait', 'skip', 'try'] },
  outcome: { attribute: 'close_notify.outcome', values: ['answered', 'answered-late', 'unanswered', 'untold'] },
}

/** Those of the reports. */
export const metrics = {
  closures: {
    kind: 'counter',
    prometheus: 'close_notify_closures_total',
    openTelemetry: 'close_notify.closures',
    unit: '{connection}',
    help: 'TLS connections that have ended',
    labels: ['verdict', 'mode', 'side', 'began'],
    byHost: true,
  },
  wait: {
    kind: 'histogram',
    prometheus: 'close_notify_wait_duration_seconds',
    openTelemetry: 'close_notify.wait.duration',
    unit: 's',
    help: "Time that bidirectional closings waited for the peer's close_notify",
    labels: ['side', 'answered'],
    byHost: false,
  },
  waiting: {
    kind: 'gauge',
    prometheus: 'close_notify_active_waits',
    openTelemetry: 'close_notify.active_waits',
    unit: '{connection}',
    help: "TLS connections that wait for their peer's close_notify now",
    labels: [],
    byHost: false,
  },
  refused: {
    kind: 'counter',
    prometheus: 'close_notify_refused_waits_total',
    openTelemetry: 'close_notify.refused_waits',
    unit: '{connection}',
    help: 'Bidirectional closings that did not wait, because maxWaiting others were waiting',
    labels: ['side'],
    byHost: false,
  },
  discarded: {
    kind: 'counter',
    prometheus: 'close_notify_discarded_bytes_total',
    openTelemetry: 'close_notify.discarded',
    unit: 'By',
    help: 'Application data that came while closings waited, and that they dropped',
    labels: ['side'],
    byHost: false,
  },
  undelivered: {
    kind: 'counter',
    prometheus: 'close_notify_undelivered_bytes_total',
    openTelemetry: 'close_notify.undelivered',
    unit: 'By',
    help: 'Application data that was written, and that the kernel had not been given when the connection ended',
    labels: ['side'],
    byHost: false,
  },
  truncations: {
    kind: 'counter',
    prometheus: 'close_notify_truncations_total',
    openTelemetry: 'close_notify.truncations',
    unit: '{connection}',
    help: 'TLS connections whose end the peer did not prove: its FIN came without its close_notify',
    labels: ['side', 'protocol', 'cut'],
    byHost: true,
  },
} as const satisfies Readonly<Record<string, Metric>>

/** Those of memories of learned waiting, which are read when somebody asks. */
export const learnedMetrics = {
  learnedClosings: {
    kind: 'counter',
    prometheus: 'close_notify_learned_closings_total',
    openTelemetry: 'close_notify.learned.closings',
    unit: '{connection}',
    help: 'Closings with learned waiting: whether something was known of the peer, and whether they waited for it',
    labels: ['lookup', 'approach'],
    byHost: false,
  },
  learnedOutcomes: {
    kind: 'counter',
    prometheus: 'close_notify_learned_outcomes_total',
    openTelemetry: 'close_notify.learned.outcomes',
    unit: '{connection}',
    help: 'What closings with learned waiting have seen of the peer',
    labels: ['outcome'],
    byHost: false,
  },
  learnedEvictions: {
    kind: 'counter',
    prometheus: 'close_notify_learned_evictions_total',
    openTelemetry: 'close_notify.learned.evictions',
    unit: '{peer}',
    help: 'Peers that learned waiting has forgotten, because of maxPeers',
    labels: [],
    byHost: false,
  },
  learnedPeers: {
    kind: 'gauge',
    prometheus: 'close_notify_learned_peers',
    openTelemetry: 'close_notify.learned.peers',
    unit: '{peer}',
    help: 'Peers that learned waiting remembers now',
    labels: [],
    byHost: false,
  },
} as const satisfies Readonly<Record<string, Metric>>

/** Both, by their keys. */
export const allMetrics = { ...metrics, ...learnedMetrics }

type MetricName = keyof typeof metrics

export type LearnedMetricName = keyof typeof learnedMetrics

/** The metrics of one kind, by their names in the table. */
export type MetricsOfKind<Kind extends Metric['kind']> = {
  readonly [Name in MetricName]: (typeof metrics)[Name]['kind'] extends Kind ? Name : never
}[MetricName]

/** What each counter of the reports comes to, by its key. */
export function ofEachCounter<T>(make: (name: MetricsOfKind<'counter'>) => T): Record<MetricsOfKind<'counter'>, T> {
  return {
    closures: make('closures'),
    refused: make('refused'),
    discarded: make('discarded'),
    undelivered: make('undelivered'),
    truncations: make('truncations'),
  }
}

/** The same, of the metrics of learned waiting. */
export function ofEachLearned<T>(make: (name: LearnedMetricName) => T): Record<LearnedMetricName, T> {
  return {
    learnedClosings: make('learnedClosings'),
    learnedOutcomes: make('learnedOutcomes'),
    learnedEvictions: make('learnedEvictions'),
    learnedPeers: make('learnedPeers'),
  }
}

/** The bounds of the histogram's buckets, in seconds: from a round trip of a local network to more than any sound budget. */
export const waitBuckets: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
]

/** The labels of a metric, with the host where hosts are asked for. */
export function labelsOf(metric: Metric, hosts: number): readonly LabelName[] {
  return metric.byHost && hosts > 0 ? [...metric.labels, 'host'] : metric.labels
}
