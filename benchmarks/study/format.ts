/** Figures for people, the same in every table and chart: three significant digits, in the unit that fits their size. */
import type { Interval } from '../support/statistics.js'
import type { Measure, Unit } from './cell.js'

/**
 * - `1.23 ms [1.20, 1.27]`: a median and its interval, in one unit and with as many decimals.
 * - `not precise: [0.9, 1.9] ms`: the interval is too wide for a figure.
 * - `not precise: 0.9 to 1.9 ms (4 values)`: there are too few values for an interval.
 * - `12 of 200 (6 %)`.
 */
export function formatMeasure(measure: Measure): string {
  switch (measure.kind) {
    case 'distribution':
    case 'differences':
      return formatSummary(measure)
    case 'share':
      return formatShare(measure.hits, measure.of)
    case 'amount':
      return formatValue(measure.value, measure.unit)
    case 'series':
      return formatSeries(measure)
  }
}

/** `1.23 ms`, `45.0 µs`, `12.3 MB`, `1,234`; three significant digits, whole numbers of bytes and counts whole. */
export function formatValue(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return 'unknown'
  if (unit === 'count' && Number.isInteger(value)) return withThousands(value, 0)
  const { factor, symbol } = sizeOf(value, unit)
  return withSymbol(formatNumber(value / factor), symbol)
}

/** Three significant digits and no unit: `0`, `0.0123`, `12.3`, `12,300`. */
export function formatNumber(value: number): string {
  return withThousands(value, decimalsOf(value))
}

/** `12 of 200 (6 %)`. */
export function formatShare(hits: number, of: number): string {
  return `${withThousands(hits, 0)} of ${withThousands(of, 0)} (${formatPercent(hits / of)})`
}

/** A part of 1: `6 %`, `6.35 %`. */
export function formatPercent(part: number): string {
  return Number.isFinite(part) ? `${withThousands(Number((part * 100).toPrecision(3)))} %` : 'unknown'
}

interface SummaryOfMedian {
  readonly unit: Unit
  readonly count: number
  readonly median?: number
  readonly interval?: Interval
  readonly min: number
  readonly max: number
}

function formatSummary({ unit, count, median, interval, min, max }: SummaryOfMedian): string {
  if (interval === undefined) {
    const values = `${withThousands(count, 0)} value${count === 1 ? '' : 's'}`
    return `not precise: ${formatRange(min, max, unit, ([low, high]) => `${low} to ${high}`)} (${values})`
  }
  const { low, high } = interval
  if (median === undefined) return `not precise: ${formatRange(low, high, unit, inBrackets)}`
  const figure = reference(median, low, high)
  const { factor, symbol } = sizeOf(figure, unit)
  const decimals = decimalsOf(figure / factor)
  const [middle, ...ends] = [median, low, high].map((value) => withThousands(value / factor, decimals))
  return `${withSymbol(middle ?? '', symbol)} ${inBrackets(ends)}`
}

/** To two significant digits: more would belie what the range is given for. */
function formatRange(low: number, high: number, unit: Unit, join: (ends: readonly string[]) => string): string {
  const largest = reference(0, low, high)
  const { factor, symbol } = sizeOf(largest, unit)
  const decimals = decimalsOf(largest / factor, 2)
  return withSymbol(join([low, high].map((value) => withThousands(value / factor, decimals))), symbol)
}

function formatSeries({ unit, points }: { readonly unit: Unit; readonly points: readonly (readonly number[])[] }) {
  const values = points.map(([, value]) => value ?? Number.NaN)
  const [end = 0] = points.at(-1) ?? []
  return points.length === 0
    ? 'no points'
    : `${formatValue(Math.min(...values), unit)} to ${formatValue(Math.max(...values), unit)} in ${formatValue(end, 'ms')}`
}

function inBrackets(ends: readonly string[]): string {
  return `[${ends.join(', ')}]`
}

/** What unit and decimals are chosen by: the figure, or the far end of its interval where the figure is close to zero. */
function reference(figure: number, low: number, high: number): number {
  const largest = Math.max(Math.abs(low), Math.abs(high))
  return Math.abs(figure) * 10 >= largest ? figure : largest
}

interface Size {
  /** From this size on, in the unit of the measure. */
  readonly factor: number
  readonly symbol: string
}

const times: readonly Size[] = [
  { factor: 1e9, symbol: 's' },
  { factor: 1e6, symbol: 'ms' },
  { factor: 1e3, symbol: 'µs' },
  { factor: 1, symbol: 'ns' },
]

/** The largest first. */
const sizes: Readonly<Record<Unit, readonly Size[]>> = {
  ns: times,
  us: inUnitsOf(1e3),
  ms: inUnitsOf(1e6),
  bytes: [
    { factor: 1e9, symbol: 'GB' },
    { factor: 1e6, symbol: 'MB' },
    { factor: 1e3, symbol: 'kB' },
    { factor: 1, symbol: 'B' },
  ],
  count: [{ factor: 1, symbol: '' }],
  'per second': [{ factor: 1, symbol: '/s' }],
  'descriptor seconds': [{ factor: 1, symbol: 'fd-seconds' }],
  ratio: [{ factor: 1, symbol: '' }],
}

function inUnitsOf(nanoseconds: number): readonly Size[] {
  return times.map(({ factor, symbol }) => ({ factor: factor / nanoseconds, symbol }))
}

function sizeOf(value: number, unit: Unit): Size {
  const own: Size = { factor: 1, symbol: '' }
  const known = sizes[unit]
  // Zero is given in the unit that it was measured in.
  if (value === 0) return known.find(({ factor }) => factor === 1) ?? own
  // As it will be printed: 999.6 µs are 1.00 ms.
  const rounded = Math.abs(Number(value.toPrecision(3)))
  return known.find(({ factor }) => rounded >= factor * (1 - Number.EPSILON)) ?? known.at(-1) ?? own
}

function decimalsOf(value: number, digits = 3): number {
  if (value === 0 || !Number.isFinite(value)) return 0
  // Rounded before: 9.996 has the decimals of 10.0.
  const magnitude = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(digits)))))
  return digits - 1 - magnitude
}

/** With `decimals` below zero it is rounded to tens, hundreds and so on; without, it is as exact as it is. */
function withThousands(value: number, decimals?: number): string {
  if (decimals === undefined) return value.toLocaleString('en-US', { maximumFractionDigits: 20 })
  const tens = 10 ** Math.max(0, -decimals)
  const fractionDigits = Math.min(20, Math.max(0, decimals))
  const text = (Math.round(value / tens) * tens).toLocaleString('en-US', { maximumFractionDigits: 0 })
  const shown = decimals <= 0 ? text : value.toLocaleString('en-US', exactly(fractionDigits))
  return shown.replace(/^-(?=[0.]+$)/, '')
}

function exactly(digits: number) {
  return { minimumFractionDigits: digits, maximumFractionDigits: digits } as const
}

function withSymbol(text: string, symbol: string): string {
  return symbol === '' ? text : symbol.startsWith('/') ? text + symbol : `${text} ${symbol}`
}
