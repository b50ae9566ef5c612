/** The question of overhead: short runs judge form and sense, no figure, and each check is shown a wrong instrument. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { cCompiler } from '../../../benchmarks/support/compile.js'
import { childrenOf, commandOf } from '../../support/processes.js'
import { seededRandom } from '../../../benchmarks/support/random.js'
import {
  callsBlock,
  callSides,
  type CallSide,
  neverCheaperThanC,
} from '../../../benchmarks/study/overhead/calls/calls.js'
import { type CallName, callNames } from '../../../benchmarks/study/overhead/calls/names.js'
import { overhead } from '../../../benchmarks/study/overhead/index.js'
import { liveBlock, metAll, securedOf } from '../../../benchmarks/study/overhead/live/live.js'
import { medianOf, ratios } from '../../../benchmarks/study/overhead/ratios.js'
import { reportedAll, serverBlock, serverTopics } from '../../../benchmarks/study/overhead/servers.js'
import type { Block, BlockResult } from '../../../benchmarks/study/question.js'

const { presentation } = overhead
const noCompiler = await cCompiler.missing()

async function runShort(block: Block, signal = new AbortController().signal): Promise<BlockResult> {
  const seen: number[] = []
  const context = {
    random: seededRandom(1),
    scale: 0.001,
    warmUp: 0.001,
    signal,
    progress: (part: number) => void seen.push(part),
  }
  const result = await block.run(context)
  expect(seen.at(-1)).toBe(1)
  expect(result.cells.map(({ parameters }) => parameters)).toEqual(block.cells)
  expect(result.checks.filter(({ passed }) => !passed)).toEqual([])
  expect(result.checks).not.toEqual([])
  return result
}

const shortTopics = serverTopics.map((topic) => ({ ...topic, size: topic.topic === 'bytes' ? 2 : 20 }))

test.each(shortTopics)('servers of $topic are measured on each side, and beside stock Node', async (topic) => {
  const { cells } = await runShort(serverBlock(topic))
  for (const { parameters, measures, absent } of cells) {
    const isBase = parameters['side'] === 'stock'
    const names = ['rate', 'cpu', ...(isBase ? [] : ['rateRatio', 'cpuRatio'])]
    expect(Object.keys(measures)).toEqual(names)
    expect(Object.keys(absent ?? {})).toEqual(isBase ? ['rateRatio', 'cpuRatio'] : [])
    for (const measure of Object.values(measures)) expect(measure).toMatchObject({ count: 1 })
  }
  const { rows } = presentation.table(cells)
  expect(rows.map((row) => row[1])).toEqual(Object.keys(topic.sides))
})

test('closureOf is timed in a process with so many SSLs', async () => {
  const { cells } = await runShort(liveBlock(40))
  expect(cells[0]?.measures).toMatchObject({
    time: { unit: 'us', count: 60 },
    ratio: { unit: 'ratio', count: 3 },
    first: { kind: 'amount' },
  })
})

test.skipIf(noCompiler !== undefined)('each call is timed in C, and from JavaScript', async () => {
  const { cells } = await runShort(callsBlock)
  expect(cells).toHaveLength(callNames.length * callSides.length)
  for (const { measures } of cells) expect(measures['time']).toMatchObject({ count: 8 })
  // The chart leaves out figures that are not precise, and says nothing where there are none.
  expect(presentation.table(cells).rows).toHaveLength(cells.length)
  for (const { name } of presentation.charts(cells)) expect(name).toBe('overhead-calls')
})

test('a block that is aborted ends its processes and throws the reason', async () => {
  const reason = new Error('as the test wants it')
  const [topic] = serverTopics
  if (topic === undefined) throw new Error('Expected a topic')
  for (const block of [serverBlock(topic), liveBlock(10_000)]) {
    const abort = new AbortController()
    const run = runShort(block, abort.signal)
    const aborted = expect(run).rejects.toBe(reason)
    await sleep(700)
    abort.abort(reason)
    await aborted
  }
  expect(
    childrenOf(process.pid)
      .map(commandOf)
      .filter((command) => command.includes('-process.js')),
  ).toEqual([])
})

test('nothing is said of nothing', () => {
  expect(presentation.answer([])).toBe('Not enough was measured to answer.')
  expect(presentation.charts([])).toEqual([])
  expect(presentation.table([]).rows).toEqual([])
})

test('the answer has the figures that there are, and no others', () => {
  const time = { kind: 'distribution', unit: 'us', better: 'lower', count: 60, min: 1, max: 9, p90: 8, p99: 9 } as const
  const cell = (live: number, median?: number) => ({
    question: 'overhead' as const,
    parameters: { topic: 'closureOf', live },
    measures: { time: { ...time, histogram: '', scale: 1000, ...(median !== undefined && { median }) } },
  })
  const cells = [cell(10, 7), cell(1000), cell(100_000, 8)]
  expect(presentation.answer(cells)).toBe(
    'closureOf() takes 7.00 µs with 10 SSLs in the process and 8.00 µs with 100,000.',
  )
  expect(
    presentation.charts(cells).map(({ name, series }) => [name, series.map(({ points }) => points.length)]),
  ).toEqual([['overhead-closure-of', [2]]])
})

test('all blocks together take no more than six minutes', async () => {
  const blocks = await overhead.blocks()
  expect(blocks.reduce((sum, { seconds }) => sum + seconds, 0)).toBeLessThanOrEqual(370)
  expect(new Set(blocks.map(({ id }) => id)).size).toBe(blocks.length)
})

test('a ratio is of values of the same round', () => {
  expect(ratios([2, 9], [1, 3])).toEqual([2, 3])
  expect(ratios([2, 9], [1])).toEqual([2])
  expect(medianOf([3, 1, 2])).toBe(2)
  expect(medianOf([])).toBeNaN()
  expect([10, 1000, 10_000, 100_000].map(securedOf)).toEqual([10, 1000, 1000, 10_000])
})

test('the check that all SSLs are there fails a process that has fewer', () => {
  expect(metAll(1000, 1000)).toMatchObject({ passed: true })
  expect(metAll(1000, 999)).toMatchObject({ passed: false })
  expect(metAll(1000, Number.NaN)).toMatchObject({ passed: false })
})

test.each([
  ['has not reported each connection', { side: 'policy', connections: 40, reports: 39 }],
  ['was not there', { side: 'bidirectional', connections: 40, reports: 0 }],
  ['was there where none was meant', { side: 'stock', connections: 40, reports: 40 }],
])('the check of reports fails a policy that %s', (_name, reported) => {
  const [, topic] = serverTopics
  if (topic === undefined) throw new Error('Expected a topic')
  const sound = { side: 'policy', connections: 40, reports: 40 }
  expect(reportedAll(topic, [sound])).toMatchObject({ passed: true })
  expect(reportedAll(topic, [sound, reported])).toMatchObject({ passed: false })
  expect(reportedAll(topic, [])).toMatchObject({ passed: false })
})

test('the check of calls fails a side that is cheaper than C, or was not measured', () => {
  const times = (engine: number[], shutdownOfClosure = 500) =>
    new Map(
      callNames.map((name): [CallName, Map<CallSide, number[]>] => [
        name,
        new Map<CallSide, number[]>([
          ['C', [2, 2]],
          ['C again', [2, 2]],
          ['engine', engine],
          ['closureOf', name === 'sslShutdown' ? [shutdownOfClosure] : [60, 60]],
        ]),
      ]),
    )
  expect(neverCheaperThanC(times([90, 90]))).toMatchObject({ passed: true })
  // Another libssl, which may be quicker.
  expect(neverCheaperThanC(times([90, 90], 1))).toMatchObject({ passed: true })
  expect(neverCheaperThanC(times([1, 1]))).toMatchObject({ passed: false })
  expect(neverCheaperThanC(times([]))).toMatchObject({ passed: false })
})
