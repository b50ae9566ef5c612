/**
 * Makes one cell of all visits to its block. A machine that others share is faster and slower for minutes at a time: what
 * is measured in one go misses what the next run will see, however many samples it takes. So a block can be visited
 * several times, spread over the run, and the interval is made of what the visits' medians differ by.
 *
 * Theory: visits scatter around the true median with a standard deviation s, which holds the sampling and the machine's
 * drift. The median of a run of v visits has s / sqrt(v), the difference of two such runs s x sqrt(2 / v), and the median
 * of another run lies within t x s x sqrt(2 / v) of this one's with a probability of 95 %. A few visits tell little of s:
 * it is pooled over the cells that scatter alike (`Question.alikeOver`), and Student's t accounts for the rest.
 */
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from 'hdr-histogram-js'
import { quantile, studentT, type Interval } from '../support/statistics.js'
import { cellId } from './cell.js'
import type { Cell, Differences, Distribution, Measure, QuestionName } from './cell.js'
import { isPrecise, medianOfSorted, share, valuesOf } from './measures.js'

/** The parameters in which cells of a question may differ and still scatter alike. */
export type AlikeOver = (question: QuestionName) => readonly string[]

/** The least degrees of freedom from which an interval is made. */
const leastDegrees = 3

/** Cells of which each is whole: those that are whole already stay as they are. */
export function combineVisits(cells: readonly Cell[], alikeOver: AlikeOver): readonly Cell[] {
  const visited = new Map<string, Cell[]>()
  for (const cell of cells) {
    const id = cellId(cell)
    visited.set(id, [...(visited.get(id) ?? []), cell])
  }
  const scatters = new Map<string, Scatter>()
  for (const parts of visited.values()) addScatter(parts, alikeOver, scatters)
  return [...visited.values()]
    .map((parts) => {
      const [first] = parts
      if (first?.visit === undefined) return first
      return combine(first, parts, (measure) => scatters.get(scatterKey(first, measure, alikeOver)))
    })
    .filter((cell) => cell !== undefined)
}

/** What visits differ by, over all cells that are alike. */
interface Scatter {
  sumOfSquares: number
  degrees: number
}

function addScatter(parts: readonly Cell[], alikeOver: AlikeOver, scatters: Map<string, Scatter>): void {
  const [first] = parts
  if (first === undefined || parts.length < 2) return
  for (const name of measureNames(parts)) {
    const medians = sampledOf(parts, name).map(medianOf)
    if (medians.length < 2) continue
    const key = scatterKey(first, name, alikeOver)
    const { sumOfSquares, degrees } = scatters.get(key) ?? { sumOfSquares: 0, degrees: 0 }
    const middle = mean(medians)
    const own = sum(medians, (median) => (median - middle) ** 2)
    scatters.set(key, { sumOfSquares: sumOfSquares + own, degrees: degrees + medians.length - 1 })
  }
}

function scatterKey({ question, parameters }: Cell, measure: string, alikeOver: AlikeOver): string {
  const over = alikeOver(question)
  return JSON.stringify([question, measure, Object.entries(parameters).filter(([name]) => !over.includes(name))])
}

function combine(first: Cell, parts: readonly Cell[], scatterOf: (measure: string) => Scatter | undefined): Cell {
  const measures: Record<string, Measure> = {}
  for (const name of measureNames(parts)) {
    const all = parts.flatMap(({ measures: own }) => own[name] ?? [])
    const whole = combineMeasures(all, scatterOf(name))
    if (whole !== undefined) measures[name] = whole
  }
  const absent = Object.fromEntries(
    parts.flatMap((part) => Object.entries(part.absent ?? {}).filter(([name]) => measures[name] === undefined)),
  )
  const { question, parameters } = first
  return { question, parameters, measures, ...(Object.keys(absent).length > 0 && { absent }) }
}

function measureNames(parts: readonly Cell[]): ReadonlySet<string> {
  return new Set(parts.flatMap(({ measures }) => Object.keys(measures)))
}

function combineMeasures(all: readonly Measure[], scatter: Scatter | undefined): Measure | undefined {
  const last = all.at(-1)
  if (last === undefined || all.length === 1) return last
  switch (last.kind) {
    case 'distribution': {
      const same = all.filter((one) => one.kind === 'distribution')
      return combineDistributions(same, last, scatter)
    }
    case 'differences': {
      const same = all.filter((one) => one.kind === 'differences')
      return combineDifferences(same, last, scatter)
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

function combineDistributions(
  all: readonly Distribution[],
  { scale, ...last }: Distribution,
  scatter: Scatter | undefined,
): Distribution {
  const sorted = Float64Array.from(all.flatMap(valuesOf)).sort()
  const histogram = build({ bitBucketSize: 64, autoResize: true, numberOfSignificantValueDigits: 3 })
  for (const one of all) histogram.add(decodeFromCompressedBase64(one.histogram, 64))
  return {
    kind: 'distribution',
    ...summaryOf(all, last, sorted, scatter),
    p90: quantile(sorted, 0.9),
    p99: quantile(sorted, 0.99),
    histogram: encodeIntoCompressedBase64(histogram),
    scale,
  }
}

function combineDifferences(all: readonly Differences[], last: Differences, scatter: Scatter | undefined): Differences {
  const values = all.flatMap((one) => one.values)
  return { kind: 'differences', ...summaryOf(all, last, Float64Array.from(values).sort(), scatter), values }
}

type Sampled = Distribution | Differences

function summaryOf(
  all: readonly Sampled[],
  { kind, unit, better, precision }: Pick<Sampled, 'kind' | 'unit' | 'better' | 'precision'>,
  sorted: Float64Array,
  scatter: Scatter | undefined,
) {
  const figure = medianOfSorted(sorted)
  const visits = all.map(medianOf)
  const least = kind === 'distribution' ? 0 : Number.NEGATIVE_INFINITY
  const interval = intervalOf(figure, visits.length, scatter, least)
  return {
    unit,
    better,
    count: sorted.length,
    ...(precision !== undefined && isPrecise(figure, interval, precision) && { median: figure }),
    ...(interval && { interval }),
    ...(precision && { precision }),
    visits,
    min: Math.min(...all.map(({ min }) => min)),
    max: Math.max(...all.map(({ max }) => max)),
  }
}

function intervalOf(figure: number, visits: number, scatter: Scatter | undefined, least: number): Interval | undefined {
  if (scatter === undefined || scatter.degrees < leastDegrees) return undefined
  const deviation = Math.sqrt(scatter.sumOfSquares / scatter.degrees)
  const half = studentT(scatter.degrees) * deviation * Math.sqrt(2 / visits)
  return { low: Math.max(least, figure - half), high: figure + half }
}

function sampledOf(parts: readonly Cell[], name: string): readonly Sampled[] {
  return parts.flatMap(({ measures }) => {
    const measure = measures[name]
    return measure?.kind === 'distribution' || measure?.kind === 'differences' ? [measure] : []
  })
}

function medianOf(measure: Sampled): number {
  return medianOfSorted(Float64Array.from(valuesOf(measure)).sort())
}

function mean(values: readonly number[]): number {
  return sum(values, (value) => value) / values.length
}

function sum<T>(all: readonly T[], figure: (one: T) => number): number {
  return all.reduce((total, one) => total + figure(one), 0)
}
