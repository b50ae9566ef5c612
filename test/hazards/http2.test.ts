import { describe, expect, test } from 'vitest'
import { factsOfProgram } from './child.js'

describe('http2, which writes to the TLS handle beneath the stream', () => {
  test.each([
    ['small responses', [10, 1000], 11],
    ['responses under back-pressure', [10, 100_000, 3_000_000, 500_000], 12],
  ])(
    'hundreds of sessions are closed while they write, %s: no abort, and no alert missing',
    async (_what, sizes, seed) => {
      const [fact] = await factsOfProgram('http2-sessions.mjs', [150, sizes.join(','), seed])
      expect(fact).toMatchObject({ sessions: 150, missingAlerts: 0, flushTimeouts: 0, incomplete: 0 })
    },
  )

  test('data that a stream writes while the session is being shut down is sent before the alert', async () => {
    const facts = await factsOfProgram('http2-late-write.mjs')
    expect(facts).toEqual([{ body: 'first second', streamError: null, verdict: 'clean', refused: 'ERR_CLOSURE_OWNED' }])
  })
})
