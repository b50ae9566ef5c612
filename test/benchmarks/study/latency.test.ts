/** The checks of the question of latency fail on instruments that are broken; that they pass is shown by study.test.ts. */
import { expect, test } from 'vitest'
import { checksOf, type Looked } from '../../../benchmarks/study/latency/checks.js'
import type { Sample } from '../../../benchmarks/study/latency/measure.js'
import { latency } from '../../../benchmarks/study/latency/index.js'
import { type Side, sides } from '../../../benchmarks/study/latency/sides.js'

/** What a right instrument would have seen through a network of 10 ms. */
function looked(change: (side: Side, sample: Sample) => Sample = (_side, sample) => sample): Looked {
  const samples = new Map(
    sides.map((side) => {
      const sample: Sample = {
        delivered: 5.1,
        ...(side.sends === 'close_notify' && { known: 5.2 }),
        done: side.waits ? 10.4 : 0.2,
        closed: 10.5,
        result: resultOf(side),
        seen: side.sends === 'close_notify' ? 'close_notify' : 'fin',
      }
      return [side, Array.from({ length: 8 }, () => change(side, sample))]
    }),
  )
  return { samples, delays: { up: 5, down: 5 }, where: 'rtt=10', answered: true }
}

function resultOf({ way, waits, sends }: Side): string {
  if (way === 'end') return 'ended'
  if (way === 'destroy') return 'destroyed'
  if (waits) return 'clean'
  return sends === 'nothing' ? 'quiet' : 'half-closed'
}

function failed(broken: Looked): readonly string[] {
  return checksOf(broken).flatMap(({ passed, name }) => (passed ? [] : [name]))
}

test('right instruments pass', () => {
  expect(checksOf(looked()).map(({ passed }) => passed)).toEqual([true, true, true, true, true])
})

test.each<[string, string, Looked]>([
  [
    'a closing that waits for nothing but says so',
    'nothing is faster than the network',
    looked((side, sample) => (side.name === 'bidirectional' ? { ...sample, done: 9.9 } : sample)),
  ],
  [
    'a clock that runs behind',
    'nothing is faster than the network',
    looked((side, sample) => (side.way === 'end' ? { ...sample, delivered: 4.9 } : sample)),
  ],
  [
    'a relay that records nothing',
    'nothing is faster than the network',
    { ...looked(), delays: { up: NaN, down: NaN } },
  ],
  [
    'lost data',
    'all that was written has arrived',
    looked((side, { delivered, ...sample }) => (side.way === 'quiet' ? sample : { ...sample, ...defined(delivered) })),
  ],
  [
    'a quiet closing that sends an alert',
    'the peer has seen what was sent',
    looked((side, sample) => (side.way === 'quiet' ? { ...sample, seen: 'close_notify' } : sample)),
  ],
  [
    'an alert that does not arrive',
    'the peer has seen what was sent',
    looked((side, sample) => (side.way === 'unidirectional' ? { ...sample, seen: 'fin' } : sample)),
  ],
  [
    'a peer that does not answer',
    'each closing ended as it was asked to',
    looked((side, sample) => (side.name === 'bidirectional' ? { ...sample, result: 'timed-out' } : sample)),
  ],
  [
    'a slow yardstick',
    'the C program is not slower',
    looked((side, sample) => (side.name === 'C, bidirectional' ? { ...sample, done: 12 } : sample)),
  ],
])('%s fails the check "%s"', (_what, name, broken) => {
  expect(failed(broken)).toEqual([name])
})

test('of what destroy() loses no check complains', () => {
  expect(
    failed(looked((side, { delivered, ...sample }) => (side.delivers ? { ...sample, ...defined(delivered) } : sample))),
  ).toEqual([])
})

test('without cells there is an answer too', () => {
  expect(latency.presentation.answer([])).toBe('Not enough was measured to answer.')
  expect(latency.presentation.charts([])).toEqual([])
  expect(latency.presentation.table([]).rows).toEqual([])
})

function defined(delivered: number | undefined): Partial<Sample> {
  return delivered === undefined ? {} : { delivered }
}
