import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../benchmarks/support/random.js'
import { medianInterval, summarize } from '../../../benchmarks/support/statistics.js'

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

describe('summarize', () => {
  test('does not need sorted values, and leaves them as they are', () => {
    const values = [3, 1, 2, 10]
    expect(summarize(values)).toEqual({ count: 4, median: 2.5, p99: 10, min: 1, max: 10 })
    expect(values).toEqual([3, 1, 2, 10])
  })

  test('sorts numbers as numbers', () => {
    expect(summarize([9, 10, 100])).toMatchObject({ median: 10, min: 9, max: 100 })
  })

  test('takes p99 by nearest rank', () => {
    expect(summarize(upTo(99))?.p99).toBe(99)
    expect(summarize(upTo(100))?.p99).toBe(99)
    expect(summarize(upTo(1000).toReversed())?.p99).toBe(990)
  })

  test('has nothing to say of no values', () => {
    expect(summarize([])).toBeUndefined()
  })
})

describe('medianInterval', () => {
  // Ranks from tables of the sign test.
  test.each([
    [6, 1, 6],
    [8, 1, 8],
    [9, 2, 8],
    [10, 2, 9],
    [20, 6, 15],
    [50, 18, 33],
    [100, 40, 61],
  ])('of %i values reaches from the %i. to the %i.', (count, low, high) => {
    expect(medianInterval(upTo(count))).toEqual({ low, high })
  })

  test('does not exist for fewer than six values', () => {
    expect(medianInterval(upTo(5))).toBeUndefined()
    expect(medianInterval([])).toBeUndefined()
  })

  test('agrees with the normal approximation for many values', () => {
    const count = 20_000
    const interval = medianInterval(upTo(count))
    const half = (1.96 * Math.sqrt(count)) / 2
    expect(Math.abs((interval?.low ?? NaN) - (count / 2 - half))).toBeLessThan(2)
    expect(Math.abs((interval?.high ?? NaN) - (count / 2 + half))).toBeLessThan(2)
  })

  test('holds the true median about 95 times in 100, whatever the distribution', () => {
    const random = seededRandom(1)
    const runs = 2000
    let held = 0
    for (let run = 0; run < runs; run += 1) {
      const sample = upTo(41)
        .map(() => -Math.log(1 - random()))
        .toSorted((a, b) => a - b)
      const interval = medianInterval(sample)
      if (interval && interval.low <= Math.LN2 && Math.LN2 <= interval.high) held += 1
    }
    expect(held / runs).toBeGreaterThan(0.94)
    expect(held / runs).toBeLessThan(0.99)
  })
})

describe('seededRandom', () => {
  test('repeats itself for the same seed only', () => {
    const sequence = (seed: number): number[] => upTo(5).map(seededRandom(seed))
    expect(sequence(1)).toEqual(sequence(1))
    expect(sequence(1)).not.toEqual(sequence(2))
  })

  test('is spread evenly over [0, 1)', () => {
    const random = seededRandom(3)
    const counts = new Array<number>(10).fill(0)
    for (let draw = 0; draw < 10_000; draw += 1) {
      const bin = Math.floor(random() * 10)
      counts[bin] = (counts[bin] ?? NaN) + 1
    }
    expect(counts).toHaveLength(10)
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })
})
