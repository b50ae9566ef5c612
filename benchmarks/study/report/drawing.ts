/** A chart on its way to be drawn: what can be drawn of it, and in which room. */
import type { Chart, ChartPoint, ChartSeries } from '../question.js'
import type { Mark } from './marks.js'

export interface Layout {
  readonly width: number
  /** Whether it is for a narrow screen. */
  readonly narrow: boolean
}

export interface Drawing {
  readonly chart: Chart
  readonly measured: readonly ChartSeries[]
  readonly limits: readonly ChartSeries[]
  /** In the order of the series, where x is one of names. */
  readonly categories: readonly string[]
  /** Whether series are lines with points; if not, they are bars or points alone. */
  readonly asLines: boolean
}

/** What ECharts is told, beside the legend. */
export interface Plan {
  readonly height: number
  readonly option: Readonly<Record<string, unknown>>
  readonly marks: readonly Mark[]
  /** What each of the option's series and their items is, for those who point at it. */
  readonly titles: readonly PlannedSeries[]
}

interface PlannedSeries {
  readonly name: string
  readonly items: readonly string[]
}

/** Undefined where there is nothing to draw. */
export function drawingOf(chart: Chart): Drawing | undefined {
  const series = chart.series
    .map((one) => ({ ...one, points: one.points.filter((point) => isDrawable(point, chart)) }))
    .filter(({ points }) => points.length > 0)
  const measured = series.filter(({ role }) => role === 'measured')
  if (measured.length === 0) return undefined
  const hasNames = chart.kind === 'bars' || chart.x.scale === 'category'
  return {
    chart,
    measured,
    limits: series.filter(({ role }) => role === 'limit'),
    categories: hasNames ? merged(chart.series.map(({ points }) => points.map(({ x }) => String(x)))) : [],
    asLines: chart.kind === 'lines',
  }
}

/** All names, in an order that is that of every list where they agree: a list may lack some. */
export function merged(lists: readonly (readonly string[])[]): readonly string[] {
  const [longest = [], ...others] = lists.toSorted((a, b) => b.length - a.length)
  const names = [...new Set(longest)]
  for (const list of others) {
    for (const [index, name] of list.entries()) {
      if (names.includes(name)) continue
      const next = list.slice(index).find((one) => names.includes(one))
      const before = list[index - 1]
      const last = before === undefined ? names.length : names.indexOf(before) + 1
      names.splice(next === undefined ? last : names.indexOf(next), 0, name)
    }
  }
  return names
}

function isDrawable({ x, y }: ChartPoint, { kind, x: axis }: Chart): boolean {
  const hasPlace = kind === 'bars' || axis.scale === 'category' || Number.isFinite(Number(x))
  return hasPlace && Number.isFinite(y)
}

/** All that an axis of y has to reach. */
export function reach({ measured, limits }: Drawing): readonly number[] {
  const points = [...measured, ...limits].flatMap((series) => series.points)
  return points.flatMap(({ y, low = y, high = y }) => [y, low, high]).filter(Number.isFinite)
}

/** Says what a log axis cannot show. */
export function edgeNote({ chart, measured }: Drawing): string | undefined {
  const points = measured.flatMap((series) => series.points)
  const atEdge = (scale: string, values: readonly number[]): boolean =>
    scale === 'log' && values.some((one) => one <= 0)
  const y = atEdge(
    chart.y.scale,
    points.map((point) => point.y),
  )
  const x =
    chart.kind === 'lines' &&
    atEdge(
      chart.x.scale,
      points.map((point) => Number(point.x)),
    )
  return x || y ? 'Zero and less are at the edge: a log axis has no place for them.' : undefined
}
