import { medianSorted } from 'simple-statistics'

/** An interval that holds the true value with a confidence of 95 %. */
export interface Interval {
  readonly low: number
  readonly high: number
}

/** The summary of a sample. `p99` is by nearest rank, a value that was seen: below 100 values it is the largest. */
export interface Summary {
  readonly count: number
  readonly median: number
  /** 95 % interval of the median; absent with fewer than six values, which have none. */
  readonly interval?: Interval
  readonly p99: number
  readonly min: number
  readonly max: number
}

/** Summarises a sample, or returns undefined for an empty one. */
export function summarize(values: readonly number[]): Summary | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const min = sorted[0]
  const max = sorted.at(-1)
  if (min === undefined || max === undefined) return undefined
  const interval = medianInterval(sorted)
  return {
    count: sorted.length,
    median: medianSorted(sorted),
    ...(interval && { interval }),
    p99: sorted[Math.ceil(sorted.length * 0.99) - 1] ?? max,
    min,
    max,
  }
}

/**
 * The 95 % interval of the median by order statistics: the number of values below the true median is binomial
 * (n, 1/2) whatever the distribution is, so that the k-th smallest and the k-th largest value bound it.
 */
export function medianInterval(sorted: readonly number[]): Interval | undefined {
  const rank = lowerRank(sorted.length, 0.025)
  const low = sorted[rank - 1]
  const high = sorted[sorted.length - rank]
  return low === undefined || high === undefined ? undefined : { low, high }
}

/** The largest k with P(Binomial(n, 1/2) < k) <= tail, or 0. */
function lowerRank(n: number, tail: number): number {
  // Summed in logarithms: 2^-n underflows at n = 1075.
  let logProbability = -n * Math.LN2
  let below = Math.exp(logProbability)
  let rank = 0
  while (below <= tail) {
    rank += 1
    logProbability += Math.log((n - rank + 1) / rank)
    below += Math.exp(logProbability)
  }
  return rank
}

/** The value at a share of a sorted sample: the mean of the two beside it where it falls between them. */
export function quantile(sorted: Float64Array, share: number): number {
  const position = sorted.length * share
  const above = sorted[Math.min(Math.floor(position), sorted.length - 1)] ?? Number.NaN
  const below = sorted[Math.max(Math.ceil(position) - 1, 0)] ?? Number.NaN
  return (above + below) / 2
}

const resamples = 1000

/**
 * The 95 % percentile bootstrap interval of a statistic of one sample or of several independent ones, such as the ratio
 * of two medians: each is drawn anew, with replacement, 1,000 times. The statistic is given sorted samples.
 */
export function bootstrapInterval(
  samples: readonly (readonly number[])[],
  statistic: (sorted: readonly Float64Array[]) => number,
  random: () => number,
): Interval {
  const sources = samples.map((values) => Float64Array.from(values))
  const drawn = sources.map((values) => new Float64Array(values.length))
  const seen = new Float64Array(resamples)
  for (let resample = 0; resample < resamples; resample += 1) {
    for (const [index, source] of sources.entries()) draw(source, drawn[index] ?? source, random)
    seen[resample] = statistic(drawn)
  }
  seen.sort()
  return { low: quantile(seen, 0.025), high: quantile(seen, 0.975) }
}

/** Typed arrays, which sort many times faster than others. */
function draw(source: Float64Array, into: Float64Array, random: () => number): void {
  for (let index = 0; index < into.length; index += 1) {
    into[index] = source[Math.floor(random() * source.length)] ?? Number.NaN
  }
  into.sort()
}

/**
 * Student's t for a two-sided probability of 95 %, by the expansion of Cornish and Fisher: within 1 % from 3 degrees of
 * freedom on.
 */
export function studentT(degrees: number): number {
  const z = 1.959964
  const terms = [
    z,
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
  ]
  return terms.reduce((sum, term, power) => sum + term / degrees ** power, 0)
}

/** The 95 % Wilson interval of a share of which `hits` of `count` were seen: sensible for 0 and for all, too. */
export function wilsonInterval(hits: number, count: number): Interval {
  const z = 1.959964
  const seen = hits / count
  const middle = seen + (z * z) / (2 * count)
  const spread = z * Math.sqrt((seen * (1 - seen)) / count + (z * z) / (4 * count * count))
  const whole = 1 + (z * z) / count
  return { low: Math.max(0, (middle - spread) / whole), high: Math.min(1, (middle + spread) / whole) }
}
