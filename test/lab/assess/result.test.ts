import { describe, expect, test } from 'vitest'
import { type RunFacts, type RunVerdict, summaryOf, verdictOf } from '../../../lib/lab/assess/result.js'
import { facts, run } from './runs.js'

const cut = { kind: 'cut', at: 500 } as const

describe('the verdict of a run', () => {
  test.each<{ of: Partial<RunFacts>; verdict: RunVerdict }>([
    { of: {}, verdict: 'accepted' },
    { of: { exitCode: 1 }, verdict: 'refused' },
    { of: { exitCode: null, signal: 'SIGSEGV' }, verdict: 'refused' },
    { of: { sent: cut }, verdict: 'truncation accepted' },
    { of: { sent: { kind: 'nothing' } }, verdict: 'truncation accepted' },
    { of: { sent: cut, exitCode: 56 }, verdict: 'truncation refused' },
    { of: { sent: cut, exitCode: null, signal: 'SIGABRT' }, verdict: 'truncation refused' },
    { of: { printed: { bytes: 400, body: 'cut' } }, verdict: 'data lost' },
    { of: { isHung: true, exitCode: null, signal: 'SIGKILL' }, verdict: 'hung' },
    { of: { connections: [] }, verdict: 'not reached' },
  ])('$of: $verdict', ({ of, verdict }) => {
    expect(verdictOf(facts(of), run())).toBe(verdict)
  })

  test('loses no data where the control run printed none either', () => {
    const nothing = { printed: { bytes: 0, body: 'nothing' } } as const
    expect(verdictOf(facts(nothing), run(nothing))).toBe('accepted')
  })
})

describe('the summary', () => {
  test('counts truncations by framing, and closes by their alert', () => {
    const [connection] = run().connections
    if (connection === undefined) throw new Error('Expected a connection')
    const closedBy = (closing: 'fin' | 'open') => [{ ...connection, other: { ...connection.other, closing } }]
    const runs = [
      run(),
      run({ sent: cut, verdict: 'truncation refused', connections: closedBy('fin') }),
      run({ sent: cut, framing: 'close', verdict: 'truncation accepted', connections: closedBy('open') }),
      run({ profile: 'silent', verdict: 'hung' }),
    ]
    expect(summaryOf(run(), runs)).toEqual({
      verdict: 'failed',
      truncations: {
        'content-length': { accepted: 0, of: 1 },
        chunked: { accepted: 0, of: 0 },
        close: { accepted: 1, of: 1 },
      },
      hung: ['silent, content-length'],
      dataLost: [],
      notReached: [],
      closes: { withCloseNotify: 2, without: 1, notAtAll: 1 },
    })
  })

  test('does not pass what reached the control server alone', () => {
    const unreached = run({ profile: 'drops', connections: [], verdict: 'not reached' })
    expect(summaryOf(run(), [run(), unreached])).toMatchObject({
      verdict: 'failed',
      notReached: ['drops, content-length'],
    })
  })

  test('passes what refuses, and says nothing where the control run failed', () => {
    expect(summaryOf(run(), [run({ verdict: 'refused', exitCode: 1 })]).verdict).toBe('passed')
    expect(summaryOf(run({ verdict: 'refused', exitCode: 1 }), [run()]).verdict).toBe('not assessable')
  })
})
