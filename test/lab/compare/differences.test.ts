import { describe, expect, test } from 'vitest'
import type { ScenarioResult } from '../../../lib/lab/compare/comparison.js'
import { differencesOf, rowsOf } from '../../../lib/lab/compare/differences.js'
import type { Observation } from '../../../lib/lab/scenarios/types.js'
import { ran, readEof, readEofOf111, shutdown } from './comparison.js'

/** Builds a, b, c, …, on each of which one step gave this. */
function each(...observations: readonly Observation[]): Readonly<Record<string, ScenarioResult>> {
  return Object.fromEntries(observations.map((one, index) => [String.fromCodePoint(97 + index), ran(one)]))
}

describe('the differences', () => {
  test('is nothing where all builds gave the same', () => {
    expect(differencesOf(each(readEof, readEof, readEof))).toEqual([])
  })

  test('is what fewer builds gave than the usual', () => {
    expect(differencesOf(each(readEofOf111, readEof, readEof))).toEqual([
      {
        step: 'client SSL_read',
        usual: '-1 SSL_ERROR_SSL "unexpected eof while reading" [SENT]',
        otherwise: { a: '0 SSL_ERROR_SYSCALL [SENT]' },
      },
    ])
  })

  test('is what the later builds gave where two ways are equally common', () => {
    const [difference] = differencesOf(each(readEof, readEofOf111, readEofOf111, readEof))
    expect(Object.keys(difference?.otherwise ?? {})).toEqual(['b', 'c'])
  })

  test('is a step that a build did not come to', () => {
    const results = { a: ran(shutdown, readEof), b: ran(shutdown, readEof), c: ran(shutdown) }
    expect(differencesOf(results)).toEqual([
      expect.objectContaining({ step: 'client SSL_read', otherwise: { c: null } }),
    ])
  })

  test.each([
    ['a note for people', { ...readEof, note: 'after 3 records' }],
    ['the spelling of a reason', { ...readEof, reasons: ['UNEXPECTED_EOF_WHILE_READING'] }],
  ])('is not %s', (_what, observation) => {
    expect(differencesOf(each(readEof, observation))).toEqual([])
  })

  test.each([
    ['value', { ...readEof, value: 0 }],
    ['error', { ...readEof, error: 'SSL_ERROR_SYSCALL' }],
    ['reason', { ...readEof, reasons: ['protocol is shutdown'] }],
    ['flags', { ...readEof, flags: 'none' } satisfies Observation],
    ['alerts', { ...readEof, alerts: ['received warning close_notify'] }],
    ['wire', { ...readEof, wire: ['alert warning close_notify'] }],
    ['data', { ...readEof, data: 'late' }],
    ['number of new sessions', { ...readEof, newSessions: 1 }],
  ])('is the %s', (_what, observation) => {
    expect(differencesOf(each(readEof, observation))).toHaveLength(1)
  })
})

describe('the rows of a table', () => {
  test('are in the order of the steps, also where the first build stopped early', () => {
    const rows = rowsOf({ a: ran(readEof), b: ran(shutdown, readEof) })
    expect(rows.map(({ step }) => step)).toEqual(['client SSL_shutdown', 'client SSL_read'])
  })

  test('have a cell for each build on which the scenario ran, and for no other', () => {
    const lacking = { kind: 'lacking', calls: ['SSL_shutdown_ex'] } as const
    const failed = { kind: 'failed', message: 'as the test wants it' } as const
    const crashed = { kind: 'crashed', crash: { how: 'SIGSEGV', said: '' } } as const
    const [row] = rowsOf({ a: lacking, b: ran(shutdown), c: failed, d: crashed })
    expect([...(row?.cells ?? [])]).toEqual([['b', '0 [SENT]']])
    expect(row?.difference).toBeUndefined()
  })
})
