/**
 * Tells in which interval the median of another run is expected, of what the visits to a block differ by.
 *
 * Theory: the medians of visits scatter around the true one with a variance that holds the sampling and the machine's
 * drift. The median of a run of v visits has 1 / v of it, and the difference of two such runs 2 / v: another run's median
 * lies within t x sqrt(variance x 2 / v) of this one's with a probability of 95 %. A few visits tell little of their
 * variance, and where three of four happen to agree, far too little. So what is usual among the cells that scatter alike
 * (`Question.alikeOver`) weighs as much as the cell's own, as in a moderated t-test, and Student's t accounts for the
 * rest. Usual is their median, so that a visit that somebody else's work has disturbed widens its own intervals alone.
 */
import { medianSorted } from 'simple-statistics'
import { type Interval, studentT } from '../support/statistics.js'
import type { Cell, Differences, Distribution, Measure, QuestionName } from './cell.js'
import { isPrecise, medianOf } from './measures.js'

/** The parameters in which cells of a question may differ and still scatter alike. */
export type AlikeOver = (question: QuestionName) => readonly string[]

/** Below so many cells that are alike, nothing is usual among them. */
const leastAlike = 3

/** The least degrees of freedom from which an interval is made. */
const leastDegrees = 2

/** The part of a figure by which it may be rounded: histograms keep three digits. */
const rounding = 0.001

/** The cells with the intervals of all medians that were visited several times, and with those that are precise. */
export function withIntervals(cells: readonly Cell[], alikeOver: AlikeOver): readonly Cell[] {
  const variances = variancesOf(cells, alikeOver)
  return cells.map((cell) => {
    const measures = Object.entries(cell.measures).map(([name, measure]) => {
      const visited = visitedOf(measure)
      if (visited === undefined) return [name, measure] as const
      return [name, withInterval(visited, variances.get(keyOf(cell, name, alikeOver)) ?? [])] as const
    })
    return { ...cell, measures: Object.fromEntries(measures) }
  })
}

type Visited = (Distribution | Differences) & { readonly visits: readonly number[] }

function visitedOf(measure: Measure): Visited | undefined {
  if (measure.kind !== 'distribution' && measure.kind !== 'differences') return undefined
  const { visits } = measure
  return visits === undefined ? undefined : { ...measure, visits }
}

/** By cells that are alike: the variance of each, in parts of what the median of such variances is. */
function variancesOf(cells: readonly Cell[], alikeOver: AlikeOver): ReadonlyMap<string, readonly number[]> {
  const variances = new Map<string, number[]>()
  for (const cell of cells) {
    for (const [name, measure] of Object.entries(cell.measures)) {
      const visited = visitedOf(measure)
      if (visited === undefined || visited.visits.length < 2) continue
      const key = keyOf(cell, name, alikeOver)
      const one = varianceOf(visited.visits) / medianOfVariances(visited.visits.length - 1)
      variances.set(key, [...(variances.get(key) ?? []), one])
    }
  }
  return variances
}

function keyOf({ question, parameters }: Cell, measure: string, alikeOver: AlikeOver): string {
  const over = alikeOver(question)
  return JSON.stringify([question, measure, Object.entries(parameters).filter(([name]) => !over.includes(name))])
}

function withInterval(measure: Visited, alike: readonly number[]): Visited {
  const { median: _median, interval: _interval, ...rest } = measure
  const figure = medianOf(measure)
  const interval = intervalOf(figure, measure, alike)
  const isGiven = measure.precision !== undefined && isPrecise(figure, interval, measure.precision)
  return { ...rest, ...(isGiven && { median: figure }), ...(interval && { interval }) }
}

function intervalOf(figure: number, { kind, visits }: Visited, alike: readonly number[]): Interval | undefined {
  const own = varianceOf(visits)
  const ownDegrees = visits.length - 1
  const isModerated = alike.length >= leastAlike
  const variance = isModerated ? (own + medianSorted(alike.toSorted((a, b) => a - b))) / 2 : own
  const degrees = isModerated ? 2 * ownDegrees : ownDegrees
  if (degrees < leastDegrees) return undefined
  const scattered = studentT(degrees) * Math.sqrt((variance * 2) / visits.length)
  const half = Math.max(scattered, rounding * Math.abs(figure))
  return { low: kind === 'distribution' ? Math.max(0, figure - half) : figure - half, high: figure + half }
}

function varianceOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
}

/** The median of chi-square by its degrees of freedom (Wilson and Hilferty): below the mean of 1, the more the fewer. */
function medianOfVariances(degrees: number): number {
  return (1 - 2 / (9 * degrees)) ** 3
}
