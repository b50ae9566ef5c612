/** What has to hold whatever closing costs, so that a wrong instrument cannot pass. */
import { medianInterval } from '../../support/statistics.js'
import type { Interval } from '../../support/statistics.js'
import type { Check } from '../cell.js'
import type { Measured, Sample } from './measure.js'
import type { Side } from './sides.js'

/** What is checked, and of which block. */
export interface Looked extends Measured {
  readonly where: string
  /** Whether the peer answers at all. */
  readonly answered: boolean
}

export function checksOf(looked: Looked): readonly Check[] {
  return [neverFasterThanTheNetwork, allDelivered, seenAsSent, endedAsAsked, yardstick].map((check) => ({
    question: 'latency',
    where: looked.where,
    ...check(looked),
  }))
}

type Finding = Omit<Check, 'question' | 'where'>

/** A close_notify cannot be answered before it has gone there and the answer has come back; nor can data be there at once. */
function neverFasterThanTheNetwork({ samples, delays, answered }: Looked): Finding {
  const way = delays.up + delays.down
  const waiting = answered
    ? valuesOf(
        samples,
        ({ waits }) => waits,
        ({ done }) => done,
      )
    : []
  const arrivals = valuesOf(
    samples,
    () => true,
    ({ delivered }) => delivered,
  )
  const least = Math.min(...waiting)
  const first = Math.min(...arrivals)
  return {
    name: 'nothing is faster than the network',
    expected: `bidirectional closings of at least ${way.toFixed(3)} ms, data there after at least ${delays.up.toFixed(3)} ms`,
    found: `${ms(least)} and ${ms(first)}`,
    // NaN, where the network has recorded nothing, passes no comparison.
    passed: (waiting.length === 0 || least >= way) && first >= delays.up,
  }
}

function allDelivered({ samples }: Looked): Finding {
  const losing: string[] = []
  for (const [{ name, delivers }, all] of samples) {
    const lost = all.filter(({ delivered }) => delivered === undefined).length
    if (delivers && lost > 0) losing.push(`${lost} of ${all.length} by ${name}`)
  }
  return {
    name: 'all that was written has arrived',
    expected: 'all bytes of each closing that claims no loss',
    found: losing.length === 0 ? 'all' : `not so: ${losing.join(', ')}`,
    passed: losing.length === 0,
  }
}

function seenAsSent({ samples }: Looked): Finding {
  const wrong: string[] = []
  for (const [{ name, sends, delivers }, all] of samples) {
    const others = all.filter(({ seen }) => (sends === 'close_notify') !== (seen === 'close_notify'))
    if (delivers && others.length > 0) wrong.push(`${others.length} of ${all.length} by ${name}`)
  }
  return {
    name: 'the peer has seen what was sent',
    expected: 'close_notify from each closing that sends it, and from no other',
    found: wrong.length === 0 ? 'so it was' : `otherwise: ${wrong.join(', ')}`,
    passed: wrong.length === 0,
  }
}

function endedAsAsked({ samples, answered }: Looked): Finding {
  const wrong: string[] = []
  for (const [side, all] of samples) {
    const expected = expectedResults(side, answered)
    const others = all.filter(({ result }) => !expected.includes(result))
    if (others.length > 0) wrong.push(`${others.length} of ${all.length} by ${side.name}: ${others[0]?.result ?? ''}`)
  }
  return {
    name: 'each closing ended as it was asked to',
    expected: 'the result of its mode and its peer',
    found: wrong.length === 0 ? 'so it did' : wrong.join(', '),
    passed: wrong.length === 0,
  }
}

/** The words of our reports, which the C and the Python program use as well. */
function expectedResults({ way, waits, closer }: Side, answered: boolean): readonly string[] {
  if (way === 'end') return ['ended']
  // unwrap() does not get past data that comes before the peer's close_notify.
  if (closer === 'python' && answered) return ['clean', 'failed-on-data']
  if (way === 'destroy') return ['destroyed']
  if (waits) return [answered ? 'clean' : 'timed-out']
  if (way.endsWith('quiet')) return ['quiet']
  // The peer's close_notify may be there before a unidirectional closing is over.
  return ['half-closed', 'clean']
}

/** The C program is the yardstick: where it is slower than JavaScript beyond noise, something is wrong with it. */
function yardstick({ samples }: Looked): Finding {
  const [c, ours] = ['C, bidirectional', 'bidirectional'].map((name) => {
    const done = valuesOf(
      samples,
      (side) => side.name === name,
      (sample) => sample.done,
    )
    return medianInterval(done.toSorted((a, b) => a - b))
  })
  return {
    name: 'the C program is not slower',
    expected: `the median of a bidirectional closing in C within 1.1 times ours, ${range(ours)}, and 0.1 ms`,
    found: range(c),
    // Of fewer than six closings there are no intervals, and nothing to find.
    passed: c === undefined || ours === undefined || c.low <= 1.1 * ours.high + 0.1,
  }
}

function range(interval: Interval | undefined): string {
  return interval === undefined ? 'unknown' : `${ms(interval.low)} to ${ms(interval.high)}`
}

function valuesOf(
  samples: Looked['samples'],
  wanted: (side: Side) => boolean,
  value: (sample: Sample) => number | undefined,
): readonly number[] {
  return [...samples].flatMap(([side, all]) => (wanted(side) ? all.flatMap((sample) => value(sample) ?? []) : []))
}

function ms(value: number): string {
  return `${value.toFixed(3)} ms`
}
