/** The wait for the peer's close_notify by itself: its place and its time. What comes of it is in machine.test.ts and test/learned. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import type { ClosingOptions } from '../../lib/closing/options.js'
import type { ClosingSide } from '../../lib/closing/side.js'
import { Wait } from '../../lib/closing/wait.js'
import { closingsWaiting, WaitingRoom } from '../../lib/closing/waiting-room.js'
import { until } from '../policy/harness.js'
import { block } from '../support/block.js'
import { defaults, makers } from './ends.js'

const short = 60
const planned = { longest: short, plan: () => ({ timeout: short, over: () => undefined }) }

describe.each([
  { name: 'a number of ms', waitTimeout: short },
  { name: 'a time that is planned', waitTimeout: planned },
] satisfies readonly { readonly name: string; readonly waitTimeout: ClosingOptions['waitTimeout'] }[])(
  '$name',
  ({ waitTimeout }) => {
    test('tells that it is over, once', async () => {
      const wait = new Wait(await someSide(), { ...defaults, waitTimeout }, 'alone')
      const timeIsOver = vi.fn()
      expect(wait.enter()).toBeUndefined()
      wait.begin('deliver', timeIsOver)
      await until(() => timeIsOver.mock.calls.length > 0)
      await sleep(short)
      expect(timeIsOver.mock.calls).toEqual([['wait-timeout']])
      expect(wait.end('wait-timeout')).toBe('wait-timeout')
    })

    test('does not run on behind the end of the wait, whose place is free', async () => {
      const waitingRoom = new WaitingRoom(1)
      const wait = new Wait(await someSide(), { ...defaults, waitTimeout, waitingRoom }, 'alone')
      const timeIsOver = vi.fn()
      expect(wait.enter()).toBeUndefined()
      wait.begin('deliver', timeIsOver)
      expect([waitingRoom.waiting, closingsWaiting()]).toEqual([1, 1])
      expect(wait.end('signal')).toBe('signal')
      expect([waitingRoom.waiting, closingsWaiting()]).toEqual([0, 0])
      await sleep(3 * short)
      expect(timeIsOver).not.toHaveBeenCalled()
    })
  },
)

test('a wait that ends while its planned time is about to be prolonged is not prolonged', async () => {
  const waitTimeout = { ...planned, longest: 3 * short }
  const wait = new Wait(await someSide(), { ...defaults, waitTimeout }, 'alone')
  const timeIsOver = vi.fn()
  expect(wait.enter()).toBeUndefined()
  wait.begin('deliver', timeIsOver)
  wait.dataCame()
  setTimeout(() => wait.end('signal'), short)
  // Both times are over in one turn: the wait ends between the end of its own and the look behind it.
  block(2 * short)
  await sleep(3 * short)
  expect(timeIsOver).not.toHaveBeenCalled()
})

test.each([
  { asked: 'alone', isWatched: false },
  { asked: 'behind-data', isWatched: true },
  { asked: undefined, isWatched: true },
] as const)('output that leaves counts where it may stand before our alert: $asked', async ({ asked, isWatched }) => {
  const side = await someSide()
  const outputLeft = vi.spyOn(side, 'outputLeft')
  const wait = new Wait(side, { ...defaults, flushBudget: 'while-stalled' }, asked)
  expect(wait.enter()).toBeUndefined()
  wait.begin('deliver', () => undefined)
  expect(outputLeft.mock.calls.length > 0).toBe(isWatched)
  wait.end('signal')
})

async function someSide(): Promise<ClosingSide> {
  const memory = makers.find(({ name }) => name === 'in memory, TLSv1.3')
  if (memory === undefined) throw new Error('expected ends in memory')
  return (await memory.make(true)).side
}
