/**
 * The colours of page and charts. A chart is drawn in the light ones, as plain attributes that every viewer of SVG
 * understands; where dark is preferred, a rule per colour replaces it (`darkRules`).
 *
 * The colours of series were searched for: 3 : 1 against the background, and as far from each other as they can be for
 * eyes with all cones and for those without one of the three kinds. A test computes both again. Lines differ by symbol
 * and dashes besides, and series after the eighth are hollow.
 */

interface Shade {
  readonly light: string
  readonly dark: string
}

export const shades = {
  background: { light: '#ffffff', dark: '#14171c' },
  text: { light: '#1b1f24', dark: '#e6e8eb' },
  muted: { light: '#57606a', dark: '#a3abb5' },
  axis: { light: '#8b949e', dark: '#6e7681' },
  grid: { light: '#e1e5ea', dark: '#2d333b' },
} as const satisfies Readonly<Record<string, Shade>>

export const seriesShades: readonly Shade[] = [
  { light: '#2022ce', dark: '#0a55f7' },
  { light: '#7a3403', dark: '#f17824' },
  { light: '#067e56', dark: '#4cfeaf' },
  { light: '#e92692', dark: '#cd2d53' },
  { light: '#1b99d4', dark: '#03b6fd' },
  { light: '#ba8b0e', dark: '#f6d329' },
  { light: '#59197f', dark: '#9b42b2' },
  { light: '#232323', dark: '#a1a1a1' },
]

export interface SeriesStyle {
  readonly colour: string
  readonly hollow: boolean
  /** The corners of a shape that reaches about 1 to each side of 0. */
  readonly symbol: readonly Corner[]
  readonly dash: readonly number[]
}

type Corner = readonly [x: number, y: number]

const round: readonly Corner[] = Array.from({ length: 24 }, (_corner, index) => {
  const angle = (index / 24) * 2 * Math.PI
  return [Math.cos(angle), Math.sin(angle)]
})
const arm = 0.36
const plus: readonly Corner[] = [
  [-arm, -1],
  [arm, -1],
  [arm, -arm],
  [1, -arm],
  [1, arm],
  [arm, arm],
  [arm, 1],
  [-arm, 1],
  [-arm, arm],
  [-1, arm],
  [-1, -arm],
  [-arm, -arm],
]

const symbols: readonly (readonly Corner[])[] = [
  round,
  [
    [-0.9, -0.9],
    [0.9, -0.9],
    [0.9, 0.9],
    [-0.9, 0.9],
  ],
  [
    [0, -1],
    [1.1, 0.9],
    [-1.1, 0.9],
  ],
  [
    [0, -1.15],
    [1.15, 0],
    [0, 1.15],
    [-1.15, 0],
  ],
  [
    [0, 1],
    [1.1, -0.9],
    [-1.1, -0.9],
  ],
  plus,
  [
    [-0.55, -0.95],
    [0.55, -0.95],
    [1.1, 0],
    [0.55, 0.95],
    [-0.55, 0.95],
    [-1.1, 0],
  ],
  plus.map(([x, y]) => [(x - y) * Math.SQRT1_2, (x + y) * Math.SQRT1_2]),
]

const dashes: readonly (readonly number[])[] = [
  [],
  [7, 3],
  [2, 2],
  [9, 3, 2, 3],
  [4, 2],
  [12, 3],
  [6, 2, 2, 2, 2, 2],
  [1, 3],
]

/** The style of the nth measured series of a chart. */
export function seriesStyle(index: number): SeriesStyle {
  const place = index % seriesShades.length
  return {
    colour: seriesShades[place]?.light ?? shades.text.light,
    hollow: Math.floor(index / seriesShades.length) % 2 === 1,
    symbol: symbols[place] ?? round,
    dash: dashes[place] ?? [],
  }
}

const limitDashes: readonly (readonly number[])[] = [
  [4, 3],
  [1, 2],
  [8, 3, 1, 3],
]

/** The dashes of the nth limit of a chart. */
export function limitDash(index: number): readonly number[] {
  return limitDashes[index % limitDashes.length] ?? []
}

/** Rules that give a chart its dark colours. */
export function darkRules(within: string): string {
  const rules = [...Object.values(shades), ...seriesShades].flatMap(({ light, dark }) =>
    ['fill', 'stroke'].map((property) => `${within} [${property}="${light}"]{${property}:${dark}}`),
  )
  return rules.join('\n')
}
