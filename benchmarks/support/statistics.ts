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
