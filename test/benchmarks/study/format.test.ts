import { describe, expect, test } from 'vitest'
import type { Measure, Unit } from '../../../benchmarks/study/cell.js'
import {
  formatMeasure,
  formatNumber,
  formatPercent,
  formatShare,
  formatValue,
} from '../../../benchmarks/study/format.js'

const summary = { kind: 'differences', better: 'lower', values: [], count: 200, min: 0, max: 9 } as const

function median(figure: number | undefined, low: number, high: number, unit: Unit = 'ms'): string {
  return formatMeasure({ ...summary, unit, interval: { low, high }, ...(figure !== undefined && { median: figure }) })
}

describe('a median', () => {
  test.each([
    [1.234, 1.2, 1.2749, '1.23 ms [1.20, 1.27]'],
    [50.04, 49.96, 50.2, '50.0 ms [50.0, 50.2]'],
    [0.0452, 0.044, 0.0461, '45.2 µs [44.0, 46.1]'],
    [1234.5, 1200, 1280, '1.23 s [1.20, 1.28]'],
    [0.9996, 0.99, 1.01, '1.00 ms [0.99, 1.01]'],
    [-0.5, -0.6, -0.4, '-500 µs [-600, -400]'],
    [0.001, -0.05, 0.06, '1.0 µs [-50.0, 60.0]'],
    [0, 0, 0, '0 ms [0, 0]'],
    [0, -0.0001, 0.2, '0 µs [0, 200]'],
  ])('%f in [%f, %f]', (figure, low, high, expected) => expect(median(figure, low, high)).toBe(expected))

  test.each([
    [12_345, 12_000, 12_700, 'per second', '12,300/s [12,000, 12,700]'],
    [1.04, 1.01, 1.07, 'ratio', '1.04 [1.01, 1.07]'],
    [420, 400, 440, 'ns', '420 ns [400, 440]'],
    [0.42, 0.4, 0.44, 'us', '420 ns [400, 440]'],
    [12_345, 12_000, 12_700, 'us', '12.3 ms [12.0, 12.7]'],
    [65_536, 65_000, 66_000, 'bytes', '65.5 kB [65.0, 66.0]'],
    [51.2, 50, 52, 'descriptor seconds', '51.2 fd-seconds [50.0, 52.0]'],
  ] as const)('%f in [%f, %f] %s', (figure, low, high, unit, expected) => {
    expect(median(figure, low, high, unit)).toBe(expected)
  })

  test('that is not precise gives its interval, never a figure', () => {
    expect(median(undefined, 0.9, 1.9)).toBe('not precise: [0.9, 1.9] ms')
    expect(median(undefined, -0.02, 0.15)).toBe('not precise: [-20, 150] µs')
  })

  test('of too few values gives what they are between', () => {
    expect(formatMeasure({ ...summary, unit: 'ms', count: 4, min: 0.9, max: 1.9 })).toBe(
      'not precise: 0.9 to 1.9 ms (4 values)',
    )
    expect(formatMeasure({ ...summary, unit: 'ms', count: 1, min: 2, max: 2 })).toBe(
      'not precise: 2.0 to 2.0 ms (1 value)',
    )
  })
})

describe('other measures', () => {
  const interval = { low: 0, high: 1 }
  const none = { better: 'neither' } as const
  const measures: readonly (readonly [Measure, string])[] = [
    [{ kind: 'share', ...none, hits: 12, of: 200, interval }, '12 of 200 (6 %)'],
    [{ kind: 'share', ...none, hits: 0, of: 200, interval }, '0 of 200 (0 %)'],
    [{ kind: 'share', ...none, hits: 1, of: 3, interval }, '1 of 3 (33.3 %)'],
    [{ kind: 'amount', ...none, unit: 'count', value: 1_234_567 }, '1,234,567'],
    [{ kind: 'amount', ...none, unit: 'bytes', value: 0 }, '0 B'],
    [{ kind: 'amount', ...none, unit: 'bytes', value: 512 }, '512 B'],
    [{ kind: 'amount', ...none, unit: 'ms', value: 61_000 }, '61.0 s'],
    [
      {
        kind: 'series',
        unit: 'count',
        points: [
          [0, 3],
          [1500, 100],
        ],
      },
      '3 to 100 in 1.50 s',
    ],
    [{ kind: 'series', unit: 'count', points: [] }, 'no points'],
  ]
  test.each(measures)('%o', (measure, expected) => expect(formatMeasure(measure)).toBe(expected))
})

test('figures alone', () => {
  expect(formatValue(9.996, 'ms')).toBe('10.0 ms')
  expect(formatValue(999.96, 'us')).toBe('1.00 ms')
  expect(formatValue(Number.NaN, 'ms')).toBe('unknown')
  expect([0, 0.01234, 12.34, 12_345, -0.5].map(formatNumber)).toEqual(['0', '0.0123', '12.3', '12,300', '-0.500'])
  expect([0, 0.06, 0.06349, 1].map(formatPercent)).toEqual(['0 %', '6 %', '6.35 %', '100 %'])
  expect(formatPercent(0 / 0)).toBe('unknown')
  expect(formatShare(1500, 2000)).toBe('1,500 of 2,000 (75 %)')
})
