import { describe, expect, test } from 'vitest'
import { merged } from '../../../benchmarks/study/report/drawing.js'
import { escaped, html, raw } from '../../../benchmarks/study/report/html.js'
import { seriesShades, seriesStyle, shades } from '../../../benchmarks/study/report/palette.js'
import { onScale, scaleOf, tickLabel } from '../../../benchmarks/study/report/scale.js'
import { textWidth, wrap } from '../../../benchmarks/study/report/text.js'

describe('HTML', () => {
  test('is made of escaped values, unless they are HTML', () => {
    const item = html`<li>${'<b> & "c"'}</li>`
    expect(html`<ul title="${"'"}">${[item, item]}${undefined}${7}</ul>`.text).toBe(
      '<ul title="&#39;"><li>&lt;b&gt; &amp; &quot;c&quot;</li>\n<li>&lt;b&gt; &amp; &quot;c&quot;</li>7</ul>',
    )
    expect(html`${raw('<i>')}`.text).toBe('<i>')
    expect(escaped('</script>')).toBe('&lt;/script&gt;')
  })
})

describe('the colours of series', () => {
  const themes = ['light', 'dark'] as const

  test.each(themes)('stand out from the %s background', (theme) => {
    const background = linear(shades.background[theme])
    for (const shade of seriesShades) expect(contrast(linear(shade[theme]), background)).toBeGreaterThanOrEqual(3)
    for (const text of [shades.text, shades.muted]) {
      expect(contrast(linear(text[theme]), background)).toBeGreaterThanOrEqual(4.5)
    }
  })

  test.each(themes)('are far from each other for eyes of every kind, %s', (theme) => {
    const colours = seriesShades.map((shade) => linear(shade[theme]))
    for (const [eye, matrix] of Object.entries(eyes)) {
      const places = colours.map((colour) => oklab(multiplied(matrix, colour)))
      for (const [index, place] of places.entries()) {
        for (const [before, other] of places.slice(0, index).entries()) {
          expect(distance(place, other), `${eye}: ${before} and ${index}`).toBeGreaterThan(0.1)
        }
      }
    }
  })

  test('stand once each in a chart, so that a rule can replace them', () => {
    const all = [...Object.values(shades), ...seriesShades].map(({ light }) => light)
    expect(new Set(all).size).toBe(all.length)
  })

  test('come with symbols and dashes of their own, and hollow after the last', () => {
    const styles = Array.from({ length: 16 }, (_style, index) => seriesStyle(index))
    expect(new Set(styles.map((style) => JSON.stringify(style))).size).toBe(16)
    const first = styles.slice(0, 8)
    expect(new Set(first.map(({ symbol }) => JSON.stringify(symbol))).size).toBe(8)
    expect(new Set(first.map(({ dash }) => dash.join())).size).toBe(8)
  })
})

describe('scales', () => {
  const options = { labels: 6, fromZero: true }

  test.each([
    [[0.3, 0.7], 0, 0.8, [0, 0.2, 0.4, 0.6, 0.8]],
    [[-0.5, 12], -5, 15, [-5, 0, 5, 10, 15]],
    [[0, 0], 0, 0.2, [0, 0.2]],
  ])('linear over %j', (values, min, max, ticks) => {
    expect(scaleOf('linear', values, options)).toEqual({ type: 'value', min, max, ticks })
  })

  test('linear without zero', () => {
    expect(scaleOf('linear', [100, 104], { labels: 5, fromZero: false })).toMatchObject({ min: 100, max: 104 })
  })

  test.each([
    [[3, 40], 6, 2, 50, [2, 5, 10, 20, 50]],
    [[0.04, 210], 6, 0.02, 500, [0.1, 1, 10, 100]],
    [[0.04, 210], 3, 0.02, 500, [1, 100]],
    [[1, 1], 6, 1, 2, [1, 2]],
    [[0, -1], 6, 1, 10, [1, 2, 5, 10]],
    [[0, 5, 60], 6, 5, 100, [5, 10, 20, 50, 100]],
  ])('log over %j with %i labels', (values, labels, min, max, ticks) => {
    expect(scaleOf('log', values, { labels, fromZero: true })).toEqual({ type: 'log', min, max, ticks })
  })

  test('a log axis has zero and less at its lower edge', () => {
    const scale = scaleOf('log', [1, 100], options)
    expect([0, -3, 10].map((value) => onScale(value, scale))).toEqual([1, 1, 10])
  })

  test('labels', () => {
    expect([0, 0.1, 1000, 2_500_000, 0.00001].map(tickLabel)).toEqual(['0', '0.1', '1,000', '2.5M', '1e-5'])
  })
})

test('names keep the order of the series that have them, whichever series lacks some', () => {
  expect(merged([['50'], ['10', '50', '200'], ['0', '10'], ['300'], ['50', '100']])).toEqual([
    '0',
    '10',
    '50',
    '100',
    '200',
    '300',
  ])
  expect(merged([])).toEqual([])
})

test('text is broken at spaces, and inside of words that are too long', () => {
  expect(wrap('answers after 100 kB', textWidth('answers after'))).toEqual(['answers after', '100 kB'])
  const lines = wrap('x'.repeat(50), 100)
  expect(lines.join('')).toBe('x'.repeat(50))
  for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(100)
  expect(wrap('', 10)).toEqual([''])
})

type Triple = readonly [number, number, number]
type Matrix = readonly [Triple, Triple, Triple]

/** Linear sRGB as it is seen by those without one kind of cones (Machado, Oliveira and Fernandes, 2009, severity 1). */
const eyes: Readonly<Record<string, Matrix>> = {
  all: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
}

function linear(hex: string): Triple {
  const part = (at: number): number => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  return [part(1), part(3), part(5)]
}

function contrast(a: Triple, b: Triple): number {
  const lights = [a, b].map(([red, green, blue]) => 0.2126 * red + 0.7152 * green + 0.0722 * blue)
  return (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05)
}

function multiplied(matrix: Matrix, colour: Triple): Triple {
  const row = (index: 0 | 1 | 2): number => {
    const sum = matrix[index].reduce((total, factor, place) => total + factor * (colour[place] ?? 0), 0)
    return Math.min(1, Math.max(0, sum))
  }
  return [row(0), row(1), row(2)]
}

/** Björn Ottosson's OKLab, in which distances are about as they are seen. */
function oklab([red, green, blue]: Triple): Triple {
  const long = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
  const medium = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
  const short = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
  return [
    0.2104542553 * long + 0.793617785 * medium - 0.0040720468 * short,
    1.9779984951 * long - 2.428592205 * medium + 0.4505937099 * short,
    0.0259040371 * long + 0.7827717662 * medium - 0.808675766 * short,
  ]
}

function distance(a: Triple, b: Triple): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])
}
