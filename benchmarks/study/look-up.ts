/** Finds in cells what is to be shown of them. */
import type { Cell, Differences, Distribution, Measure, Parameters, Share } from './cell.js'
import type { ChartPoint, ChartSeries } from './question.js'

/** The cells that have all of the parameters. */
export function cellsWith(cells: readonly Cell[], wanted: Parameters): readonly Cell[] {
  const entries = Object.entries(wanted)
  return cells.filter(({ parameters }) => entries.every(([name, value]) => parameters[name] === value))
}

/** The first of them. */
export function cellWith(cells: readonly Cell[], wanted: Parameters): Cell | undefined {
  return cellsWith(cells, wanted)[0]
}

/** A measure that has a median. */
export function sampled(measure: Measure | undefined): Distribution | Differences | undefined {
  return measure?.kind === 'distribution' || measure?.kind === 'differences' ? measure : undefined
}

/** Undefined, too, where the interval is too wide for a figure. */
export function medianIn(cell: Cell | undefined, name: string): number | undefined {
  return sampled(cell?.measures[name])?.median
}

export function shareIn(cell: Cell | undefined, name: string): Share | undefined {
  const measure = cell?.measures[name]
  return measure?.kind === 'share' ? measure : undefined
}

/** The point of a median, with its interval; none where there is no figure. */
export function pointsOf(x: string | number, measure: Measure | undefined): readonly ChartPoint[] {
  const { median, interval } = sampled(measure) ?? {}
  return median === undefined ? [] : [{ x, y: median, ...interval }]
}

/** Series of what was measured, without those of which nothing was. */
export function measuredSeries(series: readonly Pick<ChartSeries, 'name' | 'points'>[]): readonly ChartSeries[] {
  return series
    .filter(({ points }) => points.length > 0)
    .map(({ name, points }) => ({ name, role: 'measured', points }))
}
