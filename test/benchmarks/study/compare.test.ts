import { expect, test } from 'vitest'
import type { Cell, Measure } from '../../../benchmarks/study/cell.js'
import { compareResults } from '../../../benchmarks/study/compare.js'
import { renderComparison } from '../../../benchmarks/study/comparison-table.js'
import { differences, distribution, share } from '../../../benchmarks/study/measures.js'
import { newResult, type StudyResult } from '../../../benchmarks/study/result.js'
import { seededRandom } from '../../../benchmarks/support/random.js'

const random = seededRandom(3)
const noisy = (middle: number, count = 200): number[] =>
  Array.from({ length: count }, () => middle * (0.9 + 0.2 * random()))

function result(measures: Readonly<Record<string, Measure | undefined>>): StudyResult {
  const found: Record<string, Measure> = {}
  for (const [name, measure] of Object.entries(measures)) if (measure !== undefined) found[name] = measure
  const cell: Cell = { question: 'latency', parameters: { rtt: 10, side: 'end()' }, measures: found }
  return { ...newResult({ questions: ['latency'], cells: [], scale: 1, seed: 1 }), cells: [cell] }
}

const ms = (values: readonly number[], better: 'lower' | 'higher' | 'neither' = 'lower') =>
  distribution(values, { unit: 'ms', better }, random)

test('what did not move is within, and the old interval holds the new median', () => {
  const [compared] = compareResults(result({ done: ms(noisy(5)) }), result({ done: ms(noisy(5)) }))
  expect(compared).toMatchObject({ cell: 'latency rtt=10 side=end()', measure: 'done', change: 'within' })
  expect(compared?.ratio?.median).toBeCloseTo(1, 1)
})

test.each([
  ['lower', 5, 7, 'worse'],
  ['lower', 7, 5, 'better'],
  ['higher', 5, 7, 'better'],
  ['higher', 7, 5, 'worse'],
  ['neither', 5, 7, 'within'],
] as const)('where %s is better, from %s to %s is %s', (better, old, recent, change) => {
  const [compared] = compareResults(
    result({ done: ms(noisy(old), better) }),
    result({ done: ms(noisy(recent), better) }),
  )
  expect(compared).toMatchObject({ change, reproduced: false })
})

test('shares and differences are compared by their intervals', () => {
  const before = result({ lost: share(2, 200, 'lower'), above: differences(noisy(-1), kind(), random) })
  const after = result({ lost: share(60, 200, 'lower'), above: differences(noisy(1), kind(), random) })
  const compared = compareResults(before, after)
  expect(compared.map(({ measure, change }) => [measure, change])).toEqual([
    ['lost', 'worse'],
    ['above', 'worse'],
  ])
  expect(compared.every(({ ratio }) => ratio === undefined)).toBe(true)
})

test('the table counts what became worse beyond the tolerance', () => {
  const compared = compareResults(result({ done: ms(noisy(5)) }), result({ done: ms(noisy(5.5)) }))
  expect(renderComparison(compared, 0)).toMatchObject({ worse: 1 })
  expect(renderComparison(compared, 0.2)).toMatchObject({ worse: 0 })
  expect(renderComparison(compared, 0).text).toContain('1 figures compared: 1 worse, 0 better')
})

test('two runs that have nothing in common are no comparison', () => {
  const compared = compareResults(result({ done: ms(noisy(5)) }), result({ other: ms(noisy(5)) }))
  expect(() => renderComparison(compared, 0)).toThrow('no figure in common')
})

function kind() {
  return { unit: 'ms', better: 'lower' } as const
}
