/**
 * Bars from left to right, so that names of any length stand beside them, also on a narrow screen, with their figures at
 * their ends. A log axis has no zero that a bar could begin at: there a point stands in the place of the bar's end.
 */
import { formatNumber } from '../format.js'
import type { ChartPoint, ChartSeries } from '../question.js'
import { edgeNote, reach, type Drawing, type Layout, type Plan } from './drawing.js'
import {
  bar,
  drawnSeries,
  fontFamily,
  line,
  symbol,
  text,
  whisker,
  whiskerOnBar,
  type Mark,
  type Place,
} from './marks.js'
import { limitDash, seriesStyle, shades, type SeriesStyle } from './palette.js'
import { onScale, scaleOf, tickLabel, type Scale } from './scale.js'
import { fontSize, lineHeight, textWidth, wrap } from './text.js'
import { titleOf } from './titles.js'

const rowHeight = 17
const barHeight = 13
const groupGap = 16
/** For the symbol between a bar and its figure, which tells the series also without its colour. */
const badgeRoom = 14
const below = 44

export function planBars(drawing: Drawing, { width, narrow }: Layout, above: number): Plan {
  const label = wrap(drawing.chart.x.label, width)
  const top = above + label.length * lineHeight + 4
  const { chart, categories, measured, limits } = drawing
  const names = categories.map((name) => wrap(name, narrow ? 88 : 170))
  const left = Math.max(...names.flat().map(textWidth)) + 12
  const figures = measured.flatMap(({ points }) => points.map(({ y }) => textWidth(formatNumber(y))))
  const right = Math.max(...figures) + 10 + badgeRoom
  const scale = scaleOf(chart.y.scale === 'log' ? 'log' : 'linear', reach(drawing), {
    labels: Math.max(2, Math.floor((width - left - right) / 52)),
    fromZero: true,
  })
  const tallest = Math.max(...names.map(({ length }) => length)) * lineHeight
  const group = Math.max(measured.length * rowHeight, tallest) + groupGap
  const height = top + group * categories.length + below
  const note = edgeNote(drawing)
  const noteLines = note === undefined ? [] : wrap(note, width)
  return {
    height: height + noteLines.length * lineHeight,
    option: {
      grid: { left, right, top, height: group * categories.length },
      xAxis: valueAxis(scale, chart.y.label),
      yAxis: categoryAxis(names),
      series: [
        ...limits.map((series, index) => limitSeries(series, index, { drawing, scale, group })),
        ...measured.map((series, index) => measuredSeries(series, index, { drawing, scale, group })),
      ],
    },
    marks: [
      ...text(label, [0, above + lineHeight / 2], { colour: shades.muted.light }),
      ...text(noteLines, [0, height + lineHeight / 2 - 2], { colour: shades.muted.light }),
    ],
    titles: [...limits, ...measured].map((series) => ({
      name: series.name,
      items: series.points.map((point) => titleOf(series, point, chart)),
    })),
  }
}

interface Frame {
  readonly drawing: Drawing
  readonly scale: Scale
  /** The height of the rows of one category. */
  readonly group: number
}

/** A row for each point, and a dash where there is none: a row that is empty would look like a zero. */
function measuredSeries({ points }: ChartSeries, index: number, { drawing, scale }: Frame): object {
  const { categories, measured } = drawing
  const offset = (index - (measured.length - 1) / 2) * rowHeight
  const missing = categories.filter((category) => points.every(({ x }) => String(x) !== category))
  return drawnSeries(points.length + missing.length, 3, (item, place) => {
    const point = points[item]
    const category = point === undefined ? missing[item - points.length] : String(point.x)
    const row = categories.indexOf(category ?? '')
    const at = (value: number): Pixels => {
      const [x, y] = place(onScale(value, scale), row)
      return [x, y + offset]
    }
    const [edge, middle] = at(scale.type === 'log' ? scale.min : 0)
    if (point === undefined) return text(['–'], [edge + 6, middle], { colour: shades.muted.light })
    return rowOf(point, at, { scale, style: seriesStyle(index), hasBadge: measured.length > 1 })
  })
}

type Pixels = readonly [x: number, y: number]

interface RowStyle {
  readonly scale: Scale
  readonly style: SeriesStyle
  readonly hasBadge: boolean
}

function rowOf(
  point: ChartPoint,
  at: (value: number) => Pixels,
  { scale, style, hasBadge }: RowStyle,
): readonly Mark[] {
  const end = at(point.y)
  const [low, high] = intervalOf(point).map(at)
  const hasInterval = low !== undefined && high !== undefined
  const asPoint = scale.type === 'log'
  const far = Math.max(end[0], high?.[0] ?? 0, asPoint ? 0 : at(0)[0])
  const body = asPoint
    ? [...(hasInterval ? whisker(low, high, style.colour) : []), symbol(end, style, 10)]
    : [bar(at(0), end, barHeight, style), ...(hasInterval ? whiskerOnBar(low, high) : [])]
  const badge = hasBadge && !asPoint ? [symbol([far + 10, end[1]], style, 8)] : []
  const figureAt: Pixels = [far + (asPoint ? 9 : 6) + badge.length * badgeRoom, end[1]]
  const figure = text([formatNumber(point.y)], figureAt, { colour: shades.muted.light })
  return [...body, ...badge, ...figure].map((mark, z2): Mark => ({ ...mark, z2 }))
}

function intervalOf({ low, high }: ChartPoint): readonly number[] {
  return low === undefined || high === undefined ? [] : [low, high]
}

function limitSeries(series: ChartSeries, index: number, { drawing, scale, group }: Frame): object {
  return drawnSeries(series.points.length, 4, (item, place: Place) => {
    const point = series.points[item]
    if (point === undefined) return []
    const [x, y] = place(onScale(point.y, scale), drawing.categories.indexOf(String(point.x)))
    const half = group / 2 - 3
    const ends = [
      [x, y - half],
      [x, y + half],
    ] as const
    return [line(ends, shades.muted.light, 1.2, limitDash(index))]
  })
}

export function valueAxis({ type, min, max, ticks }: Scale, label: string): object {
  return {
    type,
    min,
    max,
    name: label,
    nameLocation: 'middle',
    nameGap: 28,
    nameTextStyle: { color: shades.text.light, fontSize, fontFamily },
    axisLine: { show: false },
    axisTick: { show: false, customValues: ticks },
    axisLabel: { customValues: ticks, color: shades.muted.light, fontSize, fontFamily, formatter: tickLabel },
    splitLine: { lineStyle: { color: shades.grid.light } },
  }
}

function categoryAxis(names: readonly (readonly string[])[]): object {
  return {
    type: 'category',
    inverse: true,
    data: names.map((lines) => lines.join('\n')),
    axisLine: { lineStyle: { color: shades.axis.light } },
    axisTick: { show: false },
    axisLabel: { interval: 0, color: shades.text.light, fontSize, lineHeight, fontFamily },
  }
}
