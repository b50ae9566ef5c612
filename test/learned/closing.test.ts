/** What a closing teaches: the same for every adapter of the machine. */
import { describe, expect, test } from 'vitest'
import { Closing } from '../../lib/closing/closing.js'
import type { ClosingOptions } from '../../lib/closing/options.js'
import { closingsWaiting, WaitingRoom } from '../../lib/closing/waiting-room.js'
import { type LearnedCounters, type LearnedWaiting, learnedWaiting } from '../../lib/index.js'
import type { EndedBy } from '../../lib/report/facts.js'
import { ample, defaults, type Ends, makers } from '../closing/ends.js'
import { until } from '../policy/harness.js'

const short = 100
const key = 'the-peer'

type Seen = Partial<LearnedCounters>

interface Case {
  readonly name: string
  readonly longest: number
  readonly options?: Partial<ClosingOptions>
  /** What is known of the peer. */
  readonly known?: 'answers' | 'silent'
  readonly first?: (ends: Ends) => Promise<void> | void
  /** Once our close_notify is on the wire. */
  readonly meanwhile?: (ends: Ends, abort: () => void) => void
  /** It cannot happen in memory. */
  readonly overTcp?: true
  readonly endedBy: EndedBy
  readonly counted: Seen
  /** Whether the closing was a wait of so many ms, as its report says. */
  readonly waits: 'skipped' | 'longest' | 'between' | 'unplanned'
}

const closeNotify = (ends: Ends) => ends.peer.closeNotify()
const cases: readonly Case[] = [
  {
    name: 'an answer: it answers',
    longest: ample,
    first: (ends) => ends.read(),
    meanwhile: closeNotify,
    endedBy: 'done',
    counted: { misses: 1, answered: 1 },
    waits: 'longest',
  },
  {
    name: 'the whole time without one: it does not',
    longest: short,
    endedBy: 'wait-timeout',
    counted: { misses: 1, unanswered: 1 },
    waits: 'longest',
  },
  {
    name: 'FIN in place of one: it does not',
    longest: ample,
    first: (ends) => ends.read(),
    meanwhile: (ends) => ends.peer.fin(),
    endedBy: 'tcp-end',
    counted: { misses: 1, unanswered: 1 },
    waits: 'longest',
  },
  {
    name: 'somebody destroys the connection: nothing',
    longest: ample,
    meanwhile: (ends) => ends.side.destroy(),
    endedBy: 'destroy',
    counted: { misses: 1, untold: 1 },
    waits: 'longest',
  },
  {
    name: 'a signal: nothing',
    longest: ample,
    meanwhile: (_ends, abort) => {
      abort()
    },
    endedBy: 'signal',
    counted: { misses: 1, untold: 1 },
    waits: 'longest',
  },
  {
    name: 'RST: nothing',
    longest: ample,
    overTcp: true,
    first: (ends) => ends.read(),
    meanwhile: (ends) => ends.peer.tcp?.reset(),
    endedBy: 'tcp-end',
    counted: { misses: 1, untold: 1 },
    waits: 'longest',
  },
  {
    name: 'a fatal alert: nothing',
    longest: 3 * short,
    overTcp: true,
    first: (ends) => ends.read(),
    meanwhile: (ends) => ends.peer.tcp?.alert(),
    // TLS is over, as after close_notify; that a socket of Node's is told of it at once is closureOf()'s affair.
    endedBy: 'done',
    counted: { misses: 1, untold: 1 },
    waits: 'longest',
  },
  {
    name: 'a reader of ours that has stalled: nothing',
    longest: 3 * short,
    overTcp: true,
    options: { onData: 'deliver' },
    meanwhile: (ends) => {
      ends.peer.send(2_000_000)
      closeNotify(ends)
    },
    endedBy: 'reader-stalled',
    counted: { misses: 1, untold: 1 },
    waits: 'longest',
  },
  {
    name: 'a signal, of a peer with a time of its own: its answers count as before',
    longest: ample,
    known: 'answers',
    meanwhile: (_ends, abort) => {
      abort()
    },
    endedBy: 'signal',
    counted: { hits: 1, untold: 1 },
    waits: 'between',
  },
  {
    name: 'RST, of one that is not waited for: nothing',
    longest: ample,
    known: 'silent',
    overTcp: true,
    first: (ends) => ends.read(),
    meanwhile: (ends) => ends.peer.tcp?.reset(),
    endedBy: 'done',
    counted: { hits: 1, skipped: 1 },
    waits: 'skipped',
  },
  {
    name: 'data before the end of the time: nothing',
    longest: 2 * short,
    options: { onData: 'discard' },
    meanwhile: (ends) => ends.peer.send(10),
    endedBy: 'wait-timeout',
    counted: { misses: 1, untold: 1 },
    waits: 'longest',
  },
  {
    name: 'a flood: nothing',
    longest: ample,
    options: { onData: 'discard' },
    meanwhile: (ends) => ends.peer.send(1001),
    endedBy: 'discard-limit',
    counted: { misses: 1, untold: 1 },
    waits: 'longest',
  },
  {
    name: 'a full waiting room: nothing',
    longest: ample,
    options: { waitingRoom: new WaitingRoom(0) },
    endedBy: 'done',
    counted: { misses: 1, untold: 1 },
    waits: 'longest',
  },
  {
    name: 'a peer that had closed before: nothing, for it is not asked',
    longest: ample,
    first: async (ends) => {
      ends.read()
      closeNotify(ends)
      await until(() => ends.side.peerEnd() === 'alert')
    },
    endedBy: 'done',
    counted: { misses: 0 },
    waits: 'unplanned',
  },
  {
    name: 'another mode: nothing',
    longest: ample,
    options: { mode: 'unidirectional' },
    endedBy: 'done',
    counted: { misses: 0 },
    waits: 'unplanned',
  },
  {
    name: 'a known silent peer is not waited for, and the connection goes',
    longest: ample,
    known: 'silent',
    first: (ends) => ends.read(),
    endedBy: 'done',
    counted: { hits: 1, skipped: 1 },
    waits: 'skipped',
  },
  {
    name: 'a known silent peer is waited for where there is no other way back to plaintext',
    longest: ample,
    known: 'silent',
    options: { afterwards: 'keep-open' },
    first: (ends) => ends.read(),
    meanwhile: closeNotify,
    endedBy: 'done',
    counted: { hits: 1, tries: 1, answered: 1 },
    waits: 'longest',
  },
  {
    name: 'a peer that answers is waited for about its own time',
    longest: ample,
    known: 'answers',
    endedBy: 'wait-timeout',
    counted: { hits: 1, unanswered: 1 },
    waits: 'between',
  },
  {
    name: 'and longer, where it still sends',
    longest: 1000,
    known: 'answers',
    options: { onData: 'discard' },
    meanwhile: (ends) => {
      ends.peer.send(10)
      setTimeout(() => ends.peer.closeNotify(), 300)
    },
    endedBy: 'done',
    counted: { hits: 1, answered: 1 },
    waits: 'between',
  },
]

// Neither versions nor sides differ in what is learned.
const adapters = ["Node's client, TLSv1.3", "a stream's server, TLSv1.3", 'in memory, TLSv1.3']

test('each adapter is there', () => {
  expect(makers.filter(({ name }) => adapters.includes(name))).toHaveLength(3)
})

describe.each(makers.filter(({ name }) => adapters.includes(name)))('$name', ({ name: adapter, make }) => {
  const possible = cases.filter(({ overTcp }) => overTcp === undefined || !adapter.startsWith('in memory'))
  test.each(possible)('$name', async ({ longest, options = {}, known, first, meanwhile, endedBy, counted, waits }) => {
    const learned = learnedWaiting({ longest, slack: 150 })
    if (known !== undefined) teach(learned, known)
    const before = learned.counters
    const ends = await make(options.afterwards === 'keep-open')
    await first?.(ends)
    const abort = new AbortController()
    const waiting = { waitTimeout: learned.forPeer(key), signal: abort.signal }
    const closing = new Closing(ends.side, { ...defaults, ...waiting, ...options })
    const done = closing.run()
    if (meanwhile !== undefined) {
      await until(() => ends.sent().includes('close_notify'))
      meanwhile(ends, () => {
        abort.abort()
      })
    }
    await done
    expect({ endedBy: closing.endedBy, counted: differences(before, learned.counters) }).toEqual({
      endedBy,
      counted: Object.fromEntries(Object.entries(counted).filter(([, count]) => count !== 0)),
    })
    expect(kindOf(closing.learnedWait, longest)).toBe(waits)
    if (waits === 'skipped') await until(() => ends.side.isDestroyed())
    ends.side.destroy()
  })

  test.each(['signal', 'destroy'] as const)('a program ends it by %s while it is asked for the key', async (how) => {
    const ends = await make(false)
    const stopping = new AbortController()
    const stop = { signal: () => stopping.abort(), destroy: () => ends.side.destroy() }[how]
    const learned = learnedWaiting({
      longest: ample,
      key: () => {
        stop()
        return key
      },
    })
    const waitingRoom = new WaitingRoom(1)
    const closing = new Closing(ends.side, {
      ...defaults,
      waitTimeout: learned,
      signal: stopping.signal,
      waitingRoom,
    })
    await closing.run()
    expect({ endedBy: closing.endedBy, waiting: waitingRoom.waiting, all: closingsWaiting() }).toEqual({
      endedBy: how,
      waiting: 0,
      all: 0,
    })
    await until(() => ends.side.isDestroyed())
  })
})

function teach(learned: LearnedWaiting, known: 'answers' | 'silent'): void {
  const peer = { side: 'client', host: key, address: undefined, port: undefined } as const
  const outcome =
    known === 'answers' ? ({ kind: 'answered', after: 20 } as const) : ({ kind: 'unanswered', certain: true } as const)
  for (let time = 0; time < 20; time++) learned.forPeer(key).plan(peer, true).over(outcome)
}

function differences(before: LearnedCounters, after: LearnedCounters): object {
  const counts = new Map<string, number>(Object.entries(before))
  return Object.fromEntries(
    Object.entries(after)
      .map(([name, count]: readonly [string, number]) => [name, count - (counts.get(name) ?? 0)] as const)
      .filter(([, count]) => count !== 0),
  )
}

function kindOf(wait: number | undefined, longest: number): Case['waits'] {
  if (wait === undefined) return 'unplanned'
  if (wait === 0) return 'skipped'
  return wait === longest ? 'longest' : 'between'
}
