// What a round finds: each way in which a program can be unlike stock Node, or close unlike what is expected.
import { describe, expect, test } from 'vitest'
import type { Driver, WayName } from './driver.js'
import { type Closing, type Expectation, isExpected, recordOf } from './record.js'
import { differencesOf, type Runs } from './round.js'
import type { Ended } from './run-program.js'

const clean: Closing = {
  ...{ side: 'client', mode: 'bidirectional', verdict: 'clean' },
  received: { kind: 'close_notify' },
}
const aborted: Closing = { ...clean, mode: 'uncontrolled', verdict: 'aborted', received: { kind: 'nothing' } }
const lineOfClean = 'client, bidirectional, clean, close_notify came'
const lineOfAborted = 'client, uncontrolled, aborted, no close_notify came'

describe('a record', () => {
  test('has a line for all connections that closed alike', () => {
    expect(recordOf([clean, aborted, clean])).toEqual([`2 ${lineOfClean}`, `1 ${lineOfAborted}`])
  })

  test.each<readonly [string, readonly Closing[], readonly Expectation[], boolean]>([
    ['nothing, and nothing expected', [], [], true],
    [
      'as many of each',
      [clean, aborted, clean],
      [
        [1, lineOfAborted],
        [2, lineOfClean],
      ],
      true,
    ],
    ['one too few', [clean], [[2, lineOfClean]], false],
    ['one too many', [clean, clean], [[1, lineOfClean]], false],
    ['another one', [aborted], [[1, lineOfClean]], false],
    // The first place that takes it is not the one that it has to have.
    [
      'either of two ways',
      [clean, aborted],
      [
        [1, lineOfClean, lineOfAborted],
        [1, lineOfClean],
      ],
      true,
    ],
    [
      'either of two ways, both times',
      [aborted, aborted],
      [
        [1, lineOfClean, lineOfAborted],
        [1, lineOfClean],
      ],
      false,
    ],
  ])('%s', (_name, closings, expected, is) => {
    expect(isExpected(closings, expected)).toBe(is)
  })
})

describe('a program', () => {
  const driver: Driver = {
    ...{ name: 'a driver', packages: [], reach: '', lookOut: '' },
    fails: { refused: 'ECODE' },
    expected: {
      bidirectional: [[1, lineOfClean]],
      strict: [[1, lineOfClean]],
      documented: { bidirectional: [[1, lineOfClean]], strict: [[1, lineOfAborted]] },
      strictly: { cut: { error: 'ERR_TLS_TRUNCATED' } },
    },
  }
  const steps = [
    { step: 'cut', got: 'half' },
    { step: 'refused', got: { error: 'ECODE' } },
  ]
  const strictSteps = [{ step: 'cut', got: { error: 'ERR_TLS_TRUNCATED' } }, ...steps.slice(1)]
  const ended: Ended = { exitCode: 0, steps, stderr: '', closings: [clean] }
  const good: Runs = {
    stock: { ...ended, closings: [] },
    register: ended,
    documented: ended,
    'register, strict': { ...ended, steps: strictSteps },
    'documented, strict': { ...ended, steps: strictSteps, closings: [aborted] },
  }
  const changed = (way: WayName, change: Partial<Ended>): Runs => ({ ...good, [way]: { ...good[way], ...change } })

  test('that is as it should be has no differences', () => {
    expect(differencesOf(driver, good)).toEqual([])
  })

  test.each<readonly [string, Runs, RegExp]>([
    ['another exit code', changed('register', { exitCode: 1 }), /^register: exit code 1$/],
    ['a signal', changed('documented', { exitCode: null }), /^documented: exit code of a signal$/],
    ['a warning', changed('register', { stderr: 'a warning' }), /^register: said on standard error: a warning$/],
    ['a step less', changed('register', { steps: steps.slice(0, 1) }), /^register: 1 steps of 2$/],
    ['a step more', changed('register', { steps: [...steps, ...steps] }), /^register: 4 steps of 2$/],
    ['another result', changed('documented', { steps: strictSteps }), /^documented: cut gave .*TRUNCATED.*"half"$/],
    ['no error where one is meant', changed('register, strict', { steps }), /^register, strict: cut gave "half"/],
    [
      'another record',
      changed('register', { closings: [aborted] }),
      /^register: record 1 .*aborted.*, expected 1 .*clean/,
    ],
    ['no record', changed('register', { closings: [] }), /^register: record empty, expected 1 /],
    [
      'the record of the other way',
      changed('documented, strict', { closings: [clean] }),
      /^documented, strict: record 1 .*clean.*, expected 1 .*aborted/,
    ],
    ['an exit code of stock Node', changed('stock', { exitCode: 1 }), /^stock: exit code 1$/],
    ['a warning of stock Node', changed('stock', { stderr: 'a warning' }), /^stock: said on standard error/],
  ])('%s', (_name, runs, expected) => {
    expect(differencesOf(driver, runs).some((difference) => expected.test(difference))).toBe(true)
  })

  test('may use what newer Nodes deprecate, in every way', () => {
    const stderr =
      '(node) [DEP0060] DeprecationWarning: The API is deprecated.\n(Use `node --trace-deprecation ...` to see)\n'
    const all = Object.fromEntries(Object.entries(good).map(([way, run]) => [way, { ...run, stderr }]))
    expect(differencesOf(driver, { ...good, ...all })).toEqual([])
    expect(differencesOf(driver, changed('stock', { stderr }))).toHaveLength(4)
  })

  test('that fails in stock Node where it should not', () => {
    const failing = [{ step: 'cut', got: { error: 'ECONNREFUSED' } }, ...steps.slice(1)]
    const [first] = differencesOf(driver, { ...good, stock: { ...good.stock, steps: failing } })
    expect(first).toMatch(/^stock: failed are .*ECONNREFUSED/)
  })
})
