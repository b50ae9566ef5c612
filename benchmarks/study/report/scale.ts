/** Axes of numbers: how far they reach, and where their ticks are. ECharts' own ticks do not know a width of 340 px. */

export interface Scale {
  readonly type: 'value' | 'log'
  readonly min: number
  readonly max: number
  readonly ticks: readonly number[]
}

export interface ScaleOptions {
  /** How many labels fit. */
  readonly labels: number
  /** Whether a linear axis begins at zero: bars and most lines. */
  readonly fromZero: boolean
}

export function scaleOf(kind: 'linear' | 'log', values: readonly number[], options: ScaleOptions): Scale {
  return kind === 'log' ? logScale(values, options) : linearScale(values, options)
}

/** Where a value is drawn: a log axis has no place for zero, which goes to its lower edge. */
export function onScale(value: number, { type, min, max }: Scale): number {
  return type === 'log' ? Math.min(max, Math.max(min, value)) : value
}

function linearScale(values: readonly number[], { labels, fromZero }: ScaleOptions): Scale {
  const lowest = Math.min(...values, ...(fromZero ? [0] : []))
  const highest = Math.max(...values, ...(fromZero ? [0] : []))
  const span = highest - lowest || Math.abs(highest) || 1
  const step = niceStep(span / Math.max(1, labels - 1))
  const first = Math.floor(lowest / step + 1e-9)
  const last = Math.max(first + 1, Math.ceil(highest / step - 1e-9))
  const ticks = Array.from({ length: last - first + 1 }, (_tick, index) => exact((first + index) * step))
  return { type: 'value', min: exact(first * step), max: exact(last * step), ticks }
}

function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  const factor = [1, 2, 5].find((one) => one * power >= least * (1 - 1e-9)) ?? 10
  return factor * power
}

/** From close to close ticks: 1, 2, 5 and 10 to the nth, every nth decade. */
const steps: readonly { readonly factors: readonly number[]; readonly decades: number }[] = [
  { factors: [1, 2, 5], decades: 1 },
  { factors: [1, 3], decades: 1 },
  ...[1, 2, 3, 5, 10, 20, 50, 100].map((decades) => ({ factors: [1], decades })),
]

function logScale(values: readonly number[], { labels }: ScaleOptions): Scale {
  const positive = values.filter((value) => value > 0)
  const lowest = positive.length === 0 ? 1 : Math.min(...positive)
  const highest = positive.length === 0 ? 10 : Math.max(...positive)
  const edges = logTicks(lowest / 10, highest * 10, { factors: [1, 2, 5], decades: 1 })
  const min = edges.findLast((edge) => edge <= lowest) ?? lowest
  const max = edges.find((edge) => edge >= highest && edge > min) ?? highest
  const candidates = steps.map((step) => logTicks(min, max, step))
  const ticks = candidates.find(({ length }) => length <= labels && length >= 2) ?? [min, max]
  return { type: 'log', min, max, ticks }
}

function logTicks(min: number, max: number, { factors, decades }: (typeof steps)[number]): readonly number[] {
  const ticks: number[] = []
  const first = Math.floor(Math.log10(min) / decades) * decades
  for (let power = first; 10 ** power <= max; power += decades) {
    ticks.push(...factors.map((factor) => exact(factor * 10 ** power)))
  }
  return ticks.filter((tick) => tick >= exact(min) && tick <= exact(max))
}

/** 0.30000000000000004 is 0.3. */
function exact(value: number): number {
  return Number(value.toPrecision(12))
}

export function tickLabel(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-4) return value.toExponential()
  const compact = Math.abs(value) >= 1e6
  return value.toLocaleString('en-US', { maximumSignificantDigits: 6, notation: compact ? 'compact' : 'standard' })
}
