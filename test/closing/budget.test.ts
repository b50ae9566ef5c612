/** The time that a step is given: output that leaves meanwhile prolongs it, by no more than it has to. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { Budget } from '../../lib/closing/budget.js'
import { block } from '../support/block.js'

const ms = 400

interface Case {
  readonly name: string
  readonly flushBudget: 'once' | 'while-stalled'
  /** When some of the output leaves, in budgets from the start. */
  readonly leaves: readonly number[]
  /** When the output is watched, and when the budget is over at the earliest. */
  readonly watchedAt?: number
  readonly overAt: number
}

const cases: readonly Case[] = [
  { name: 'nothing leaves', flushBudget: 'while-stalled', leaves: [], overAt: 1 },
  { name: 'it leaves at the beginning', flushBudget: 'while-stalled', leaves: [0.05], overAt: 1.05 },
  { name: 'it leaves in the middle', flushBudget: 'while-stalled', leaves: [0.5], overAt: 1.5 },
  { name: 'it leaves at the end', flushBudget: 'while-stalled', leaves: [0.8], overAt: 1.8 },
  { name: 'it leaves now and then', flushBudget: 'while-stalled', leaves: [0.3, 0.9, 1.6], overAt: 2.6 },
  { name: 'it leaves before it is watched', flushBudget: 'while-stalled', leaves: [0.1], watchedAt: 0.4, overAt: 1.4 },
  { name: 'what leaves does not count', flushBudget: 'once', leaves: [0.3, 0.6], overAt: 1 },
]

describe.concurrent('Budget', () => {
  test.for(cases)('$name: $flushBudget', async ({ flushBudget, leaves, watchedAt = 0, overAt }) => {
    let left = 100
    const startedAt = performance.now()
    let budget: Budget | undefined
    const over = new Promise<'over'>((resolve) => {
      budget = new Budget({ outputLeft: () => left }, { flushBudget }, () => resolve('over'))
      budget.start(ms)
    })
    const timers = [
      setTimeout(() => budget?.watchOutput(), watchedAt * ms),
      ...leaves.map((at) =>
        setTimeout(() => {
          left -= 1
        }, at * ms),
      ),
    ]
    // A timer of the same event loop: a machine that is slow is slow for both.
    expect(await Promise.race([over, sleep((overAt + 0.35) * ms, 'late')])).toBe('over')
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(overAt * ms - 2)
    for (const timer of timers) clearTimeout(timer)
  })

  test('watching it twice does not begin it anew', async () => {
    let budget: Budget | undefined
    const over = new Promise<'over'>((resolve) => {
      budget = new Budget({ outputLeft: () => 1 }, { flushBudget: 'while-stalled' }, () => resolve('over'))
      budget.start(ms)
    })
    budget?.watchOutput()
    const timer = setInterval(() => budget?.watchOutput(), ms / 10)
    expect(await Promise.race([over, sleep(1.35 * ms, 'late')])).toBe('over')
    clearInterval(timer)
  })

  test('one that is stopped, or started anew, in the turn in which its time is over is not over', async () => {
    const over: string[] = []
    const budgetOf = (name: string) =>
      new Budget({ outputLeft: () => 1 }, { flushBudget: 'once' }, () => over.push(name))
    const [stopped, again, left] = [budgetOf('stopped'), budgetOf('again'), budgetOf('left')]
    for (const budget of [stopped, again, left]) budget.start(ms / 10)
    setTimeout(() => {
      stopped.stop()
      again.start(ms)
    }, ms / 10)
    // All of these times are over in one turn.
    block(ms / 5)
    await sleep(ms / 2)
    expect(over).toEqual(['left'])
    again.stop()
  })

  test('a stopped one is never over', async () => {
    let isOver = false
    const budget = new Budget({ outputLeft: () => 1 }, { flushBudget: 'while-stalled' }, () => {
      isOver = true
    })
    budget.start(ms / 10)
    budget.watchOutput()
    budget.stop()
    await sleep(ms / 2)
    expect(isOver).toBe(false)
  })
})
