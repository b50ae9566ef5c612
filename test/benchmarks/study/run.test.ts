/** Plan and run, with questions of the test's own: what is left out, what is gone on with, what fails. */
import { expect, test } from 'vitest'
import { type Cell, questionNames } from '../../../benchmarks/study/cell.js'
import {
  inOrder,
  inReadingOrder,
  inShortForm,
  possible,
  scaleFor,
  secondsOf,
  stepsOf,
} from '../../../benchmarks/study/plan.js'
import type { Block, Need, Question, RunContext } from '../../../benchmarks/study/question.js'
import { questionsNamed } from '../../../benchmarks/study/questions.js'
import { newResult, type StudyResult } from '../../../benchmarks/study/result.js'
import { distribution, present } from '../../../benchmarks/study/measures.js'
import { runVisits } from '../../../benchmarks/study/run.js'
import { shortForm } from '../../../benchmarks/study/short-form.js'

const settings = { questions: ['latency'], cells: [], scale: 0.5, seed: 42 } as const

function block(rtt: number, run: Block['run'] = measure(rtt), needs: readonly Need[] = [], visits?: number): Block {
  const id = `latency rtt=${rtt}`
  return { id, cells: [{ rtt, side: 'end()' }], needs, seconds: 10, ...(visits && { visits }), run }
}

function measure(rtt: number): Block['run'] {
  return (context) => {
    context.progress(1)
    const drawn = context.random()
    const cell: Cell = { question: 'latency', parameters: { rtt, side: 'end()', drawn }, measures: {} }
    return Promise.resolve({ cells: [cell], checks: [] })
  }
}

function question(...blocks: readonly Block[]): Question {
  const presentation = { answer: () => '', charts: () => [], table: () => ({ head: [], rows: [] }) }
  return { name: 'latency', title: 'A question', definitions: { rtt: 'a' }, blocks: () => blocks, presentation }
}

function cellOf(rtt: number): Cell {
  return { question: 'latency', parameters: { rtt, side: 'end()' }, measures: {} }
}

interface Ran {
  readonly result: StudyResult
  readonly saved: readonly StudyResult[]
}

async function run(
  blocks: readonly Block[],
  result = newResult(settings),
  signal = new AbortController().signal,
  { scale } = result.settings,
): Promise<Ran> {
  const saved: StudyResult[] = []
  const visits = inOrder(await stepsOf([question(...blocks)], []), { ...settings, scale })
  const save = (state: StudyResult): number => saved.push(state)
  return { result: await runVisits({ visits, result, signal, save, show: () => {} }), saved }
}

test('cells are picked by whole words', async () => {
  const all = question(block(10), block(100))
  expect((await stepsOf([all], ['rtt=10'])).map(({ block: { id } }) => id)).toEqual(['latency rtt=10'])
  expect(await stepsOf([all], ['rtt=1'])).toEqual([])
  expect(await stepsOf([all], ['side=end()', 'rtt=100'])).toHaveLength(1)
})

test('less time is fewer samples, more time is no more than a full run', async () => {
  const steps = await stepsOf([question(block(1), block(2))], [])
  // Two blocks of ten seconds, of which three are none of the samples'.
  expect(scaleFor(steps, 13)).toBe(0.5)
  expect(secondsOf(steps, 0.5)).toBe(13)
  expect(scaleFor(steps, 500)).toBe(1)
  expect(scaleFor(steps, 6)).toBeUndefined()
})

test('the short form has blocks of every question, and each of them is one', async () => {
  const short = inShortForm(await stepsOf(questionsNamed(questionNames), []))
  expect(short.map(({ block: { id } }) => id).toSorted()).toEqual([...shortForm.blocks].toSorted())
  expect(new Set(short.map(({ question: { name } }) => name))).toEqual(new Set(questionNames))
})

test('the whole study takes at most 40 minutes', async () => {
  expect(secondsOf(await stepsOf(questionsNamed(questionNames), []), 1)).toBeLessThanOrEqual(40 * 60)
})

test('what the machine lacks is asked once, and leaves its blocks out with the reason', async () => {
  let asked = 0
  const missing = (): Promise<string> => {
    asked += 1
    return Promise.resolve(`no thing, ${asked}`)
  }
  const lacking: Need = { name: 'a thing', missing }
  const steps = await stepsOf(
    [question(block(1, measure(1), [lacking]), block(2), block(3, measure(3), [lacking]))],
    [],
  )
  const { steps: able, leftOut } = await possible(steps)
  expect(able.map(({ block: { id } }) => id)).toEqual(['latency rtt=2'])
  expect(leftOut).toEqual([
    { block: 'latency rtt=1', why: 'no thing, 1' },
    { block: 'latency rtt=3', why: 'no thing, 1' },
  ])
})

test('the result is saved after each block, and a seed gives the same order and the same chances', async () => {
  const blocks = [1, 2, 3, 4, 5].map((rtt) => block(rtt))
  const { result, saved } = await run(blocks)
  expect(saved.map(({ done, outcome }) => [done.length, outcome])).toEqual([
    [1, 'running'],
    [2, 'running'],
    [3, 'running'],
    [4, 'running'],
    [5, 'running'],
    [5, 'complete'],
  ])
  expect((await run(blocks)).result.cells).toEqual(result.cells)
  const inOneGo = result.cells
  const half = saved[1] ?? result
  const goneOn = await run(blocks, half)
  expect(goneOn.saved).toHaveLength(4)
  expect(goneOn.result.cells).toEqual(inOneGo)
})

test('a block that is visited several times is spread over the run, and its cells are one in the end', async () => {
  const seen: { readonly rtt: number; readonly scale: number; readonly warmUp: number }[] = []
  const visited = (rtt: number): Block =>
    block(
      rtt,
      ({ scale, warmUp, random }) => {
        seen.push({ rtt, scale, warmUp })
        const done = distribution(
          Array.from({ length: 50 }, () => 5 + random()),
          { unit: 'ms', better: 'lower' },
          random,
        )
        const cell = { ...cellOf(rtt), measures: present({ done }) }
        const check = { name: 'a', question: 'latency', where: 'here', expected: '', found: '', passed: true } as const
        return Promise.resolve({ cells: [cell], checks: [check] })
      },
      [],
      4,
    )
  const blocks = [visited(1), visited(2)]
  const whole = newResult({ ...settings, scale: 1 })
  const { result, saved } = await run(blocks, whole)
  expect(seen).toHaveLength(8)
  expect(seen.every(({ scale, warmUp }) => scale === 0.25 && warmUp === 1)).toBe(true)
  // One visit of each in each quarter of the run.
  for (const quarter of [0, 2, 4, 6])
    expect(new Set(seen.slice(quarter, quarter + 2).map(({ rtt }) => rtt)).size).toBe(2)
  expect(saved[4]?.cells).toHaveLength(5)
  expect(saved[4]?.cells.every(({ visit }) => visit !== undefined)).toBe(true)
  expect(result.done.filter(({ block: id }) => id === 'latency rtt=1').map(({ visit }) => visit)).toEqual([0, 1, 2, 3])
  expect(result.cells).toHaveLength(2)
  for (const { measures, visit } of result.cells) {
    expect(visit).toBeUndefined()
    expect(measures['done']).toMatchObject({ count: 200, visits: { length: 4 } })
  }
  expect(new Set(result.checks.map(({ where }) => where)).size).toBe(4)
  // What was interrupted goes on with the visit that comes next.
  const goneOn = await run(blocks, saved[4])
  expect(goneOn.saved).toHaveLength(4)
  expect(goneOn.result.cells).toEqual(result.cells)
  // Half the samples are taken in half the visits.
  seen.length = 0
  await run(blocks)
  expect(seen.map(({ scale }) => scale)).toEqual([0.25, 0.25, 0.25, 0.25])
})

test('the cells of a result are put into the order of the blocks', async () => {
  const blocks = [5, 1, 4, 2, 3].map((rtt) => block(rtt, () => Promise.resolve({ cells: [cellOf(rtt)], checks: [] })))
  const { result } = await run(blocks)
  const ordered = inReadingOrder(result, await stepsOf([question(...blocks)], []))
  expect(ordered.cells).toEqual([5, 1, 4, 2, 3].map(cellOf))
  expect(result.cells).not.toEqual(ordered.cells)
})

test('a block that fails is told, does not end the run, and is tried again', async () => {
  const broken = (): never => {
    throw new Error('out of order', { cause: new Error('no oil') })
  }
  const { result } = await run([block(1, broken), block(2)])
  expect(result.outcome).toBe('failed')
  expect(result.failures).toEqual([{ block: 'latency rtt=1', error: 'out of order: no oil' }])
  expect(result.cells).toHaveLength(1)
  const again = await run([block(1), block(2)], result)
  expect(again.result).toMatchObject({ outcome: 'complete', failures: [] })
  expect(again.result.cells).toHaveLength(2)
})

test('an abort keeps what was measured and begins nothing more', async () => {
  const controller = new AbortController()
  const begun: number[] = []
  const aborting = (rtt: number): Block =>
    block(rtt, (context: RunContext) => {
      begun.push(rtt)
      if (begun.length === 1) return measure(rtt)(context)
      const interrupted = new Error('interrupted')
      controller.abort(interrupted)
      return Promise.reject(interrupted)
    })
  const { result, saved } = await run([1, 2, 3].map(aborting), newResult(settings), controller.signal)
  expect(begun).toHaveLength(2)
  expect(result).toMatchObject({ outcome: 'interrupted', failures: [] })
  expect(result.cells).toHaveLength(1)
  expect(saved.at(-1)).toBe(result)
})
