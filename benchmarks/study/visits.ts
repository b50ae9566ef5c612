/**
 * Makes one cell of all visits to its block. A machine that others share is faster and slower for minutes at a time: what
 * is measured in one go misses what the next run will see, however many samples it takes. So a block can be visited
 * several times, spread over the run; scatter.ts makes the intervals of what the visits' medians differ by.
 */
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from 'hdr-histogram-js'
import { quantile } from '../support/statistics.js'
import { cellId } from './cell.js'
import type { Cell, Differences, Distribution, Measure } from './cell.js'
import { medianOf, share, valuesOf } from './measures.js'
import { type AlikeOver, withIntervals } from './scatter.js'

/** Cells of which each is whole. Those that were whole already keep their values. */
export function combineVisits(cells: readonly Cell[], alikeOver: AlikeOver): readonly Cell[] {
  const visited = new Map<string, Cell[]>()
  for (const cell of cells) {
    const id = cellId(cell)
    visited.set(id, [...(visited.get(id) ?? []), cell])
  }
  const whole = [...visited.values()].flatMap((parts) => {
    const [first] = parts
    if (first === undefined) return []
    return first.visit === undefined ? [first] : [combine(first, parts)]
  })
  return withIntervals(whole, alikeOver)
}

function combine({ question, parameters }: Cell, parts: readonly Cell[]): Cell {
  const measures: Record<string, Measure> = {}
  for (const name of measureNames(parts)) {
    const all = parts.flatMap(({ measures: own }) => own[name] ?? [])
    const whole = combineMeasures(all)
    if (whole !== undefined) measures[name] = whole
  }
  const absent = Object.fromEntries(
    parts.flatMap((part) => Object.entries(part.absent ?? {}).filter(([name]) => measures[name] === undefined)),
  )
  return { question, parameters, measures, ...(Object.keys(absent).length > 0 && { absent }) }
}

function measureNames(parts: readonly Cell[]): ReadonlySet<string> {
  return new Set(parts.flatMap(({ measures }) => Object.keys(measures)))
}

function combineMeasures(all: readonly Measure[]): Measure | undefined {
  const last = all.at(-1)
  if (last === undefined || all.length === 1) return last
  switch (last.kind) {
    case 'distribution': {
      const same = all.filter((one) => one.kind === 'distribution')
      return combineDistributions(same, last)
    }
    case 'differences': {
      const same = all.filter((one) => one.kind === 'differences')
      return combineDifferences(same, last)
    }
    case 'share': {
      const same = all.filter((one) => one.kind === 'share')
      return share(
        sum(same, ({ hits }) => hits),
        sum(same, ({ of }) => of),
        last.better,
      )
    }
    case 'amount': {
      const values = all.filter((one) => one.kind === 'amount').map(({ value }) => value)
      return { ...last, value: last.of === 'least' ? Math.min(...values) : mean(values) }
    }
    case 'series':
      return last
  }
}

function combineDistributions(all: readonly Distribution[], last: Distribution): Distribution {
  const sorted = Float64Array.from(all.flatMap(valuesOf)).sort()
  const histogram = build({ bitBucketSize: 64, autoResize: true, numberOfSignificantValueDigits: 3 })
  for (const one of all) histogram.add(decodeFromCompressedBase64(one.histogram, 64))
  return {
    kind: 'distribution',
    ...summaryOf(all, last),
    p90: quantile(sorted, 0.9),
    p99: quantile(sorted, 0.99),
    histogram: encodeIntoCompressedBase64(histogram),
    scale: last.scale,
  }
}

function combineDifferences(all: readonly Differences[], last: Differences): Differences {
  return { kind: 'differences', ...summaryOf(all, last), values: all.flatMap(({ values }) => values) }
}

type Sampled = Distribution | Differences

/** Without median and interval, which depend on other cells too. */
function summaryOf(all: readonly Sampled[], { unit, better, precision }: Sampled) {
  return {
    unit,
    better,
    count: sum(all, ({ count }) => count),
    ...(precision && { precision }),
    visits: all.map(medianOf),
    min: Math.min(...all.map(({ min }) => min)),
    max: Math.max(...all.map(({ max }) => max)),
  }
}

function mean(values: readonly number[]): number {
  return sum(values, (value) => value) / values.length
}

function sum<T>(all: readonly T[], figure: (one: T) => number): number {
  return all.reduce((total, one) => total + figure(one), 0)
}
