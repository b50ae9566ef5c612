import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runCampaign } from '../../../lib/lab/campaign/campaign.js'
import type { CampaignOutcome, CampaignPlan } from '../../../lib/lab/campaign/campaign.js'
import { openJournal } from '../../../lib/lab/campaign/journal.js'
import type { Journal } from '../../../lib/lab/campaign/journal.js'
import type { CampaignProgress } from '../../../lib/lab/campaign/progress.js'
import { listOf, temporaryFolder, textWith } from './support.js'

interface Result {
  readonly target: string
  readonly failure?: unknown
}

type Plan = CampaignPlan<Result>

const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `host-${index}.example`)

/** A campaign that is quick, unless a test wants something else of it. */
async function campaign(targets: Iterable<string> | AsyncIterable<string>, other: Partial<Plan> = {}) {
  const results: Result[] = []
  const outcome = await runCampaign<Result>({
    targets: Symbol.asyncIterator in targets ? targets : listOf(targets),
    run: async (target) => {
      await immediate()
      return { target }
    },
    failed: (target, reason) => ({ target, failure: reason }),
    concurrency: 4,
    timeout: 30_000,
    signal: new AbortController().signal,
    onResult: (result) => results.push(result),
    ...other,
  })
  return { outcome, results, targets: results.map(({ target }) => target) }
}

const complete = (counts: Partial<CampaignOutcome>): CampaignOutcome => ({
  ...{ ended: 'complete', done: 0, failed: 0, skipped: 0, aborted: 0, left: 0 },
  ...counts,
})

/** Settles when the signal aborts, in the way that is asked of a run. */
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))

describe('a campaign', () => {
  test.each([0, 1, 3, 4, 5, 500])('runs each of %i targets once', async (count) => {
    const { outcome, targets } = await campaign(names(count))
    expect(outcome).toEqual(complete({ done: count }))
    expect([...targets].sort()).toEqual([...names(count)].sort())
  })

  test('runs as many at a time as it may, and no more', async () => {
    let running = 0
    let most = 0
    await campaign(names(100), {
      concurrency: 7,
      run: async (target) => {
        running += 1
        most = Math.max(most, running)
        await sleep(1)
        running -= 1
        return { target }
      },
    })
    expect(most).toBe(7)
  })

  test('reads no further in the list than it has places', async () => {
    let read = 0
    let ended = 0
    let furthest = 0
    async function* list(): AsyncGenerator<string, void, undefined> {
      for (const name of names(200)) {
        read += 1
        furthest = Math.max(furthest, read - ended)
        yield name
        await immediate()
      }
    }
    const run: Plan['run'] = async (target) => {
      await sleep(2)
      return { target }
    }
    await campaign(list(), { concurrency: 5, run, onResult: () => (ended += 1) })
    expect(furthest).toBeLessThanOrEqual(5)
  })

  test('reads at most twice as many targets as it has places where hosts are busy', async () => {
    let read = 0
    let ended = 0
    let furthest = 0
    async function* list(): AsyncGenerator<string, void, undefined> {
      for (let port = 1; port <= 60; port++) {
        read += 1
        furthest = Math.max(furthest, read - ended)
        yield* listOf([`one.example:${port}`])
      }
    }
    const { outcome } = await campaign(list(), { concurrency: 5, onResult: () => (ended += 1) })
    expect(outcome).toEqual(complete({ done: 60 }))
    expect(furthest).toBeLessThanOrEqual(10)
    expect(furthest).toBeGreaterThan(4)
  })

  test('skips what the list had before, also where the host name is written in another way', async () => {
    const list = ['a.example', 'b.example', 'A.example', 'a.example.', 'a.example:443', 'b.example', 'a.example']
    const { outcome, targets } = await campaign(list)
    expect(outcome).toEqual(complete({ done: 3, skipped: 4 }))
    expect([...targets].sort()).toEqual(['a.example', 'a.example:443', 'b.example'])
  })

  test('skips what the journal has, and writes the rest before it is reported', async () => {
    const file = path.join(await temporaryFolder(), 'journal')
    const header = { kind: 'test', settings: {} }
    const first = await openJournal<Result>(file, header)
    await campaign(names(30), { journal: first })
    await first.close()
    const second = await openJournal<Result>(file, header)
    const unwritten: Promise<boolean>[] = []
    const onResult = ({ target }: Result): void => {
      unwritten.push(readFile(file, 'utf8').then((text) => !text.includes(`{"target":"${target}"}\n`)))
    }
    const { outcome } = await campaign(names(50), { journal: second, onResult })
    await second.close()
    expect(outcome).toEqual(complete({ done: 20, skipped: 30 }))
    expect(await Promise.all(unwritten)).toEqual(Array.from({ length: 20 }, () => false))
    expect((await readFile(file, 'utf8')).split('\n')).toHaveLength(52)
  })

  test('never runs two targets of a host at once, and lets others go ahead', async () => {
    const running = new Set<string>()
    const started: string[] = []
    const list = [
      'a.example:1',
      'A.example:2',
      'a.example.:3',
      'b.example:1',
      '[::1]:1',
      'c.example',
      '::1',
      'd.example',
    ]
    const hostOf = (target: string): string =>
      target.includes('::1') ? '::1' : target.toLowerCase().replace(/\.?(:\d+)?$/, '')
    const { outcome } = await campaign(list, {
      run: async (target) => {
        const host = hostOf(target)
        expect(running.has(host), target).toBe(false)
        running.add(host)
        started.push(target)
        await sleep(5)
        running.delete(host)
        return { target }
      },
    })
    expect(outcome).toEqual(complete({ done: 8 }))
    expect(started.slice(0, 4)).toEqual(['a.example:1', 'b.example:1', '[::1]:1', 'c.example'])
    // Those of one host in their order.
    expect(started.filter((target) => hostOf(target) === 'a.example')).toEqual(list.slice(0, 3))
  })

  test('lets a slow target slow no other', async () => {
    let release = (): void => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const ended: string[] = []
    await campaign(names(100), {
      concurrency: 2,
      run: async (target) => {
        if (target === 'host-0.example') await released
        return { target }
      },
      onResult: ({ target }) => {
        ended.push(target)
        if (ended.length === 99) release()
      },
    })
    expect(ended.at(-1)).toBe('host-0.example')
  })

  test('starts no more in a second than it may, also after the list had a pause', async () => {
    const starts: number[] = []
    async function* list(): AsyncGenerator<string, void, undefined> {
      yield* listOf(['a.example', 'b.example'])
      await sleep(150)
      yield* listOf(['c.example', 'd.example', 'e.example', 'f.example'])
    }
    await campaign(list(), {
      concurrency: 10,
      ratePerSecond: 25,
      run: (target) => {
        starts.push(performance.now())
        return Promise.resolve({ target })
      },
    })
    const gaps = starts.slice(1).map((start, index) => start - (starts[index] ?? 0))
    // 40 ms, less what the start before was late, by its timer or because the machine was busy. In a burst there are none.
    for (const gap of gaps) expect(gap).toBeGreaterThan(20)
    expect(gaps).toHaveLength(5)
  })

  test('leaves the event loop its turns where everything comes at once', async () => {
    const controller = new AbortController()
    let isOver = false
    async function* list(): AsyncGenerator<string, void, undefined> {
      try {
        for (let index = 0; ; index++) yield* listOf([`host-${index}.example`])
      } finally {
        isOver = true
      }
    }
    setTimeout(() => controller.abort(), 20)
    const { outcome } = await campaign(list(), {
      signal: controller.signal,
      run: (target) => Promise.resolve({ target }),
    })
    expect(outcome).toMatchObject({ ended: 'aborted', left: undefined })
    expect(isOver).toBe(true)
  })
})

describe('a target fails', () => {
  const error = new Error('no such host')

  test.each<readonly [string, Plan['run']]>([
    ['rejects', () => Promise.reject(error)],
    [
      'throws at once',
      () => {
        throw error
      },
    ],
  ])('where its run %s', async (_title, run) => {
    const { outcome, results } = await campaign(names(5), {
      run: (target, signal) => (target === 'host-2.example' ? run(target, signal) : Promise.resolve({ target })),
    })
    expect(outcome).toEqual(complete({ done: 4, failed: 1 }))
    expect(results).toContainEqual({ target: 'host-2.example', failure: { kind: 'error', error } })
  })

  test('where its run did not settle in time, which is told by its signal', async () => {
    const reasons: unknown[] = []
    const { outcome, results } = await campaign(names(3), {
      timeout: 20,
      run: async (target, signal) => {
        if (target !== 'host-1.example') return { target }
        signal.addEventListener('abort', () => reasons.push(signal.reason))
        return await untilAborted(signal)
      },
    })
    expect(outcome).toEqual(complete({ done: 2, failed: 1 }))
    expect(results).toContainEqual({ target: 'host-1.example', failure: { kind: 'timeout', timeout: 20 } })
    expect(reasons).toEqual([expect.objectContaining({ name: 'TimeoutError' })])
  })

  test('and not where its run gives what it has when its time is up', async () => {
    const { outcome } = await campaign(names(1), {
      timeout: 20,
      run: (target, signal) => untilAborted(signal).catch(() => ({ target })),
    })
    expect(outcome).toEqual(complete({ done: 1 }))
  })

  test('where its run never settles, and its place and its host are free again', async () => {
    const list = ['a.example:1', 'b.example:1', 'a.example:2', 'b.example:2', ...names(10)]
    const { outcome, results } = await campaign(list, {
      concurrency: 2,
      timeout: 20,
      grace: 10,
      run: (target) => (target.endsWith(':1') ? new Promise<never>(() => {}) : Promise.resolve({ target })),
    })
    expect(outcome).toEqual(complete({ done: 12, failed: 2 }))
    expect(results.filter(({ failure }) => failure !== undefined)).toHaveLength(2)
  })

  test.each(['resolves', 'rejects'])('once, where its run %s when it was given up', async (how) => {
    const rejections: unknown[] = []
    const onRejection = (reason: unknown): void => void rejections.push(reason)
    process.on('unhandledRejection', onRejection)
    onTestFinished(() => void process.off('unhandledRejection', onRejection))
    const results: Result[] = []
    let giveUp = (): void => {}
    const givenUp = new Promise<void>((resolve) => {
      giveUp = resolve
    })
    const { outcome } = await campaign(['a.example', 'b.example'], {
      concurrency: 1,
      timeout: 10,
      grace: 10,
      run: async (target) => {
        if (target === 'b.example') return { target }
        await givenUp
        if (how === 'rejects') throw error
        return { target }
      },
      onResult: (result) => {
        results.push(result)
        giveUp()
      },
    })
    await immediate()
    expect(results).toEqual([
      { target: 'a.example', failure: { kind: 'timeout', timeout: 10 } },
      { target: 'b.example' },
    ])
    expect(outcome).toEqual(complete({ done: 1, failed: 1 }))
    expect(rejections).toEqual([])
  })
})

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

describe('progress', () => {
  test('is told at first, at the end, and some times a second in between', async () => {
    const told: CampaignProgress[] = []
    const began = performance.now()
    await campaign([...names(40), 'host-0.example'], {
      total: 41,
      onProgress: (progress) => told.push(progress),
      run: async (target) => {
        await sleep(30)
        return { target }
      },
    })
    const took = performance.now() - began
    expect(told[0]).toEqual({ done: 0, total: 41, running: 0, perSecond: 0 })
    expect(told.at(-1)).toEqual({ done: 41, total: 41, running: 0, perSecond: told.at(-1)?.perSecond })
    expect(told.length).toBeGreaterThan(2)
    expect(told.length).toBeLessThanOrEqual(2 + took / 250)
    for (const { running, perSecond } of told.slice(1)) {
      expect(running).toBeLessThanOrEqual(4)
      expect(perSecond).toBeGreaterThan(0)
    }
  })

  test('has no total where none is known', async () => {
    const told: CampaignProgress[] = []
    await campaign(names(1), { onProgress: (progress) => told.push(progress) })
    expect(told[0]).toEqual({ done: 0, running: 0, perSecond: 0 })
  })
})
