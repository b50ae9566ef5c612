/** The checks of the question of latency fail on instruments that are broken; that they pass is shown by study.test.ts. */
import { expect, test } from 'vitest'
import { checksOf, type Looked } from '../../../benchmarks/study/latency/checks.js'
import type { Sample } from '../../../benchmarks/study/latency/measure.js'
import { latency } from '../../../benchmarks/study/latency/index.js'
import { type Side, sides } from '../../../benchmarks/study/latency/sides.js'
import type { Cell } from '../../../benchmarks/study/cell.js'
import { differences, distribution, present } from '../../../benchmarks/study/measures.js'
import type { Table } from '../../../benchmarks/study/question.js'
import { seededRandom } from '../../../benchmarks/support/random.js'

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
    'a stream that waits for nothing but says so',
    'nothing is faster than the network',
    looked((side, sample) => (side.name === 'TlsStream, bidirectional' ? { ...sample, done: 9.9 } : sample)),
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
    'a stream that closes in another way',
    'each closing ended as it was asked to',
    looked((side, sample) => (side.name === 'TlsStream, quiet' ? { ...sample, result: 'half-closed' } : sample)),
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

test('streams are shown where they were measured, and not named where they were not', () => {
  const cells = sides.map(({ name }) => cellOf(name))
  const before = cells.filter(({ parameters }) => !String(parameters['side']).startsWith('TlsStream'))
  const shown = latency.presentation
  expect(shown.answer(cells)).toContain('On a TlsStream a bidirectional one takes 400')
  expect(shown.answer(before)).not.toContain('TlsStream')
  const rows = ({ rows }: Table) => rows.flatMap(([, , side = '']) => (side.startsWith('TlsStream') ? [side] : []))
  const streams = ['TlsStream, quiet', 'TlsStream, unidirectional', 'TlsStream, bidirectional']
  expect(rows(shown.table(cells))).toEqual(streams)
  expect(rows(shown.table(before))).toEqual([])
  for (const { series } of shown.charts(cells)) {
    expect(series.map(({ name }) => name)).toContain('TlsStream, bidirectional')
    // There are eight colours.
    expect(series.filter(({ role }) => role === 'measured').length).toBeLessThanOrEqual(8)
  }
})

/** At an RTT of 50 ms, TLS 1.3, and of a peer that answers. */
function cellOf(side: string): Cell {
  const random = seededRandom(1)
  const times = [50.4, 50.4, 50.4, 50.4, 50.4, 50.4]
  const time = distribution(times, { unit: 'ms', better: 'lower' }, random)
  const aboveEcho = differences([0.4, 0.4, 0.4, 0.4, 0.4, 0.4], { unit: 'ms', better: 'lower' }, random)
  const parameters = { network: 'relay', rtt: 50, protocol: 'TLSv1.3', peer: 'answers', side }
  return { question: 'latency', parameters, measures: present({ done: time, closed: time, aboveEcho }) }
}

function defined(delivered: number | undefined): Partial<Sample> {
  return delivered === undefined ? {} : { delivered }
}
