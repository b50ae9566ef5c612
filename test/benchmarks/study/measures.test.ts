import { expect, test } from 'vitest'
import { differences, distribution, present, share, valuesOf } from '../../../benchmarks/study/measures.js'
import { seededRandom } from '../../../benchmarks/support/random.js'

const kind = { unit: 'ms', better: 'lower' } as const
const random = (): (() => number) => seededRandom(7)
const narrow = Array.from({ length: 201 }, (_value, index) => 10 + index / 100)

test('a distribution has its median, an interval that holds it, and all its values to three digits', () => {
  const measure = distribution(narrow, kind, random())
  expect(measure).toMatchObject({ kind: 'distribution', count: 201, min: 10, max: 12, median: 11 })
  expect(measure?.interval?.low).toBeLessThan(11)
  expect(measure?.interval?.high).toBeGreaterThan(11)
  const values = measure === undefined ? [] : valuesOf(measure)
  expect(values).toHaveLength(201)
  for (const [index, value] of values.entries()) expect(value / (narrow[index] ?? NaN)).toBeCloseTo(1, 2)
})

test('an interval that is too wide stands without a figure', () => {
  const wide = distribution([1, 2, 30, 400, 5000, 60_000, 700_000], kind, random())
  expect(wide).not.toHaveProperty('median')
  expect(wide?.interval).toBeDefined()
  const wanted = { ...kind, precision: { relative: 1e9, absolute: 0 } }
  expect(distribution([1, 2, 30, 400, 5000, 60_000, 700_000], wanted, random())).toHaveProperty('median', 400)
})

test('of fewer than six values there is neither interval nor figure, of none no measure', () => {
  const few = distribution([5, 5, 5, 5, 5], kind, random())
  expect(few).toMatchObject({ count: 5, min: 5, max: 5 })
  expect(few).not.toHaveProperty('median')
  expect(few).not.toHaveProperty('interval')
  expect(distribution([], kind, random())).toBeUndefined()
  expect(share(0, 0, 'lower')).toBeUndefined()
  expect(present({ there: 1, away: undefined })).toEqual({ there: 1 })
})

test('values below zero are differences, and no distribution', () => {
  const values = Array.from({ length: 50 }, (_value, index) => (index - 25) / 1000)
  expect(() => distribution(values, kind, random())).toThrow('use differences()')
  const measure = differences(values, kind, random())
  expect(measure?.values).toEqual(values)
  expect(measure?.median).toBeCloseTo(0, 2)
})
