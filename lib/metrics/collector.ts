// The metrics for Prometheus, by prom-client. Its entry is one of its own: whoever takes that has prom-client, and needs nothing
// else.
import {
  Counter,
  type CounterConfiguration,
  Gauge,
  Histogram,
  type OpenMetricsContentType,
  Registry,
} from 'prom-client'
import { closingsWaiting } from '../closing/waiting-room.js'
import type { LearnedWaiting } from '../learned/learned-waiting.js'
import { checkAll, countOf, invalid, type OptionRules } from '../options.js'
import {
  allMetrics,
  type LabelName,
  labelsOf,
  type LearnedMetricName,
  learnedMetrics,
  type Metric,
  metrics,
  ofEachCounter,
  ofEachLearned,
  waitBuckets,
} from './definitions.js'
import { learnedRule, type Memories, readingsOf } from './learned-readings.js'
import { beginnings, followReports, isHistogram, type Measurement } from './measurements.js'

/** A registry of prom-client, of either format. */
export type ClosureRegistry = Registry | Registry<OpenMetricsContentType>

/** Options of {@link collectClosures}. Unknown keys are refused by name. */
export interface CollectorOptions {
  /**
   * The registry that gets the metrics; none of its may have the name of one of these.
   * @default a new one
   */
  readonly register?: ClosureRegistry
  /**
   * How many hosts are told apart, by a label `host` of the closings and the truncations: names that this program connected to.
   * Those beyond are `other`. 0 for no such label.
   * @default 0
   */
  readonly hosts?: number
  /**
   * What `learnedWaiting()` returns, or several of them, which are added up: their hits, misses and peers become metrics too.
   * @default none
   */
  readonly learned?: LearnedWaiting | readonly LearnedWaiting[]
}

export const collectorRules = {
  register: { check: checkRegister, unit: '', default: 'a new one' },
  hosts: countOf('hosts', 0),
  learned: learnedRule,
} satisfies OptionRules<CollectorOptions>

/** Metrics at work in one thread; made by {@link collectClosures}. */
export interface ClosureCollector {
  /** Where the metrics are: `await register.metrics()` is what Prometheus asks for. */
  readonly register: ClosureRegistry
  /** Counts no more, and takes the metrics out of the registry. The second call does nothing. */
  readonly stop: () => void
  /** {@link ClosureCollector.stop}, for `using`. */
  [Symbol.dispose](): void
}

/**
 * Counts how the TLS connections of this thread end, for Prometheus: each that a policy, `closureOf()` or a `TlsStream` follows,
 * from now on. The metrics are those of docs/metrics.md.
 *
 * Each collector counts everything once, into metrics of its own: two of them, in two registries, do not disturb each
 * other. Other threads have collectors of their own. No timer is started, and the process is not kept alive.
 *
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT for an unknown option or a wrong value, and for a registry that has
 * such metrics already
 */
export function collectClosures(options?: CollectorOptions): ClosureCollector {
  const { register = new Registry(), hosts, learned } = checkAll(collectorRules, options)
  refuseUsed(register)
  const own = (metric: Metric) => ({
    name: metric.prometheus,
    help: metric.help,
    labelNames: labelsOf(metric, hosts),
    registers: [register],
  })
  const counters = ofEachCounter((name) => new Counter<LabelName>(own(metrics[name])))
  const wait = new Histogram<LabelName>({ ...own(metrics.wait), buckets: [...waitBuckets] })
  const waiting = new Gauge({
    ...own(metrics.waiting),
    collect() {
      this.set(closingsWaiting())
    },
  })
  const record = ({ metric, value, labels }: Measurement) => {
    if (isHistogram(metric)) wait.observe(labels, value)
    else counters[metric].inc(labels, value)
  }
  for (const beginning of beginnings(hosts)) record(beginning)
  const stopFollowing = followReports(hosts, record)
  const instruments = { ...counters, wait, waiting, ...(learned !== undefined && readers(learned, own)) }
  const stop = () => {
    stopFollowing()
    for (const [key, { prometheus }] of Object.entries(allMetrics)) {
      // The program may have taken it out, and another collector be there.
      const single = register.getSingleMetric(prometheus)
      if (single !== undefined && single === Reflect.get(instruments, key)) register.removeSingleMetric(prometheus)
    }
  }
  return { register, stop, [Symbol.dispose]: stop }
}

// They have no numbers of their own: each is filled with what the memories have counted when the registry is asked.
function readers(
  learned: Memories,
  own: (metric: Metric) => CounterConfiguration<LabelName>,
): Readonly<Record<LearnedMetricName, object>> {
  return ofEachLearned((name) => {
    const metric: Metric = learnedMetrics[name]
    if (metric.kind === 'gauge') {
      return new Gauge<LabelName>({
        ...own(metric),
        collect() {
          for (const { value, labels } of readingsOf(name, learned)) this.set(labels, value)
        },
      })
    }
    return new Counter<LabelName>({
      ...own(metric),
      collect() {
        this.reset()
        for (const { value, labels } of readingsOf(name, learned)) this.inc(labels, value)
      },
    })
  })
}

function refuseUsed(register: ClosureRegistry): void {
  const used = Object.values(allMetrics).find(({ prometheus }) => register.getSingleMetric(prometheus) !== undefined)
  if (used === undefined) return
  throw invalid('register', 'a registry without such metrics: stop() the collector that it has', used.prometheus)
}

function checkRegister(name: string, value: unknown): ClosureRegistry | undefined {
  if (value === undefined || isRegistry(value)) return value
  throw invalid(name, 'a Registry of prom-client', value)
}

// Of another copy of prom-client, it may be.
function isRegistry(value: unknown): value is ClosureRegistry {
  if (typeof value !== 'object' || value === null) return false
  return ['registerMetric', 'getSingleMetric', 'removeSingleMetric', 'metrics'].every(
    (method) => typeof Reflect.get(value, method) === 'function',
  )
}
