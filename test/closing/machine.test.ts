/** The machine that closes, over each adapter: the same cases end alike on Node's sockets and on two ends in memory. */
import { describe, expect, test, vi } from 'vitest'
import { Closing } from '../../lib/closing/closing.js'
import { alertBeforeDestroy, sendCloseNotify } from '../../lib/closing/half-close.js'
import type { ClosingOptions } from '../../lib/closing/options.js'
import { closingsWaiting, WaitingRoom } from '../../lib/closing/waiting-room.js'
import type { EndedBy } from '../../lib/report/facts.js'
import { until } from '../policy/harness.js'
import { ample, defaults, type Ends, makers } from './ends.js'

const short = 150

interface Case {
  readonly name: string
  readonly options: Partial<ClosingOptions>
  /** Before the closing begins. */
  readonly first?: (ends: Ends) => Promise<void> | void
  /** Once our close_notify is on the wire. */
  readonly meanwhile?: (ends: Ends) => void
  /** Once the closing is over. */
  readonly afterwards?: (ends: Ends, closing: Closing) => Promise<void>
  readonly endedBy: EndedBy
  readonly sent: readonly ('close_notify' | 'fin')[]
  readonly isDestroyed?: boolean
  readonly discardedBytes?: number
  readonly waitRefused?: boolean
}

const both = ['close_notify', 'fin'] as const
const cases: readonly Case[] = [
  { name: 'quiet sends FIN alone', options: { mode: 'quiet' }, endedBy: 'done', sent: ['fin'] },
  { name: 'unidirectional waits for nothing', options: { mode: 'unidirectional' }, endedBy: 'done', sent: both },
  {
    name: 'bidirectional holds FIN until the peer answers',
    options: {},
    first: (ends) => ends.read(),
    meanwhile: (ends) => {
      expect(ends.sent()).toEqual(['close_notify'])
      ends.peer.closeNotify()
    },
    endedBy: 'done',
    sent: both,
  },
  {
    name: "the peer's close_notify came first",
    options: {},
    first: async (ends) => {
      ends.read()
      ends.peer.closeNotify()
      await until(() => ends.side.peerEnd() === 'alert')
    },
    endedBy: 'done',
    sent: both,
  },
  {
    name: 'a silent peer costs the wait budget',
    options: { waitTimeout: short },
    endedBy: 'wait-timeout',
    sent: both,
    isDestroyed: true,
  },
  {
    name: 'a wait longer than the budget of the flush before it',
    options: { flushTimeout: 2 * short, waitTimeout: 3 * short },
    endedBy: 'wait-timeout',
    sent: both,
    isDestroyed: true,
  },
  {
    name: 'the peer ends TCP without an answer',
    options: {},
    first: (ends) => ends.read(),
    meanwhile: (ends) => ends.peer.fin(),
    endedBy: 'tcp-end',
    sent: both,
  },
  {
    name: 'data is discarded up to its limit',
    options: { onData: 'discard' },
    meanwhile: (ends) => {
      ends.peer.send(1000)
      ends.peer.closeNotify()
    },
    endedBy: 'done',
    sent: both,
    discardedBytes: 1000,
  },
  {
    name: 'a flood ends at the limit',
    options: { onData: 'discard' },
    meanwhile: (ends) => ends.peer.send(1001),
    endedBy: 'discard-limit',
    sent: both,
    isDestroyed: true,
    discardedBytes: 1001,
  },
  {
    name: 'unexpected data fails',
    options: { onData: 'fail' },
    first: (ends) => ends.read(),
    meanwhile: (ends) => ends.peer.send(1),
    endedBy: 'unexpected-data',
    sent: both,
    isDestroyed: true,
    discardedBytes: 1,
  },
  {
    name: 'nobody reads what comes',
    options: { waitTimeout: 2 * short },
    meanwhile: (ends) => ends.peer.send(1),
    endedBy: 'reader-stalled',
    sent: both,
  },
  {
    name: 'the transport takes nothing',
    options: { flushTimeout: short },
    first: (ends) => ends.stall(),
    endedBy: 'flush-timeout',
    sent: [],
    isDestroyed: true,
  },
  {
    name: 'the transport takes nothing, and the budget begins anew only while it does',
    options: { flushTimeout: short, flushBudget: 'while-stalled' },
    first: (ends) => ends.stall(),
    endedBy: 'flush-timeout',
    sent: [],
    isDestroyed: true,
  },
  {
    name: 'a signal aborted before the call',
    options: { signal: AbortSignal.abort() },
    endedBy: 'signal',
    sent: [],
    isDestroyed: true,
  },
  {
    name: 'somebody destroys the connection',
    options: {},
    meanwhile: (ends) => ends.side.destroy(),
    endedBy: 'destroy',
    sent: both,
    isDestroyed: true,
  },
  {
    name: 'the waiting room is full',
    options: { waitingRoom: new WaitingRoom(0) },
    endedBy: 'done',
    sent: both,
    waitRefused: true,
  },
  {
    name: 'what comes after a wait that was refused is read to the end, and dropped',
    options: { waitingRoom: new WaitingRoom(0), onData: 'discard' },
    afterwards: async (ends, closing) => {
      ends.peer.send(700)
      await until(() => closing.discardedBytes >= 700)
      ends.peer.closeNotify()
      await until(() => ends.hasReadToEnd())
    },
    endedBy: 'done',
    sent: both,
    discardedBytes: 700,
    waitRefused: true,
  },
  {
    name: 'keep-open keeps nothing when the peer ends TCP without an answer',
    options: { afterwards: 'keep-open' },
    first: (ends) => ends.read(),
    meanwhile: (ends) => ends.peer.fin(),
    endedBy: 'tcp-end',
    sent: both,
    isDestroyed: true,
  },
  {
    name: 'keep-open sends no FIN',
    options: { mode: 'unidirectional', afterwards: 'keep-open' },
    endedBy: 'done',
    sent: ['close_notify'],
  },
]

describe.each(makers)('$name', ({ make }) => {
  test.each(cases)('$name', async ({ options, first, meanwhile, afterwards, endedBy, sent, ...rest }) => {
    const ends = await make(options.afterwards === 'keep-open')
    await first?.(ends)
    const destroy = vi.spyOn(ends.side, 'destroy')
    const closing = new Closing(ends.side, { ...defaults, ...options })
    const done = closing.run()
    if (meanwhile !== undefined) {
      await until(() => ends.sent().includes('close_notify'))
      meanwhile(ends)
    }
    await done
    await afterwards?.(ends, closing)
    const { mode, discardedBytes, waitRefused } = closing
    expect(closingsWaiting()).toBe(0)
    const { isDestroyed = false } = rest
    expect({
      endedBy: closing.endedBy,
      mode,
      discardedBytes,
      waitRefused,
      // A socket destroys itself, too, once both directions have ended.
      isDestroyed: destroy.mock.calls.length > 0,
    }).toEqual({
      endedBy,
      mode: options.mode ?? defaults.mode,
      discardedBytes: rest.discardedBytes ?? 0,
      waitRefused: rest.waitRefused ?? false,
      isDestroyed,
    })
    // Destroyed without a FIN of its own, the kernel sends one.
    const sentInAll = () => ends.sent().filter((what) => !isDestroyed || what !== 'fin')
    const expected = sent.filter((what) => !isDestroyed || what !== 'fin')
    await until(() => sentInAll().length >= expected.length)
    expect(sentInAll()).toEqual(expected)
  })

  test('close_notify alone leaves the transport open, and the budget bounds it', async () => {
    const ends = await make(true)
    expect(await sendCloseNotify(ends.side, ample)).toBe('sent')
    await until(() => ends.sent().length > 0)
    expect(ends.sent()).toEqual(['close_notify'])
    const stalled = await make(true)
    await stalled.stall()
    expect(await sendCloseNotify(stalled.side, short)).toBe('flush-timeout')
  })

  test('an alert before destroy() leaves at once, unless it would not be true', async () => {
    const ends = await make(true)
    await alertBeforeDestroy(ends.side, () => true)
    ends.side.destroy()
    await until(() => ends.sent().length > 0)
    expect(ends.sent()[0]).toBe('close_notify')
    const untrue = await make(true)
    await alertBeforeDestroy(untrue.side, () => false)
    expect(untrue.sent()).toEqual([])
  })

  test('runAtOnce() refuses what takes time', async () => {
    const ends = await make(true)
    expect(new Closing(ends.side, defaults).runAtOnce()).toBe(false)
    await ends.stall()
    expect(new Closing(ends.side, { ...defaults, mode: 'unidirectional' }).runAtOnce()).toBe(false)
    expect(ends.sent()).toEqual([])
  })

  test('runAtOnce() runs both ways where the peer has closed first: there is nothing to wait for', async () => {
    const ends = await make(true)
    ends.read()
    ends.peer.closeNotify()
    await until(() => ends.side.peerEnd() === 'alert')
    const closing = new Closing(ends.side, defaults)
    expect([closing.runAtOnce(), closing.endedBy]).toEqual([true, 'done'])
  })
})
