/**
 * Two runs beside each other. The interval of a median tells where that of another run is expected; what two such runs
 * differ by by chance follows from both intervals. A median is worse where the difference is greater than that, and a
 * share where the two intervals lie apart: so that of thousands of figures not one in forty is called worse by chance.
 */
import type { Interval } from '../support/statistics.js'
import { cellId } from './cell.js'
import type { Better, Differences, Distribution, Measure, Share } from './cell.js'
import { sampled } from './look-up.js'
import { medianOf } from './measures.js'
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
export function compareResults(before: StudyResult, after: StudyResult): readonly Comparison[] {
  const old = new Map(before.cells.map((cell) => [cellId(cell), cell]))
  return after.cells.flatMap((cell) => {
    const id = cellId(cell)
    const earlier = old.get(id)
    if (earlier === undefined) return []
    return Object.entries(cell.measures).flatMap(([measure, now]) => {
      const then = earlier.measures[measure]
      const compared = then === undefined ? undefined : compareMeasures(then, now)
      return compared === undefined ? [] : [{ cell: id, measure, ...compared }]
    })
  })
}

type Compared = Omit<Comparison, 'cell' | 'measure'>

function compareMeasures(then: Measure, now: Measure): Compared | undefined {
  if (then.kind === 'share' && now.kind === 'share') return compareShares(then, now)
  const [old, recent] = [sampled(then), sampled(now)]
  return old && recent && compareMedians(old, recent)
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

function compareMedians(then: Distribution | Differences, now: Distribution | Differences): Compared | undefined {
  if (then.interval === undefined || now.interval === undefined) return undefined
  const before = then.median ?? medianOf(then)
  const after = now.median ?? medianOf(now)
  const { low, high } = differenceOf({ ...then.interval, median: before }, { ...now.interval, median: after })
  const moved = low > 0 || high < 0
  const common = {
    before,
    after,
    change: moved ? direction(after - before, now.better) : ('within' as const),
    reproduced: contains(then.interval, after),
  }
  // A ratio of figures that can be below zero says nothing.
  if (then.min < 0 || now.min < 0 || before <= 0) return common
  return { ...common, ratio: { median: after / before, low: 1 + low / before, high: 1 + high / before } }
}

interface Median extends Interval {
  readonly median: number
}

/** After - before, with its interval: each side's own reaches as far as another run, which is the root of two too far. */
function differenceOf(before: Median, after: Median): Interval {
  const difference = after.median - before.median
  const reach = (one: number, other: number): number => Math.hypot(one, other) / Math.SQRT2
  return {
    low: difference - reach(after.median - after.low, before.high - before.median),
    high: difference + reach(after.high - after.median, before.median - before.low),
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
