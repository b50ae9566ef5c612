/** Lines with points and whiskers; where there are many points, lines alone. */
import type { ChartPoint, ChartSeries } from '../question.js'
import { valueAxis } from './bars.js'
import { edgeNote, reach, type Drawing, type Layout, type Plan } from './drawing.js'
import { drawnSeries, fontFamily, line, symbol, text, whisker, type Mark, type Place } from './marks.js'
import { limitDash, seriesStyle, shades } from './palette.js'
import { onScale, scaleOf, tickLabel, type Scale } from './scale.js'
import { fontSize, lineHeight, textWidth, wrap } from './text.js'
import { titleOf } from './titles.js'

const most = 40

export function planLines(drawing: Drawing, { width, narrow }: Layout, above: number): Plan {
  const { chart, categories, measured, limits } = drawing
  const label = wrap(chart.y.label, width)
  const top = above + label.length * lineHeight + 10
  const plot = narrow ? 240 : 320
  const y = scaleOf(chart.y.scale === 'log' ? 'log' : 'linear', reach(drawing), { labels: 8, fromZero: true })
  const left = Math.max(...y.ticks.map((tick) => textWidth(tickLabel(tick)))) + 12
  const right = 16
  const x = xAxisOf(drawing, width - left - right)
  const height = top + plot + x.below
  const note = edgeNote(drawing)
  const noteLines = note === undefined ? [] : wrap(note, width)
  const place = (point: ChartPoint): Point => ({
    x: x.scale === undefined ? categories.indexOf(String(point.x)) : onScale(Number(point.x), x.scale),
    y: onScale(point.y, y),
    whisker: [point.low, point.high].map((value) => (value === undefined ? undefined : onScale(value, y))),
  })
  const hasNames = x.scale === undefined
  return {
    height: height + noteLines.length * lineHeight,
    option: {
      grid: { left, right, top, height: plot },
      xAxis: x.axis,
      yAxis: valueAxis(y, ''),
      series: [
        ...limits.map(({ points }, index) => {
          const places = points.map(place)
          return drawnSeries(1, 2, (_item, at) =>
            polylines(places, hasNames, at, shades.muted.light, 1.2, limitDash(index)),
          )
        }),
        ...measured.map(({ points }, index) => measuredSeries(points.map(place), index, hasNames)),
      ],
    },
    marks: [
      ...text(label, [0, above + lineHeight / 2]),
      ...text(noteLines, [0, height + lineHeight / 2 - 2], { colour: shades.muted.light }),
    ],
    titles: [
      ...limits.map(({ name }) => ({ name, items: [name] })),
      ...measured.map((series) => ({ name: series.name, items: titlesOf(series, drawing) })),
    ],
  }
}

interface Point {
  readonly x: number
  readonly y: number
  readonly whisker: readonly (number | undefined)[]
}

/** The line first, then a point each, if they are not too many. */
function measuredSeries(places: readonly Point[], index: number, hasNames: boolean): object {
  const style = seriesStyle(index)
  const points = places.length > most ? [] : places
  return drawnSeries(points.length + 1, 3 + index, (item, at) => {
    if (item === 0) return polylines(places, hasNames, at, style.colour, 2, style.dash)
    const point = points[item - 1]
    if (point === undefined) return []
    const [low, high] = point.whisker
    const hasInterval = low !== undefined && high !== undefined
    const interval = hasInterval ? whisker(at(point.x, low), at(point.x, high), style.colour) : []
    return [...interval, symbol(at(point.x, point.y), style, 9)].map((mark, z2): Mark => ({ ...mark, z2: z2 + 1 }))
  })
}

function titlesOf(series: ChartSeries, { chart }: Drawing): readonly string[] {
  const points = series.points.length > most ? [] : series.points
  return [series.name, ...points.map((point) => titleOf(series, point, chart))]
}

/** One line; over names it has a gap where a name has no point. */
function polylines(
  places: readonly Point[],
  hasNames: boolean,
  at: Place,
  stroke: string,
  width: number,
  dash: readonly number[],
): readonly Mark[] {
  const ordered = places.toSorted((a, b) => a.x - b.x)
  const parts: Point[][] = []
  for (const point of ordered) {
    const part = parts.at(-1)
    const before = part?.at(-1)
    if (part === undefined || before === undefined || (hasNames && point.x > before.x + 1)) parts.push([point])
    else part.push(point)
  }
  return parts
    .filter(({ length }) => length > 1)
    .map((part) =>
      line(
        part.map(({ x, y }) => at(x, y)),
        stroke,
        width,
        dash,
      ),
    )
}

interface XAxis {
  readonly axis: object
  /** Undefined for names. */
  readonly scale: Scale | undefined
  readonly below: number
}

function xAxisOf({ chart, categories, measured }: Drawing, width: number): XAxis {
  if (chart.x.scale === 'category') return nameAxis(categories, chart.x.label, width)
  const values = measured.flatMap(({ points }) => points.map(({ x }) => Number(x)))
  const fromZero = Math.min(...values) >= 0 && Math.min(...values) * 2 < Math.max(...values)
  const scale = scaleOf(chart.x.scale, values, { labels: Math.max(2, Math.floor(width / 56)), fromZero })
  return {
    axis: { ...valueAxis(scale, chart.x.label), splitLine: { show: false }, axisLine, axisTick: ticksAt(scale) },
    scale,
    below: 44,
  }
}

const axisLine = { show: true, onZero: false, lineStyle: { color: shades.axis.light } } as const

function ticksAt({ ticks }: Scale): object {
  return { show: true, customValues: ticks, lineStyle: { color: shades.axis.light } }
}

/** Names stand below each other's lines where they fit, and upright where a word would have to be broken. */
function nameAxis(names: readonly string[], label: string, width: number): XAxis {
  const room = width / names.length - 8
  const wrapped = names.map((name) => wrap(name, room))
  const fits = names.every((name) => name.split(/\s+/).every((word) => textWidth(word) <= room))
  const longest = Math.min(150, Math.max(...names.map(textWidth)))
  const depth = fits ? Math.max(...wrapped.map(({ length }) => length)) * lineHeight : longest
  const axis = {
    type: 'category',
    data: fits ? wrapped.map((lines) => lines.join('\n')) : names.map((name) => wrap(name, 150).join('\n')),
    name: label,
    nameLocation: 'middle',
    nameGap: depth + 16,
    nameTextStyle: { color: shades.text.light, fontSize, fontFamily },
    axisLine,
    axisTick: { show: false },
    axisLabel: { interval: 0, rotate: fits ? 0 : 90, color: shades.muted.light, fontSize, lineHeight, fontFamily },
  }
  return { axis, scale: undefined, below: depth + 34 }
}
