// What memories of learned waiting have counted, as both recorders read it when somebody asks. Nothing is counted twice, and a
// closing pays nothing for it.
import { LearnedWaiting } from '../learned/learned-waiting.js'
import { invalid, type OptionRule } from '../options.js'
import type { LearnedMetricName } from './definitions.js'
import type { LabelValues } from './measurements.js'

/** What one metric has with one set of labels, since the memories were made. */
export interface Reading {
  readonly value: number
  readonly labels: LabelValues
}

/** One memory, or several. */
export type Memories = LearnedWaiting | readonly LearnedWaiting[]

/** The option `learned` of both recorders. */
export const learnedRule: OptionRule<Memories | undefined> = {
  check: (name, value) => {
    if (value === undefined || value instanceof LearnedWaiting || areMemories(value)) return value
    throw invalid(name, 'what learnedWaiting() returns, or an array of such', value)
  },
  unit: '',
  default: 'none',
}

/** The readings of a metric, of all memories together. */
export function readingsOf(metric: LearnedMetricName, learned: Memories): readonly Reading[] {
  const memories = learned instanceof LearnedWaiting ? [learned] : learned
  switch (metric) {
    case 'learnedClosings': {
      const [hits, misses] = [total(memories, 'hits'), total(memories, 'misses')]
      const [skipped, tries] = [total(memories, 'skipped'), total(memories, 'tries')]
      return [
        { value: misses, labels: { lookup: 'miss', approach: 'wait' } },
        { value: hits - skipped - tries, labels: { lookup: 'hit', approach: 'wait' } },
        { value: skipped, labels: { lookup: 'hit', approach: 'skip' } },
        { value: tries, labels: { lookup: 'hit', approach: 'try' } },
      ]
    }
    case 'learnedOutcomes':
      return [
        { value: total(memories, 'answered'), labels: { outcome: 'answered' } },
        { value: total(memories, 'answeredLate'), labels: { outcome: 'answered-late' } },
        { value: total(memories, 'unanswered'), labels: { outcome: 'unanswered' } },
        { value: total(memories, 'untold'), labels: { outcome: 'untold' } },
      ]
    case 'learnedEvictions':
      return [{ value: total(memories, 'evicted'), labels: {} }]
    case 'learnedPeers':
      return [{ value: memories.reduce((sum, { size }) => sum + size, 0), labels: {} }]
  }
}

function total(memories: readonly LearnedWaiting[], counter: keyof LearnedWaiting['counters']): number {
  return memories.reduce((sum, { counters }) => sum + counters[counter], 0)
}

function areMemories(value: unknown): value is readonly LearnedWaiting[] {
  return Array.isArray(value) && value.every((each) => each instanceof LearnedWaiting)
}
