import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Journal } from '../../../lib/lab/campaign/journal.js'
import { campaign, names, untilAborted } from './quick-campaign.js'
import type { Plan, Result } from './quick-campaign.js'
import { listOf, textWith } from './support.js'

describe('a campaign that is stopped', () => {
  test('keeps what is done, aborts what runs, and says what is left', async () => {
    const controller = new AbortController()
    const reason = new Error('interrupted')
    const reasons: unknown[] = []
    let isOver = false
    async function* list(): AsyncGenerator<string, void, undefined> {
      try {
        yield* listOf(names(50))
      } finally {
        isOver = true
      }
    }
    const { outcome, results } = await campaign(list(), {
      signal: controller.signal,
      total: 50,
      run: async (target, signal) => {
        if (Number(/\d+/.exec(target)?.[0]) < 10) return { target }
        signal.addEventListener('abort', () => reasons.push(signal.reason))
        if (target === 'host-13.example') setImmediate(() => controller.abort(reason))
        return await untilAborted(signal)
      },
    })
    expect(outcome).toEqual({ ended: 'aborted', done: 10, failed: 0, skipped: 0, aborted: 4, left: 40 })
    expect(results).toHaveLength(10)
    expect(reasons).toEqual([reason, reason, reason, reason])
    expect(isOver).toBe(true)
  })

  test('has no result of a run that was aborted, whatever that gives', async () => {
    const controller = new AbortController()
    const { outcome, results } = await campaign(['a.example'], {
      signal: controller.signal,
      run: (target, signal) => {
        setImmediate(() => controller.abort())
        return untilAborted(signal).catch(() => ({ target }))
      },
    })
    expect(outcome).toEqual({ ended: 'aborted', done: 0, failed: 0, skipped: 0, aborted: 1, left: 1 })
    expect(results).toEqual([])
  })

  test('does not wait for a run that goes on', async () => {
    const controller = new AbortController()
    const { outcome } = await campaign(names(3), {
      signal: controller.signal,
      grace: 10,
      run: () => {
        setImmediate(() => controller.abort())
        return new Promise<never>(() => {})
      },
    })
    expect(outcome).toMatchObject({ ended: 'aborted', aborted: 3 })
  })

  test('does not wait for a list that gives nothing', async () => {
    const controller = new AbortController()
    async function* list(): AsyncGenerator<string, void, undefined> {
      yield* listOf(['a.example'])
      await new Promise(() => {})
    }
    const { outcome } = await campaign(list(), {
      signal: controller.signal,
      onResult: () => setImmediate(() => controller.abort()),
    })
    expect(outcome).toEqual({ ended: 'aborted', done: 1, failed: 0, skipped: 0, aborted: 0, left: undefined })
  })

  test('knows what is left of a list that was read to its end', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 30)
    const { outcome } = await campaign(['a.example:1', 'a.example:2', 'b.example', 'a.example:3'], {
      signal: controller.signal,
      run: (_target, signal) => untilAborted(signal),
    })
    expect(outcome).toEqual({ ended: 'aborted', done: 0, failed: 0, skipped: 0, aborted: 2, left: 4 })
  })

  test('writes the results that were there', async () => {
    const controller = new AbortController()
    const written: string[] = []
    const slow: Journal<Result> = {
      has: () => false,
      async append({ target }) {
        controller.abort()
        await sleep(20)
        written.push(target)
      },
      close: () => Promise.resolve(),
    }
    const { outcome, targets } = await campaign(names(1), { signal: controller.signal, journal: slow })
    expect({ written, targets, done: outcome.done }).toEqual({ written: targets, targets: names(1), done: 1 })
  })

  test('starts nothing where that was before it began', async () => {
    const { outcome, results } = await campaign(names(5), { signal: AbortSignal.abort(), total: 5 })
    expect(outcome).toEqual({ ended: 'aborted', done: 0, failed: 0, skipped: 0, aborted: 0, left: 5 })
    expect(results).toEqual([])
  })

  test('aborts the run that stops it while it is started', async () => {
    const controller = new AbortController()
    const { outcome } = await campaign(names(5), {
      signal: controller.signal,
      run: (_target, signal) => {
        controller.abort()
        return signal.aborted ? Promise.reject(new Error('aborted')) : untilAborted(signal)
      },
    })
    expect(outcome).toMatchObject({ ended: 'aborted', done: 0, failed: 0, aborted: 1 })
  })

  test('by the total time ends in the same way', async () => {
    const { outcome, results } = await campaign(names(20), {
      totalTimeout: 50,
      total: 20,
      run: (target, signal) => (target === 'host-0.example' ? Promise.resolve({ target }) : untilAborted(signal)),
    })
    expect(outcome).toEqual({ ended: 'total-timeout', done: 1, failed: 0, skipped: 0, aborted: 4, left: 19 })
    expect(results).toEqual([{ target: 'host-0.example' }])
  })
})

describe('a campaign rejects, and has stopped,', () => {
  const error = new Error('broken')
  let aborted = 0
  const run: Plan['run'] = async (target, signal) => {
    signal.addEventListener('abort', () => (aborted += 1))
    // When the others run.
    if (target === 'host-0.example') return await sleep(20, { target })
    return await untilAborted(signal)
  }

  test.each<readonly [string, Partial<Plan>]>([
    [
      'its journal',
      { journal: { has: () => false, append: () => Promise.reject(error), close: () => Promise.resolve() } },
    ],
    [
      'the look into its journal',
      {
        journal: {
          has: (target) => {
            if (target === 'host-3.example') throw error
            return false
          },
          append: () => Promise.resolve(),
          close: () => Promise.resolve(),
        },
      },
    ],
    [
      'onResult',
      {
        onResult: () => {
          throw error
        },
      },
    ],
    [
      'onProgress',
      {
        onProgress: ({ running }) => {
          if (running === 4) throw error
        },
      },
    ],
  ])('with the error of %s', async (_title, other) => {
    aborted = 0
    await expect(campaign(names(9), { run, ...other })).rejects.toBe(error)
    expect(aborted).toBeGreaterThan(0)
  })

  test('with the error of its list, after what that gave', async () => {
    async function* list(): AsyncGenerator<string, void, undefined> {
      yield* listOf(['a.example'])
      await sleep(10)
      throw error
    }
    const results: Result[] = []
    await expect(campaign(list(), { onResult: (result) => results.push(result) })).rejects.toBe(error)
    expect(results).toEqual([{ target: 'a.example' }])
  })

  test('with the error of its function `failed`', async () => {
    const failed = (): never => {
      throw error
    }
    await expect(campaign(names(3), { run: () => Promise.reject(new Error('x')), failed })).rejects.toBe(error)
  })

  test('where a result is of another target', async () => {
    await expect(campaign(names(1), { run: () => Promise.resolve({ target: 'host-0.example:443' }) })).rejects.toThrow(
      "Expected 'host-0.example', which was run for result.target but received 'host-0.example:443'",
    )
  })

  test('where a result that was there when it was stopped cannot be written', async () => {
    const controller = new AbortController()
    const journal: Journal<Result> = {
      has: () => false,
      async append() {
        controller.abort()
        await immediate()
        throw error
      },
      close: () => Promise.resolve(),
    }
    await expect(campaign(names(1), { signal: controller.signal, journal })).rejects.toBe(error)
  })

  test.each<readonly [string, Partial<Plan>]>([
    ['concurrency', { concurrency: 0 }],
    ['concurrency', { concurrency: 1.5 }],
    ['ratePerSecond', { ratePerSecond: 0 }],
    ['ratePerSecond', { ratePerSecond: Number.NaN }],
    ['timeout', { timeout: 0 }],
    ['timeout', { timeout: 2 ** 31 }],
    ['totalTimeout', { totalTimeout: -1 }],
    ['grace', { grace: Infinity }],
  ])('for an option out of range: %s (%#)', async (name, other) => {
    await expect(campaign(names(1), other)).rejects.toMatchObject({
      code: 'ERR_CLOSURE_INVALID_ARGUMENT',
      message: textWith(` for ${name} but received `),
    })
  })
})
