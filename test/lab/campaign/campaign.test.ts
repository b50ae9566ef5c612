import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openJournal } from '../../../lib/lab/campaign/journal.js'
import type { CampaignProgress } from '../../../lib/lab/campaign/progress.js'
import { campaign, complete, names, untilAborted } from './quick-campaign.js'
import type { Plan, Result } from './quick-campaign.js'
import { listOf, temporaryFolder } from './support.js'

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
