/** What is made of several visits to a block: one cell, and an interval that another run's median is found in. */
import { expect, test } from 'vitest'
import type { Cell, Distribution, Measure } from '../../../benchmarks/study/cell.js'
import {
  amount,
  differences,
  distribution,
  least,
  present,
  share,
  valuesOf,
} from '../../../benchmarks/study/measures.js'
import { combineVisits } from '../../../benchmarks/study/visits.js'
import { seededRandom } from '../../../benchmarks/support/random.js'

const random = seededRandom(11)
const ms = { unit: 'ms', better: 'lower' } as const
const alikeOver = (): readonly string[] => ['peer']

function cell(visit: number, measures: Readonly<Record<string, Measure | undefined>>, peer = 'answers'): Cell {
  return { question: 'latency', parameters: { rtt: 0, peer, side: 'end()' }, measures: present(measures), visit }
}

function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Samples of one visit: the machine is faster or slower in all of it. */
function drifting(middle: number, drift: number): Distribution | undefined {
  const own = middle + drift * normal()
  return distribution(
    Array.from({ length: 50 }, () => Math.max(0, own + 0.1 * normal())),
    ms,
    random,
  )
}

/** A run of so many cells that are alike, each visited four times. */
function run(cells: number, drift: number): readonly Cell[] {
  const all = Array.from({ length: cells }, (_value, peer) =>
    [0, 1, 2, 3].map((visit) => cell(visit, { done: drifting(10 + peer, drift) }, `peer ${peer}`)),
  )
  return combineVisits(all.flat(), alikeOver)
}

function doneOf({ measures: { done } }: Cell): Distribution {
  if (done?.kind !== 'distribution') throw new Error('Expected a distribution')
  return done
}

test.each([0, 0.05, 1])('the median of another run lies within the interval, with a drift of %d ms', (drift) => {
  let within = 0
  let compared = 0
  for (let pair = 0; pair < 10; pair += 1) {
    const [first, second] = [run(6, drift), run(6, drift)]
    for (const [index, before] of first.entries()) {
      const after = second[index]
      const { interval } = doneOf(before)
      if (after === undefined || interval === undefined) throw new Error('Expected an interval')
      const sorted = valuesOf(doneOf(after)).toSorted((a, b) => a - b)
      const median = ((sorted[99] ?? NaN) + (sorted[100] ?? NaN)) / 2
      compared += 1
      if (median >= interval.low && median <= interval.high) within += 1
    }
  }
  // 95 % of 60, and what chance takes from it in one of a thousand cases.
  expect(within / compared).toBeGreaterThan(0.84)
})

test('an interval of independent samples alone would miss the other run', () => {
  const [measure] = run(1, 1)
  const alone = distribution(valuesOf(doneOf(measure ?? cell(0, {}))), ms, random)
  const width = ({ interval = { low: NaN, high: NaN } }: Distribution): number => interval.high - interval.low
  if (measure === undefined || alone === undefined) throw new Error('Expected measures')
  expect(width(doneOf(measure))).toBeGreaterThan(2 * width(alone))
})

test('all values of all visits are kept, and the median of each', () => {
  const [one] = combineVisits(
    [0, 1, 2, 3].map((visit) => cell(visit, { done: distribution([visit + 1, visit + 1.2, visit + 1.4], ms, random) })),
    alikeOver,
  )
  const done = doneOf(one ?? cell(0, {}))
  expect(done).toMatchObject({ count: 12, min: 1, max: 4.4 })
  expect(done.visits?.map((median) => median.toFixed(1))).toEqual(['1.2', '2.2', '3.2', '4.2'])
  expect(valuesOf(done)).toHaveLength(12)
  // From 1.2 to 4.2 ms: there is an interval, and no figure.
  expect(done.interval).toBeDefined()
  expect(done).not.toHaveProperty('median')
})

test('two visits of one cell alone tell too little for an interval; cells that are alike help', () => {
  const two = (peer: string): Cell[] =>
    [0, 1].map((visit) => cell(visit, { above: differences([visit / 100, -0.01, 0.02], ms, random) }, peer))
  expect(combineVisits(two('a'), alikeOver)[0]?.measures['above']).not.toHaveProperty('interval')
  const three = combineVisits([...two('a'), ...two('b'), ...two('c')], alikeOver)
  expect(three).toHaveLength(3)
  for (const { measures } of three) expect(measures['above']).toHaveProperty('interval')
  // Cells that differ in another parameter are no help.
  expect(combineVisits([...two('a'), ...two('b'), ...two('c')], () => [])[0]?.measures['above']).not.toHaveProperty(
    'interval',
  )
})

test('shares are summed, amounts are the mean or the least, what is absent stays so', () => {
  const part = (visit: number, hits: number, value: number): Cell => ({
    ...cell(visit, {
      lost: share(hits, 50, 'lower'),
      rss: amount(value, 'bytes', 'lower'),
      leastUp: least(value, 'ms'),
    }),
    absent: { known: 'nothing is sent', rss: 'only now and then' },
  })
  expect(combineVisits([part(0, 1, 30), part(1, 4, 10)], alikeOver)).toEqual([
    {
      question: 'latency',
      parameters: { rtt: 0, peer: 'answers', side: 'end()' },
      measures: {
        lost: share(5, 100, 'lower'),
        rss: amount(20, 'bytes', 'lower'),
        leastUp: least(10, 'ms'),
      },
      absent: { known: 'nothing is sent' },
    },
  ])
})

test('a cell that is whole, and the first visit of one that is not, stay as they are', () => {
  const { visit, ...whole } = cell(0, { done: drifting(5, 0) })
  expect(visit).toBe(0)
  expect(combineVisits([whole], alikeOver)).toEqual([whole])
  const [combined] = combineVisits([cell(0, { done: drifting(5, 0) })], alikeOver)
  expect(combined).not.toHaveProperty('visit')
  expect(doneOf(combined ?? whole).median).toBeCloseTo(5, 0)
})
