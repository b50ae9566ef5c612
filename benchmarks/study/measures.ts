/**
 * Makes measures of values. The interval of a median tells where the median of another such run is expected: what a
 * bootstrap (percentile, 1,000 resamples of the run's own seed) finds for the true median, times the root of two. Where
 * a block is visited more than once, scatter.ts makes the interval of what the visits differ by.
 */
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from 'hdr-histogram-js'
import { bootstrapInterval, quantile, wilsonInterval, type Interval } from '../support/statistics.js'
import type { Amount, Better, Differences, Distribution, Series, Share, Unit } from './cell.js'

/** What a measure is told besides its values. */
export interface Kind {
  readonly unit: Unit
  readonly better: Better
  /**
   * How wide the interval of the median may be for the figure to be given: the greater of a part of the median and an
   * amount in the unit, both from end to end. By default 0.3 and, for ms, 0.2.
   */
  readonly precision?: { readonly relative: number; readonly absolute: number }
}

/** Integers per unit in histograms: a microsecond of a millisecond, a thousandth of a ratio. */
const scales: Readonly<Record<Unit, number>> = {
  ms: 1000,
  us: 1000,
  ns: 1,
  bytes: 1,
  count: 1,
  'per second': 10,
  'descriptor seconds': 1000,
  ratio: 1000,
}

/** All values of a measure that is never below zero; undefined of none. */
export function distribution(values: readonly number[], kind: Kind, random: () => number): Distribution | undefined {
  const summary = summaryOf(values, kind, random)
  if (summary === undefined) return undefined
  if (summary.min < 0) throw new RangeError(`Expected values from 0 on but received ${summary.min}: use differences()`)
  const scale = scales[kind.unit]
  const histogram = build({ bitBucketSize: 64, autoResize: true, numberOfSignificantValueDigits: 3 })
  for (const value of values) histogram.recordValue(Math.round(value * scale))
  const sorted = Float64Array.from(values).sort()
  return {
    kind: 'distribution',
    ...summary,
    p90: quantile(sorted, 0.9),
    p99: quantile(sorted, 0.99),
    histogram: encodeIntoCompressedBase64(histogram),
    scale,
  }
}

/** All values of a measure that can be below zero; undefined of none. */
export function differences(values: readonly number[], kind: Kind, random: () => number): Differences | undefined {
  const summary = summaryOf(values, kind, random)
  if (summary === undefined) return undefined
  return { kind: 'differences', ...summary, values: values.map((value) => Number(value.toFixed(4))) }
}

export function share(hits: number, of: number, better: Better): Share | undefined {
  return of === 0 ? undefined : { kind: 'share', better, hits, of, interval: wilsonInterval(hits, of) }
}

export function amount(value: number, unit: Unit, better: Better): Amount {
  return { kind: 'amount', unit, better, value }
}

/** The least of what was seen, in a visit and in all of them. */
export function least(value: number, unit: Unit): Amount {
  return { kind: 'amount', unit, better: 'neither', value, of: 'least' }
}

export function series(points: Series['points'], unit: Unit): Series {
  return { kind: 'series', unit, points }
}

/** The values of a measure again, to three significant digits where it keeps a histogram. */
export function valuesOf(measure: Distribution | Differences): readonly number[] {
  if (measure.kind === 'differences') return measure.values
  const histogram = decodeFromCompressedBase64(measure.histogram, 64)
  const count = histogram.totalCount
  return Array.from({ length: count }, (_value, rank) => {
    return histogram.getValueAtPercentile(((rank + 0.5) / count) * 100) / measure.scale
  })
}

/** The measures that are there, by their names: what could not be known is left out. */
export function present<T>(measures: Readonly<Record<string, T | undefined>>): Readonly<Record<string, T>> {
  const found: Record<string, T> = {}
  for (const [name, measure] of Object.entries(measures)) if (measure !== undefined) found[name] = measure
  return found
}

/** Whether an interval is narrow enough for the figure in it to be given. */
export function isPrecise(
  figure: number,
  interval: Interval | undefined,
  { relative, absolute }: { readonly relative: number; readonly absolute: number },
): boolean {
  return interval !== undefined && interval.high - interval.low <= Math.max(relative * Math.abs(figure), absolute)
}

function summaryOf(values: readonly number[], kind: Kind, random: () => number) {
  if (values.length === 0) return undefined
  const figure = medianOfSorted(Float64Array.from(values).sort())
  const precision = kind.precision ?? { relative: 0.3, absolute: kind.unit === 'ms' ? 0.2 : 0 }
  const interval = values.length < 6 ? undefined : ofAnotherRun(figure, values, random)
  return {
    unit: kind.unit,
    better: kind.better,
    count: values.length,
    ...(isPrecise(figure, interval, precision) && { median: figure }),
    ...(interval && { interval }),
    precision,
    min: Math.min(...values),
    max: Math.max(...values),
  }
}

function ofAnotherRun(figure: number, values: readonly number[], random: () => number): Interval {
  const own = bootstrapInterval(
    [values],
    ([sample]) => (sample === undefined ? Number.NaN : medianOfSorted(sample)),
    random,
  )
  const low = figure - Math.SQRT2 * (figure - own.low)
  return { low: Math.min(...values) < 0 ? low : Math.max(0, low), high: figure + Math.SQRT2 * (own.high - figure) }
}

/** The median of all values, also where it is not precise enough to be given. */
export function medianOf(measure: Distribution | Differences): number {
  return medianOfSorted(Float64Array.from(valuesOf(measure)).sort())
}

function medianOfSorted(sorted: Float64Array): number {
  return quantile(sorted, 0.5)
}
