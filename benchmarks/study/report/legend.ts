/** The names of the series, above the chart. */
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
  const marks: Mark[] = []
  let y = top
  for (const row of rowsOf(
    [...measured, ...limits].map(({ name }) => name),
    width,
  )) {
    for (const { index, x, lines } of row) {
      const middle = y + lineHeight / 2
      marks.push(...sample(index, measured.length, asLines, [x, middle]), ...text(lines, [x + sampleWidth, middle]))
    }
    y += Math.max(...row.map(({ lines }) => lines.length)) * lineHeight + 4
  }
  return { marks, height: y - top }
}

interface Entry {
  readonly index: number
  readonly x: number
  readonly lines: readonly string[]
}

/** In columns as wide as the longest name; one after another where that name leaves room for one column only. */
function rowsOf(names: readonly string[], width: number): readonly (readonly Entry[])[] {
  const longest = Math.max(...names.map(textWidth))
  const inColumns = 2 * (sampleWidth + longest) + gap <= width
  const rows: Entry[][] = []
  let x = 0
  for (const [index, name] of names.entries()) {
    const lines = wrap(name, width - sampleWidth)
    const own = sampleWidth + (inColumns ? longest : Math.max(...lines.map(textWidth)))
    const row = rows.at(-1)
    if (row === undefined || x + own > width) {
      rows.push([{ index, x: 0, lines }])
      x = own + gap
    } else {
      row.push({ index, x, lines })
      x += own + gap
    }
  }
  return rows
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
