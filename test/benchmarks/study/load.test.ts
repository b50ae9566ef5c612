/** The question of load: short runs of both loads, its checks on broken instruments, and what is made of the figures. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { Cell } from '../../../benchmarks/study/cell.js'
import type { BlockResult, RunContext } from '../../../benchmarks/study/question.js'
import { burstBlock } from '../../../benchmarks/study/load/burst.js'
import { burstCell, type BurstPlan, burstChecks, type Sample } from '../../../benchmarks/study/load/burst-cells.js'
import { allClosed, allDelivered, fullBudgets, nearFormula, sameMeans } from '../../../benchmarks/study/load/checks.js'
import { heldByFormula, openAt, openOverTime, overlap } from '../../../benchmarks/study/load/descriptors.js'
import { load } from '../../../benchmarks/study/load/index.js'
import { isSilent, policyOf, type Side } from '../../../benchmarks/study/load/sides.js'
import { distribution, present } from '../../../benchmarks/study/measures.js'
import { streamBlock } from '../../../benchmarks/study/load/stream.js'
import {
  meansOf,
  type Run,
  streamCell,
  streamChecks,
  type StreamPlan,
  windowsOf,
} from '../../../benchmarks/study/load/stream-cells.js'
import { seededRandom } from '../../../benchmarks/support/random.js'
import { childrenOf } from '../../support/processes.js'

/** A hang guard, far from anything that is measured. */
const guard = 120_000

function context(signal = new AbortController().signal): RunContext {
  return { random: seededRandom(5), scale: 0.01, warmUp: 0.01, signal, progress: () => {} }
}

const burst: BurstPlan = {
  ...{ connections: 20, silent: 10, budget: 150, rounds: 1, leastRounds: 1, seconds: 5, warmSamples: 1 },
  sides: ['destroy()', 'by hand', 'bidirectional', 'TlsStream, bidirectional'],
}
const stream: StreamPlan = {
  ...{
    perSecond: 50,
    silent: 10,
    budget: 150,
    rtt: 10,
    window: 250,
    windows: 2,
    rounds: 1,
    leastRounds: 1,
    seconds: 5,
  },
  sides: ['end()', 'bidirectional', 'TlsStream, unidirectional'],
}

function cellOf({ cells }: BlockResult, side: Side) {
  const cell = cells.find(({ parameters }) => parameters['side'] === side)
  if (cell === undefined) throw new Error(`No cell of ${side}`)
  return cell
}

/** All values of a measure lie within these. */
function rangeOf({ measures }: Cell, name: string): { readonly min: number; readonly max: number } {
  const measure = measures[name]
  if (measure?.kind === 'amount') return { min: measure.value, max: measure.value }
  if (measure?.kind !== 'distribution') throw new Error(`Expected ${name} to have a range`)
  return measure
}

/** The values of the last sample over time. */
function openOf({ measures }: Cell): readonly number[] {
  const measure = measures['openFiles']
  if (measure?.kind !== 'series') throw new Error('Expected open files over time')
  return measure.points.map(([, open]) => open)
}

function failures({ checks }: Pick<BlockResult, 'checks'>): readonly string[] {
  return checks.flatMap(({ passed, name, where, found }) => (passed ? [] : [`${name}, ${where}: ${found}`]))
}

describe('a short burst', () => {
  let result: BlockResult

  beforeAll(async () => {
    result = await burstBlock(burst).run(context())
  }, guard)

  test('passes its checks', () => {
    expect(failures(result)).toEqual([])
    expect(result.checks).toHaveLength(3)
  })

  test('waits for silent peers as long as its budget where it waits, and holds few descriptors meanwhile', () => {
    for (const side of ['by hand', 'bidirectional', 'TlsStream, bidirectional'] as const) {
      const cell = cellOf(result, side)
      expect(cell.measures['wall']).toMatchObject({ kind: 'distribution', count: 2 })
      expect(rangeOf(cell, 'wall').min).toBeGreaterThan(burst.budget - 2)
      expect(rangeOf(cell, 'fdSeconds').max).toBeLessThan(rangeOf(cell, 'wall').max)
      // Two of twenty are silent, the others have answered by then.
      expect(openOf(cell).at(-3)).toBeCloseTo(2)
    }
    expect(rangeOf(cellOf(result, 'destroy()'), 'wall').min).toBeLessThan(burst.budget)
  })

  test('measures CPU time and stalls in turns, and says why it cannot tell the memory of a connection', () => {
    for (const side of ['bidirectional', 'TlsStream, bidirectional'] as const) {
      const { measures, absent } = cellOf(result, side)
      expect(measures).toMatchObject({ cpuPerClose: { count: 1 }, longestStall: { count: 1 } })
      expect(Object.keys(absent ?? {})).toEqual(['rssPerOpen', 'rssPerClosing'])
    }
  })

  test('says why it measures no CPU time of a burst for which no server is warmed up', () => {
    const cell = burstCell({ ...burst, warmSamples: 0 }, 'bidirectional', new Map(), seededRandom(1))
    expect(Object.keys(cell.absent ?? {})).toEqual(expect.arrayContaining(['cpuPerClose', 'cpuToEnd']))
  })

  test('leaves no process behind', () => {
    expect(childrenOf(process.pid)).toEqual([])
  })
})

describe('a short stream', () => {
  let result: BlockResult

  beforeAll(async () => {
    result = await streamBlock(stream).run(context())
  }, guard)

  // Whether it follows the formula is told by a machine that does nothing else.
  test('passes its checks', () => {
    expect(failures(result).filter((failure) => !failure.startsWith('open files of a steady stream'))).toEqual([])
    expect(result.checks).toHaveLength(7)
  })

  test('has descriptors held, the formula and the time that the network takes', () => {
    const cell = cellOf(result, 'bidirectional')
    expect(rangeOf(cell, 'rtt').min).toBeGreaterThan(stream.rtt)
    expect(rangeOf(cell, 'held').min).toBeGreaterThan(0.5)
    const least = heldByFormula(rangeOf(cell, 'closesPerSecond').min, stream.rtt, stream.silent, stream.budget)
    expect(rangeOf(cell, 'formula').min).toBeGreaterThan(least)
  })

  test.each(['end()', 'TlsStream, unidirectional'] as const)(
    'says of %s with silent peers that it comes to no rest',
    (side) => {
      const cell = cellOf(result, side)
      expect(Object.keys(cell.measures)).not.toContain('held')
      expect(cell.absent?.['held']).toContain('grows')
      const open = openOf(cell)
      expect(open.at(-1)).toBeGreaterThan(open[0] ?? Infinity)
    },
  )

  test('puts the CPU time of a stream of ours beside that of end()', () => {
    expect(rangeOf(cellOf(result, 'TlsStream, unidirectional'), 'cpuToEnd').min).toBeGreaterThan(0)
  })

  test('leaves no process behind', () => {
    expect(childrenOf(process.pid)).toEqual([])
  })
})

describe('an interruption', () => {
  test.each([
    ['a burst', burstBlock(burst)],
    ['a stream', streamBlock(stream)],
  ])(
    'ends %s with its reason and leaves no process behind',
    async (_name, block) => {
      const controller = new AbortController()
      const running = block.run({ ...context(controller.signal), scale: 1 })
      running.catch(() => {})
      while (childrenOf(process.pid).length < 2) await new Promise((resolve) => setTimeout(resolve, 10))
      controller.abort(new Error('as the test wants it'))
      await expect(running).rejects.toThrow('as the test wants it')
      expect(childrenOf(process.pid)).toEqual([])
    },
    guard,
  )

  test('before it has begun starts nothing', async () => {
    await expect(burstBlock(burst).run(context(AbortSignal.abort(new Error('too late'))))).rejects.toThrow('too late')
  })

  test('by a process that dies fails the block and leaves no process behind', async () => {
    const running = burstBlock(burst).run(context())
    running.catch(() => {})
    while (childrenOf(process.pid).length < 2) await new Promise((resolve) => setTimeout(resolve, 10))
    for (const pid of childrenOf(process.pid)) process.kill(pid, 'SIGKILL')
    await expect(running).rejects.toThrow(/process ended/)
    expect(childrenOf(process.pid)).toEqual([])
  }, 30_000)
})

describe('a broken instrument fails the check', () => {
  test('bytes delivered equal bytes sent', () => {
    expect(allDelivered(5120, 5120).passed).toBe(true)
    expect(allDelivered(5120, 5119).passed).toBe(false)
    expect(allDelivered(0, 0).passed).toBe(false)
  })

  test('every descriptor is closed in the end', () => {
    expect(allClosed([0, 0]).passed).toBe(true)
    expect(allClosed([0, 1])).toMatchObject({ passed: false, found: 'at most 1 more, after 2 samples' })
    expect(allClosed([]).passed).toBe(false)
  })

  test('bidirectional closings with silent peers take their budget', () => {
    const waits = { silent: 2, budget: 250, early: 2 }
    expect(fullBudgets([{ ...waits, took: [1, 2, 248.5, 251] }]).passed).toBe(true)
    expect(fullBudgets([{ ...waits, took: [1, 2, 247.5, 251] }])).toMatchObject({
      passed: false,
      found: '1 were shorter',
    })
    // A long wait in one sample does not make up for a short one in another.
    expect(
      fullBudgets([
        { ...waits, took: [251, 251, 251] },
        { ...waits, took: [1, 251] },
      ]).passed,
    ).toBe(false)
    expect(fullBudgets([]).passed).toBe(false)
  })

  test("open files are the connections of the server's notes", () => {
    expect(sameMeans({ kernel: 10.5, notes: 10 }).passed).toBe(true)
    expect(sameMeans({ kernel: 10.7, notes: 10 }).passed).toBe(false)
    expect(sameMeans({ kernel: 1.3, notes: 1 }).passed).toBe(true)
    expect(sameMeans({ kernel: undefined, notes: 10 }).passed).toBe(false)
    expect(sameMeans({ kernel: Number.NaN, notes: 10 }).passed).toBe(false)
  })

  test('open files of a steady stream follow the formula', () => {
    expect(nearFormula(2.9, 2).passed).toBe(true)
    expect(nearFormula(3.1, 2).passed).toBe(false)
    expect(nearFormula(1.3, 2).passed).toBe(false)
    expect(nearFormula(Number.NaN, 2).passed).toBe(false)
  })

  test('among those of a burst, whichever sample it is in', () => {
    const sample: Sample = {
      ...{ cpu: 1, left: 0, sent: 10, received: 10 },
      closed: [1, 151, 152],
    }
    const checksWith = (change: Partial<Sample>, side: Side = 'bidirectional'): readonly string[] => {
      const plan = { ...burst, connections: 20 }
      const samples = new Map<Side, Sample[]>([[side, [sample, { ...sample, ...change }]]])
      return burstChecks(plan, samples).flatMap(({ passed, name }) => (passed ? [] : [name]))
    }
    expect(checksWith({})).toEqual([])
    expect(checksWith({ received: 9 })).toEqual(['bytes delivered equal bytes sent'])
    expect(checksWith({ left: 1 })).toEqual(['every descriptor is closed in the end'])
    for (const side of ['bidirectional', 'TlsStream, bidirectional'] as const) {
      expect(checksWith({ closed: [1, 100, 152] }, side)).toEqual([
        'bidirectional closings with silent peers take their budget',
      ])
    }
  })
})

describe('open files', () => {
  const spans = [
    { from: 0, to: 10 },
    { from: 5, to: 25 },
    { from: 20, to: Infinity },
  ]

  test('are the time of all spans within a window, over its length', () => {
    expect(overlap(spans, { from: 0, to: 20 })).toBe(25)
    expect(overlap(spans, { from: 10, to: 30 })).toBe(25)
    expect(overlap([], { from: 0, to: 20 })).toBe(0)
    expect(openOverTime(spans, { from: 0, to: 20 }, 10)).toEqual([
      [5, 1.5],
      [15, 1],
    ])
  })

  test('at a moment are those that have begun and not ended', () => {
    expect([0, 5, 9.9, 10, 22, 100].map((at) => openAt(spans, at))).toEqual([1, 2, 2, 1, 2, 1])
  })

  test('follow the formula', () => {
    expect(heldByFormula(1000, 20, 10, 250)).toBe(45)
    expect(heldByFormula(1000, 20, 0, 250)).toBe(20)
  })

  test('of a stream are those whose closing was called; the kernel counts the others too', () => {
    // A connection every 10 ms, which shakes hands for 10 ms and closes for 20: three are open at a time, two closing.
    const lives = Array.from({ length: 100 }, (_value, at) => {
      return { accepted: at * 10, called: at * 10 + 10, closed: at * 10 + 30 }
    })
    const marks = [200, 400, 600].map((at) => ({ at, cpu: at * 100 }))
    const counts = Array.from({ length: 200 }, (_value, at) => ({ at: at * 5, open: 3 }))
    const run: Run = { marks, lives, counts, echoes: [19, 21], stall: 1, sent: 1, received: 1, left: 0 }
    const still = { ...stream, silent: 0 }
    expect(windowsOf(still, run)).toEqual([
      { closes: 20, perSecond: 100, held: 2, cpu: 20_000, formula: 2 },
      { closes: 20, perSecond: 100, held: 2, cpu: 20_000, formula: 2 },
    ])
    expect(meansOf([run])).toEqual({ kernel: 3, notes: 3 })
    expect(
      streamCell(still, 'bidirectional', new Map([['bidirectional', [run]]]), seededRandom(1)).measures,
    ).toMatchObject({
      formula: { value: 2 },
      fdSeconds: { min: 20, max: 20 },
      cpuPerConnection: { min: 1000 },
    })
  })
})

describe('the question', () => {
  test('spreads silent peers evenly, in the share that is asked for', () => {
    for (const percent of [0, 1, 10, 100]) {
      const silent = Array.from({ length: 1000 }, (_value, index) => isSilent(index, percent))
      expect(silent.filter(Boolean)).toHaveLength(percent * 10)
      expect(silent.slice(0, 100).filter(Boolean)).toHaveLength(percent)
    }
  })

  test('gives a policy to the three modes, with one budget for every wait', () => {
    expect(policyOf('by hand', 250, 10)).toBeUndefined()
    expect(policyOf('quiet', 250, 10)).toEqual({ mode: 'quiet', waitTimeout: 250, lingerTimeout: 250, maxWaiting: 10 })
  })

  test('takes a quarter of an hour at most, and no block or cell twice', async () => {
    const blocks = await load.blocks()
    expect(blocks.reduce((sum, { seconds }) => sum + seconds, 0)).toBeLessThanOrEqual(15 * 60)
    const ids = blocks.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const cells = blocks.flatMap(({ cells }) => cells.map((cell) => JSON.stringify(cell)))
    expect(new Set(cells).size).toBe(cells.length)
    for (const silent of [0, 1, 10, 100]) expect(ids.filter((id) => id.endsWith(` silent=${silent}`))).not.toEqual([])
  })

  test('defines each measure and each parameter', async () => {
    const parameters = (await load.blocks()).flatMap(({ cells }) => cells.flatMap((cell) => Object.keys(cell)))
    const measures = ['wall', 'cpuPerClose', 'cpuToEnd', 'fdSeconds', 'longestStall', 'rssPerOpen', 'rssPerClosing']
    const ofStreams = ['held', 'formula', 'heldToFormula', 'closesPerSecond', 'cpuPerConnection', 'openFiles', 'rtt']
    for (const name of [...parameters, ...measures, ...ofStreams]) expect(load.definitions).toHaveProperty(name)
  })

  test('is answered with the formula and what was measured, and drawn with the formula as the limit', () => {
    const calm: StreamPlan = { ...stream, silent: 10, rtt: 20 }
    const lives = Array.from({ length: 200 }, (_value, at) => {
      return { accepted: at * 10, called: at * 10 + 5, closed: at * 10 + (isSilent(at, 10) ? 155 : 25) }
    })
    const marks = Array.from({ length: 7 }, (_value, at) => ({ at: 300 + at * 200, cpu: at * 20_000 }))
    const run: Run = { marks, lives, counts: [], echoes: [20], stall: 1, sent: 1, received: 1, left: 0 }
    const dearer = { ...run, marks: marks.map(({ at, cpu }) => ({ at, cpu: cpu * 1.5 })) }
    const runs = new Map<Side, Run[]>([
      ['end()', [run]],
      ['bidirectional', [dearer]],
    ])
    const cell = streamCell(calm, 'bidirectional', runs, seededRandom(1))
    expect(cell.measures['cpuToEnd']).toMatchObject({ count: 6, min: 1.5, max: 1.5 })
    // 100 closes per second: nine of ten wait 20 ms, one 150 ms.
    expect(load.presentation.answer([cell])).toMatch(/held 3\.30 with 10 % silent peers, by the formula 3\.50/)
    const [files, formula] = load.presentation.charts([cell])
    expect(files?.series).toMatchObject([{ name: 'bidirectional', role: 'measured' }])
    expect(formula?.series.map(({ role }) => role)).toEqual(['measured', 'limit'])
    expect(load.presentation.table([cell]).rows).toEqual([expect.arrayContaining(['50 per second', '10 %', '3.50'])])
    const checks = (change: Partial<Run>): readonly string[] =>
      streamChecks(calm, new Map<Side, Run[]>([['bidirectional', [{ ...run, ...change }]]])).flatMap((check) =>
        check.passed ? [] : [check.name],
      )
    const counts = Array.from({ length: 300 }, (_value, at) => ({ at: at * 5, open: at % 5 === 0 ? 3 : 4 }))
    expect(checks({ counts })).toEqual([])
    // Clocks that disagree by a factor, a closing that is not noted, counts of another process.
    expect(checks({ counts, echoes: [2] })).toContain('open files of a steady stream follow the formula')
    expect(checks({ counts, lives: lives.filter((_life, at) => at % 2 === 0) })).toContain(
      "open files are the connections of the server's notes",
    )
    expect(checks({ counts: counts.map(({ at }) => ({ at, open: 0 })) })).toEqual([
      "open files are the connections of the server's notes",
    ])
    expect(checks({ counts, lives: lives.map((life) => ({ ...life, closed: life.called + 33 })) })).toContain(
      'bidirectional closings with silent peers take their budget',
    )
  })

  test('tells what a close of a TlsStream takes, where that was measured', () => {
    const cost = (side: Side, us: number): Cell => {
      const samples = [1, 2, 3, 4, 5, 6].map(() => us)
      const cpuPerClose = distribution(samples, { unit: 'us', better: 'lower' }, seededRandom(1))
      const parameters = { load: 'burst', connections: 1000, rtt: 0, budget: 250, silent: 0, side }
      return { question: 'load', parameters, measures: present({ cpuPerClose }) }
    }
    const node = [cost('end()', 50), cost('unidirectional', 60), cost('bidirectional', 70)]
    const ours = [cost('TlsStream, unidirectional', 41), cost('TlsStream, bidirectional', 51)]
    expect(load.presentation.answer(node)).toMatch(/Node's end\(\) takes 50\.0 µs\.$/)
    expect(load.presentation.answer([...node, ...ours])).toMatch(
      /A close of a TlsStream takes 51\.0 µs bidirectionally and 41\.0 µs unidirectionally\.$/,
    )
  })

  test('has a table that a person can read', async () => {
    const cells = (await load.blocks()).flatMap(({ cells }): Cell[] =>
      cells.map((parameters) => ({ question: 'load', parameters, measures: {} })),
    )
    const { head, rows } = load.presentation.table(cells)
    expect(rows.length).toBeLessThan(60)
    for (const row of rows) expect(row).toHaveLength(head.length)
  })

  test('is shown without a figure where there is none', () => {
    expect(load.presentation.answer([])).toContain('No figure')
    expect(load.presentation.charts([])).toEqual([])
    expect(load.presentation.table([]).rows).toEqual([])
  })
})

/** The processes that were started here and have not ended. */
