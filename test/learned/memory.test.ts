/** The memory of learned waiting: its bound, its keys, and its way out and in. */
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { ClosureError, learnedWaiting, type Peer } from '../../lib/index.js'
import type { WaitOutcome } from '../../lib/closing/wait-plan.js'

const answered = { kind: 'answered', after: 5 } as const
const unanswered = { kind: 'unanswered', certain: true } as const
const client = (host: string): Peer => ({ side: 'client', host, address: '192.0.2.1', port: 443 })

function teach(learned: ReturnType<typeof learnedWaiting>, peer: Peer, outcome: WaitOutcome, times = 1): void {
  for (let time = 0; time < times; time++) learned.plan(peer, true).over(outcome)
}

describe('the bound', () => {
  test('holds with a million keys, and the peers that were heard of last stay', () => {
    const learned = learnedWaiting({ maxPeers: 1000 })
    const many = 1_000_000
    globalThis.gc?.()
    const before = process.memoryUsage().heapUsed
    for (let index = 0; index < many; index++) {
      teach(learned, client(`h${index}`), answered)
      // One that is heard of now and then is never the oldest.
      if (index % 900 === 0) teach(learned, client('faithful'), answered)
    }
    globalThis.gc?.()
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(4_000_000)
    expect(learned.size).toBe(1000)
    expect(learned.counters.evicted).toBe(many + 1 - 1000)
    expect(learned.expected('faithful:443')).toBeLessThan(learned.longest)
    expect(learned.expected(`h${many - 1}:443`)).toBeLessThan(learned.longest)
    expect(learned.expected('h0:443')).toBe(learned.longest)
  })

  test('a peer that is forgotten while it is waited for is learned anew', () => {
    const learned = learnedWaiting({ maxPeers: 1 })
    teach(learned, client('a'), answered)
    const plan = learned.plan(client('a'), true)
    teach(learned, client('b'), answered)
    plan.over(answered)
    expect(learned.expected('a:443')).toBeLessThan(learned.longest)
    expect(learned.size).toBe(1)
  })
})

describe('keys', () => {
  test.each<[Partial<Peer> & Pick<Peer, 'side'>, string]>([
    [{ side: 'client', host: 'example.com', address: '192.0.2.1', port: 443 }, 'example.com:443'],
    [{ side: 'client', address: '192.0.2.1', port: 443 }, '192.0.2.1:443'],
    [{ side: 'client', host: 'over-a-duplex' }, 'over-a-duplex'],
    [{ side: 'server', address: '192.0.2.7', port: 51234 }, '192.0.2.7'],
    [{ side: 'server', address: '2001:db8:1:2:3:4:5:6', port: 51234 }, '2001:db8:1:2::/64'],
    [{ side: 'server', address: '2001:db8::1', port: 51234 }, '2001:db8:0:0::/64'],
    [{ side: 'server', address: 'fe80::1%eth0', port: 51234 }, 'fe80:0:0:0::/64'],
    [{ side: 'server', address: '::1', port: 51234 }, '0:0:0:0::/64'],
  ])('%j is remembered as %s', (peer, key) => {
    const learned = learnedWaiting()
    teach(learned, { host: undefined, address: undefined, port: undefined, ...peer }, answered)
    expect(learned.exportState().peers.map((each) => each.key)).toEqual([key])
  })

  test('nothing is learned of a peer without one', () => {
    const learned = learnedWaiting()
    const nobody = { side: 'server', host: undefined, address: undefined, port: undefined } as const
    teach(learned, nobody, unanswered, 100)
    expect([learned.size, learned.plan(nobody, true).timeout]).toEqual([0, learned.longest])
    expect(learned.counters.misses).toBe(101)
  })

  test('the program may give them, and one for a single connection', () => {
    const learned = learnedWaiting({ key: ({ host }) => host?.split('.').at(-1) })
    teach(learned, client('a.example'), unanswered, 8)
    expect(learned.expected('example')).toBe(0)
    teach(learned.forPeer('gold'), client('b.example'), answered)
    expect([learned.expected('gold') > 0, learned.size]).toEqual([true, 2])
  })

  test.each<[unknown]>([[''], ['x'.repeat(513)], [7]])('%j is none', (key) => {
    const learned = learnedWaiting()
    const forPeer = (given: unknown): unknown =>
      Reflect.apply((each: string) => learned.forPeer(each), undefined, [given])
    expect(() => forPeer(key)).toThrow(/a string of 1 to 512 characters/)
  })

  test("what the program's function throws is an uncaught exception, and the wait goes on in full", async () => {
    const thrown: unknown[] = []
    const catchIt = (error: unknown) => thrown.push(error)
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException').on('uncaughtException', catchIt)
    const mistakes = [new Error('no key today'), 7]
    try {
      const options: object = {
        key: () => {
          const mistake = mistakes.shift()
          if (mistake instanceof Error) throw mistake
          return mistake
        },
      }
      const learned = learnedWaiting(options)
      expect(learned.plan(client('a'), true).timeout).toBe(learned.longest)
      expect(learned.plan(client('a'), true).timeout).toBe(learned.longest)
      await delay(1)
    } finally {
      process.off('uncaughtException', catchIt)
      for (const other of others) process.on('uncaughtException', other)
    }
    expect(thrown).toEqual([
      expect.objectContaining({ message: 'no key today' }),
      expect.objectContaining({ code: 'ERR_CLOSURE_INVALID_ARGUMENT' }),
    ])
  })
})

describe('the state', () => {
  test('goes out as JSON and comes back the same, without a clock in it', () => {
    const learned = learnedWaiting({ retryAfter: 50_000 })
    teach(learned, client('silent'), unanswered, 8)
    teach(learned, client('answers'), answered, 20)
    const state = learned.exportState()
    const options: unknown = JSON.parse(JSON.stringify({ state, retryAfter: 50_000 }))
    const again = learnedWaiting(typeof options === 'object' && options !== null ? options : {})
    expect(again.expected('silent:443')).toBe(0)
    expect(again.expected('answers:443')).toBe(learned.expected('answers:443'))
    const [silent, answers] = again.exportState().peers
    expect(answers).toEqual(state.peers[1])
    expect(silent?.retryIn).toBeGreaterThan(40_000)
    expect({ ...silent, retryIn: 0 }).toEqual({ ...state.peers[0], retryIn: 0 })
    expect(again.counters.evicted).toBe(0)
  })

  test('of more peers than there is room for, those heard of last are kept', () => {
    const learned = learnedWaiting()
    for (const host of ['a', 'b', 'c']) teach(learned, client(host), answered)
    const few = learnedWaiting({ state: learned.exportState(), maxPeers: 2 })
    expect(few.exportState().peers.map(({ key }) => key)).toEqual(['b:443', 'c:443'])
  })

  const peer = {
    ...{ key: 'a', answers: 1, waits: 1, share: 1, mean: 1, deviation: 0, slowest: 1 },
    ...{ rounds: 0, unanswered: 0, doubt: 0, isSilent: false, retryIn: 0, retryInterval: 1000 },
  }
  const withPeer = (change: object) => ({ version: 1, peers: [{ ...peer, ...change }] })
  test.each<[string, unknown]>([
    ['state', 'text'],
    ['state', []],
    ['state.version', { peers: [] }],
    ['state.version', { version: 2, peers: [] }],
    ['state', { version: 1, peers: [], more: 1 }],
    ['state.peers', { version: 1, peers: {} }],
    ['state.peers[0]', { version: 1, peers: [null] }],
    ['state.peers[0]', withPeer({ more: 1 })],
    ['state.peers[0].key', withPeer({ key: '' })],
    ['state.peers[1].key', { version: 1, peers: [peer, peer] }],
    ['state.peers[0].answers', withPeer({ answers: 1.5 })],
    ['state.peers[0].waits', withPeer({ waits: 129 })],
    ['state.peers[0].share', withPeer({ share: 1.01 })],
    ['state.peers[0].mean', withPeer({ mean: Number.NaN })],
    ['state.peers[0].slowest', withPeer({ slowest: -1 })],
    ['state.peers[0].deviation', withPeer({ deviation: '1' })],
    ['state.peers[0].isSilent', withPeer({ isSilent: 'no' })],
    ['state.peers[0].retryIn', withPeer({ retryIn: undefined })],
  ])('%s is named where it is wrong: %j', (name, state) => {
    const given: object = { state }
    const error = errorOf(() => learnedWaiting(given))
    expect(error).toMatchObject({ code: 'ERR_CLOSURE_INVALID_ARGUMENT', facts: { name } })
  })

  test('can be forgotten', () => {
    const learned = learnedWaiting()
    teach(learned, client('a'), unanswered, 8)
    learned.forget()
    expect([learned.size, learned.expected('a:443'), learned.counters.unanswered]).toEqual([0, learned.longest, 8])
  })
})

test.each<[object, RegExp]>([
  [{ longest: -1 }, /longest/],
  [{ slack: '1' }, /slack/],
  [{ maxPeers: 0 }, /maxPeers/],
  [{ longest: 0 }, /1 ms at least for longest/],
  [{ retryAfter: 5, retryAtMost: 4 }, /retryAfter, 5 ms, at least for retryAtMost/],
  [{ key: 'host' }, /a function for key/],
  [{ longst: 1 }, /longst/],
])('options are checked: %j', (options, message) => {
  expect(() => learnedWaiting(options)).toThrow(message)
})

function errorOf(call: () => unknown): ClosureError {
  try {
    call()
  } catch (error) {
    if (error instanceof ClosureError) return error
  }
  throw new Error('expected a ClosureError')
}
