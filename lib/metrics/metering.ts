// The metrics for OpenTelemetry. Its entry is one of its own: whoever takes that has @opentelemetry/api, and needs nothing else.
import {
  createNoopMeter,
  type Meter,
  type MetricOptions,
  metrics as global,
  type Observable,
  type ObservableCallback,
} from '@opentelemetry/api'
import { closingsWaiting } from '../closing/waiting-room.js'
import type { LearnedWaiting } from '../learned/learned-waiting.js'
import { checkAll, countOf, invalid, type OptionRules } from '../options.js'
import {
  type LearnedMetricName,
  learnedMetrics,
  type Metric,
  metrics,
  ofEachCounter,
  ofEachLearned,
  waitBuckets,
} from './definitions.js'
import { attributesOf } from './attributes.js'
import { learnedRule, type Memories, readingsOf } from './learned-readings.js'
import { beginnings, followReports, isHistogram, type Measurement } from './measurements.js'

/** Options of {@link meterClosures}. Unknown keys are refused by name. */
export interface MeterOptions {
  /**
   * The meter that the instruments are made with.
   * @default that of the name close-notify, of the global MeterProvider
   */
  readonly meter?: Meter
  /**
   * How many hosts are told apart, by the attribute `server.address` of the closings and the truncations: names that this
   * program connected to. Those beyond are `_OTHER`. 0 for no such attribute.
   * @default 0
   */
  readonly hosts?: number
  /**
   * What `learnedWaiting()` returns, or several of them, which are added up: their hits, misses and peers become metrics too.
   * @default none
   */
  readonly learned?: LearnedWaiting | readonly LearnedWaiting[]
}

export const meterRules = {
  meter: { check: checkMeter, unit: '', default: 'that of the name close-notify, of the global MeterProvider' },
  hosts: countOf('hosts', 0),
  learned: learnedRule,
} satisfies OptionRules<MeterOptions>

/** Metrics at work in one thread; made by {@link meterClosures}. */
export interface ClosureMetering {
  /** Counts no more; what was counted, the SDK keeps. The second call does nothing. */
  readonly stop: () => void
  /** {@link ClosureMetering.stop}, for `using`. */
  [Symbol.dispose](): void
}

// Instruments of one name of one meter are one to the SDK: what two recorders added would be counted twice.
const metersInUse = new WeakSet<Meter>()

/**
 * Counts how the TLS connections of this thread end, for OpenTelemetry: each that a policy, `closureOf()` or a `TlsStream`
 * follows, from now on. The metrics are those of docs/metrics.md. Start the SDK first: before it, the API has a meter that
 * counts nothing.
 *
 * No timer is started, and the process is not kept alive. Other threads have SDKs and calls of their own.
 *
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT for an unknown option or a wrong value, and for a meter on which
 * closings are counted already
 */
export function meterClosures(options?: MeterOptions): ClosureMetering {
  const { meter = global.getMeter('close-notify'), hosts, learned } = checkAll(meterRules, options)
  if (metersInUse.has(meter)) {
    throw invalid('meter', 'a meter on which closings are not counted yet: stop() what counts there', meter)
  }
  if (meter !== createNoopMeter()) metersInUse.add(meter)
  const counters = ofEachCounter((name) => meter.createCounter(metrics[name].openTelemetry, described(metrics[name])))
  const wait = meter.createHistogram(metrics.wait.openTelemetry, {
    ...described(metrics.wait),
    advice: { explicitBucketBoundaries: [...waitBuckets] },
  })
  const waiting = meter.createObservableUpDownCounter(metrics.waiting.openTelemetry, described(metrics.waiting))
  const observed = [
    observe(waiting, (result) => {
      result.observe(closingsWaiting())
    }),
    ...(learned === undefined ? [] : readers(meter, learned)),
  ]
  const record = ({ metric, value, labels }: Measurement) => {
    if (isHistogram(metric)) wait.record(value, attributesOf(labels))
    else counters[metric].add(value, attributesOf(labels))
  }
  for (const beginning of beginnings(hosts)) record(beginning)
  const stopFollowing = followReports(hosts, record)
  let isStopped = false
  const stop = () => {
    if (isStopped) return
    isStopped = true
    stopFollowing()
    for (const stopObserving of observed) stopObserving()
    metersInUse.delete(meter)
  }
  return { stop, [Symbol.dispose]: stop }
}

// They have no numbers of their own: each tells what the memories have counted when the SDK asks.
function readers(meter: Meter, learned: Memories): readonly (() => void)[] {
  const reader = (name: LearnedMetricName) => {
    const metric: Metric = learnedMetrics[name]
    const { openTelemetry: ownName, kind } = metric
    const instrument =
      kind === 'counter'
        ? meter.createObservableCounter(ownName, described(metric))
        : meter.createObservableUpDownCounter(ownName, described(metric))
    return observe(instrument, (result) => {
      for (const { value, labels } of readingsOf(name, learned)) result.observe(value, attributesOf(labels))
    })
  }
  return Object.values(ofEachLearned(reader))
}

/** Has the SDK ask; the function that it returns ends that. */
function observe(instrument: Observable, callback: ObservableCallback): () => void {
  instrument.addCallback(callback)
  return () => {
    instrument.removeCallback(callback)
  }
}

function described({ help, unit }: Metric): MetricOptions {
  return { description: help, unit }
}

function checkMeter(name: string, value: unknown): Meter | undefined {
  if (value === undefined || isMeter(value)) return value
  throw invalid(name, 'a Meter of @opentelemetry/api', value)
}

function isMeter(value: unknown): value is Meter {
  if (typeof value !== 'object' || value === null) return false
  return ['createCounter', 'createHistogram', 'createObservableCounter', 'createObservableUpDownCounter'].every(
    (method) => typeof Reflect.get(value, method) === 'function',
  )
}
