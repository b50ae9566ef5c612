/**
 * Two runs beside each other. A median is worse where the 95 % bootstrap interval of the ratio new / old lies wholly
 * on the worse side of 1, and the two intervals of the medians lie apart; a share, where the intervals do. Both are asked
 * so that of thousands of figures not one in forty is called worse by chance alone.
 */
import { bootstrapInterval, quantile } from '../support/statistics.js'
import type { Interval } from '../support/statistics.js'
import { cellId } from './cell.js'
import type { Better, Differences, Distribution, Measure, Share } from './cell.js'
import { sampled } from './look-up.js'
import { valuesOf } from './measures.js'
import type { StudyResult } from './result.js'

export interface Comparison {
  readonly cell: string
  readonly measure: string
  readonly before: number
  readonly after: number
  /** After / before; absent where it has no meaning: something is zero or below. */
  readonly ratio?: Interval & { readonly median: number }
  readonly change: 'worse' | 'better' | 'within'
  /** Whether the new median lies in the old one's interval. */
  readonly reproduced: boolean
}

/** All that both runs have measured. Series and amounts are shown in reports, not compared: they have no interval. */
export function compareResults(before: StudyResult, after: StudyResult, random: () => number): readonly Comparison[] {
  const old = new Map(before.cells.map((cell) => [cellId(cell), cell]))
  return after.cells.flatMap((cell) => {
    const id = cellId(cell)
    const earlier = old.get(id)
    if (earlier === undefined) return []
    return Object.entries(cell.measures).flatMap(([measure, now]) => {
      const then = earlier.measures[measure]
      const compared = then === undefined ? undefined : compareMeasures(then, now, random)
      return compared === undefined ? [] : [{ cell: id, measure, ...compared }]
    })
  })
}

type Compared = Omit<Comparison, 'cell' | 'measure'>

function compareMeasures(then: Measure, now: Measure, random: () => number): Compared | undefined {
  if (then.kind === 'share' && now.kind === 'share') return compareShares(then, now)
  const [old, recent] = [sampled(then), sampled(now)]
  return old && recent && compareMedians(old, recent, random)
}

function compareShares(then: Share, now: Share): Compared {
  const before = then.hits / then.of
  const after = now.hits / now.of
  return {
    before,
    after,
    change: apart(then.interval, now.interval) ? direction(after - before, now.better) : 'within',
    reproduced: contains(then.interval, after),
  }
}

function compareMedians(
  then: Distribution | Differences,
  now: Distribution | Differences,
  random: () => number,
): Compared | undefined {
  if (then.interval === undefined || now.interval === undefined) return undefined
  const [old, recent] = [then, now].map(valuesOf)
  if (old === undefined || recent === undefined) return undefined
  const before = then.median ?? medianOf(old)
  const after = now.median ?? medianOf(recent)
  const lies = apart(then.interval, now.interval)
  const common = { before, after, reproduced: contains(then.interval, after) }
  // A ratio of figures that can be below zero says nothing.
  if (then.min < 0 || now.min < 0 || before <= 0) {
    return { ...common, change: lies ? direction(after - before, now.better) : 'within' }
  }
  const ratio = bootstrapInterval([old, recent], ([a, b]) => sortedMedian(b) / sortedMedian(a), random)
  const moved = ratio.low > 1 || ratio.high < 1
  return {
    ...common,
    ratio: { ...ratio, median: after / before },
    change: moved && lies ? direction(after - before, now.better) : 'within',
  }
}

function direction(difference: number, better: Better): Compared['change'] {
  if (better === 'neither' || difference === 0) return 'within'
  return difference > 0 === (better === 'higher') ? 'better' : 'worse'
}

function apart(a: Interval, b: Interval): boolean {
  return a.high < b.low || b.high < a.low
}

function contains({ low, high }: Interval, value: number): boolean {
  return value >= low && value <= high
}

function medianOf(values: readonly number[]): number {
  return sortedMedian(Float64Array.from(values).sort())
}

function sortedMedian(sorted: Float64Array | undefined): number {
  return sorted === undefined ? Number.NaN : quantile(sorted, 0.5)
}
