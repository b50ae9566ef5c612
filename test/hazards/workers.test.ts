import { describe, expect, test } from 'vitest'
import { factsOfProgram, runProgram } from './child.js'

const kinds = [
  { kind: 'socket', env: {} },
  { kind: 'TlsStream', env: { CLOSE_NOTIFY_TEST_STREAMS: '1' } },
] as const

describe('a module that only a worker loaded', () => {
  test('stays mapped when the worker ends, so that the main thread can still make TLS sockets', async () => {
    const facts = await factsOfProgram('worker-loads-alone.mjs')
    expect(facts).toEqual([
      { step: 'worker ended', mapped: true },
      { step: 'connection made and closed' },
      { step: 'loaded in the main thread', verdict: 'clean' },
    ])
  })

  test.each(kinds)('can be loaded and left by many workers in turn, each with a $kind', async ({ env }) => {
    const facts = await factsOfProgram('workers-in-turn.mjs', [20], { env })
    expect(facts).toEqual([
      { workers: 20, verdicts: ['clean'] },
      { main: 'clean', live: 0 },
    ])
  })
})

describe.each(kinds)('a worker that ends with the closing of a $kind', ({ env }) => {
  test.each(['handshake', 'drain', 'alert', 'wait', 'after'])(
    'may be terminated in mid-shutdown (%s), and the peer sees TCP end',
    async (step) => {
      const { code, signal, facts, stderr } = await runProgram('worker-terminated.mjs', [step], { env })
      expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
      expect(facts).toEqual([{ step }, { workerCode: 1 }, { tcpEnded: true }, { main: 'clean', live: 0 }])
    },
  )

  test.each(['exits', 'throws', 'runs out of work'])('may end by itself: it %s', async (how) => {
    const { code, signal, facts } = await runProgram('worker-ends-by-itself.mjs', [how], { env })
    expect({ code, signal }).toEqual({ code: 0, signal: null })
    expect(facts).toEqual([
      { how, workerCode: how === 'runs out of work' ? 0 : how === 'exits' ? 7 : 1 },
      { main: 'clean', live: 0 },
    ])
  })
})

test('a worker may be terminated inside a call of the addon, which cannot throw any more then', async () => {
  const { code, signal, facts, stderr } = await runProgram('worker-in-native-calls.mjs', [15])
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  expect(facts).toEqual([
    { terminated: 15, codes: [1] },
    { main: 'clean', live: 0 },
  ])
})
