/** The names of the series, in columns that are as wide as the longest name, above the chart. */
import { line, symbol, text, type Mark } from './marks.js'
import { limitDash, seriesStyle, shades } from './palette.js'
import { lineHeight, textWidth, wrap } from './text.js'
import type { Drawing, Layout } from './drawing.js'

export interface Legend {
  readonly marks: readonly Mark[]
  readonly height: number
}

const sampleWidth = 26
const gap = 18

export function legendOf({ measured, limits, asLines }: Drawing, { width }: Layout, top: number): Legend {
  const names = [...measured, ...limits].map(({ name }) => name)
  const longest = Math.max(...names.map(textWidth)) + sampleWidth
  const columns = Math.max(1, Math.floor((width + gap) / (longest + gap)))
  const marks: Mark[] = []
  let y = top
  for (let first = 0; first < names.length; first += columns) {
    const row = names.slice(first, first + columns).map((name) => wrap(name, width - sampleWidth))
    for (const [column, lines] of row.entries()) {
      const x = column * (longest + gap)
      const index = first + column
      const middle = y + lineHeight / 2
      marks.push(...sample(index, measured.length, asLines, [x, middle]), ...text(lines, [x + sampleWidth, middle]))
    }
    y += Math.max(...row.map(({ length }) => length)) * lineHeight + 4
  }
  return { marks, height: y - top }
}

function sample(index: number, measured: number, asLines: boolean, [x, y]: readonly [number, number]): readonly Mark[] {
  const ends = [
    [x, y],
    [x + sampleWidth - 6, y],
  ] as const
  if (index >= measured) return [line(ends, shades.muted.light, 1.2, limitDash(index - measured))]
  const style = seriesStyle(index)
  const middle = [x + (sampleWidth - 6) / 2, y] as const
  return [...(asLines ? [line(ends, style.colour, 2, style.dash)] : []), symbol(middle, style, asLines ? 8 : 10)]
}
