import { describe, expect, test } from 'vitest'
import { factsOfProgram, runProgram } from './child.js'

describe('a module that only a worker loaded', () => {
  test('stays mapped when the worker ends, so that the main thread can still make TLS sockets', async () => {
    const facts = await factsOfProgram('worker-loads-alone.mjs')
    expect(facts).toEqual([
      { step: 'worker ended', mapped: true },
      { step: 'connection made and closed' },
      { step: 'loaded in the main thread', verdict: 'clean' },
    ])
  })

  test('can be loaded and left by many workers in turn', async () => {
    const facts = await factsOfProgram('workers-in-turn.mjs', [20])
    expect(facts).toEqual([
      { workers: 20, verdicts: ['clean'] },
      { main: 'clean', live: 0 },
    ])
  })
})

describe('a worker that ends with controlled sockets', () => {
  test.each(['handshake', 'drain', 'alert', 'wait', 'after'])(
    'may be terminated in mid-shutdown (%s), and the peer sees TCP end',
    async (step) => {
      const { code, signal, facts, stderr } = await runProgram('worker-terminated.mjs', [step])
      expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
      expect(facts).toEqual([{ step }, { workerCode: 1 }, { tcpEnded: true }, { main: 'clean', live: 0 }])
    },
  )

  test('may be terminated inside a call of the addon, which cannot throw any more then', async () => {
    const { code, signal, facts, stderr } = await runProgram('worker-in-native-calls.mjs', [15])
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    expect(facts).toEqual([
      { terminated: 15, codes: [1] },
      { main: 'clean', live: 0 },
    ])
  })

  test.each(['exits', 'throws', 'runs out of work'])('may end by itself: it %s', async (how) => {
    const { code, signal, facts } = await runProgram('worker-ends-by-itself.mjs', [how])
    expect({ code, signal }).toEqual({ code: 0, signal: null })
    expect(facts).toEqual([
      { how, workerCode: how === 'runs out of work' ? 0 : how === 'exits' ? 7 : 1 },
      { main: 'clean', live: 0 },
    ])
  })
})
