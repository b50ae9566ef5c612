/** Shapes of ECharts' graphic elements, and series that are drawn by a function of ours. */
import { shades, type SeriesStyle } from './palette.js'
import { fontSize, lineHeight } from './text.js'

export type Point = readonly [x: number, y: number]

/** Pixels of a place on the axes; a category is given by its index. */
export type Place = (x: number, y: number) => Point

export interface Mark {
  readonly type: string
  readonly z2?: number
  readonly [property: string]: unknown
}

// ECharts does not escape the quotes around names of fonts.
export const fontFamily = 'system-ui, sans-serif'

/** A series whose nth item is drawn by `draw(n)`. */
export function drawnSeries(count: number, z: number, draw: (item: number, place: Place) => readonly Mark[]): object {
  return {
    type: 'custom',
    z,
    // The axes have their extents, so that what counts is how many items there are.
    data: Array.from({ length: count }, () => [0, 0]),
    renderItem: ({ dataIndex }: { readonly dataIndex: number }, api: CoordinateApi) => ({
      type: 'group',
      children: draw(dataIndex, (x, y) => api.coord([x, y])),
    }),
  }
}

interface CoordinateApi {
  coord(place: Point): Point
}

export function line(points: readonly Point[], stroke: string, width: number, dash: readonly number[] = []): Mark {
  const style = {
    fill: 'none',
    stroke,
    lineWidth: width,
    lineJoin: 'round',
    ...(dash.length > 0 && { lineDash: dash }),
  }
  return { type: 'polyline', shape: { points }, style }
}

/** From low to high, with a stroke across each end. */
export function whisker(from: Point, to: Point, stroke: string, width = 1.3): readonly Mark[] {
  if (from[0] === to[0] && from[1] === to[1]) return []
  const size = 3
  const across = from[1] === to[1] ? ([0, size] as const) : ([size, 0] as const)
  const cap = ([x, y]: Point): readonly Point[] => [
    [x - across[0], y - across[1]],
    [x + across[0], y + across[1]],
  ]
  return [[from, to], cap(from), cap(to)].map((part) => line(part, stroke, width))
}

/** With a seam around it that sets it off from the bar beneath. */
export function whiskerOnBar(from: Point, to: Point): readonly Mark[] {
  return [...whisker(from, to, shades.background.light, 3.5), ...whisker(from, to, shades.text.light)]
}

export function symbol([x, y]: Point, { colour, hollow, symbol: corners }: SeriesStyle, size: number): Mark {
  return {
    type: 'polygon',
    shape: { points: corners.map(([right, down]): Point => [x + (right * size) / 2, y + (down * size) / 2]) },
    style: hollow
      ? { fill: shades.background.light, stroke: colour, lineWidth: 1.5 }
      : { fill: colour, stroke: shades.background.light, lineWidth: 1 },
  }
}

export function bar(from: Point, to: Point, height: number, { colour, hollow }: SeriesStyle): Mark {
  const shape = {
    x: Math.min(from[0], to[0]),
    y: from[1] - height / 2,
    // What is next to nothing can be seen to have been measured.
    width: Math.max(1, Math.abs(to[0] - from[0])),
    height,
  }
  const style = hollow
    ? { fill: shades.background.light, stroke: colour, lineWidth: 1.5 }
    : { fill: colour, stroke: shades.background.light, lineWidth: 0.5 }
  return { type: 'rect', shape, style }
}

interface TextOptions {
  readonly colour?: string
  readonly align?: 'left' | 'center' | 'right'
  readonly weight?: 'normal' | 'bold'
}

/** `y` is the middle of the first line. */
export function text(lines: readonly string[], [x, y]: Point, options: TextOptions = {}): readonly Mark[] {
  const { colour = shades.text.light, align = 'left', weight = 'normal' } = options
  return lines.map((one, index) => ({
    type: 'text',
    silent: true,
    style: {
      text: one,
      x,
      y: y + index * lineHeight,
      fill: colour,
      textAlign: align,
      textVerticalAlign: 'middle',
      fontSize,
      fontWeight: weight,
      fontFamily,
    },
  }))
}
