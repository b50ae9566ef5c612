/** The question of loss: a short run of the program, and what its checks and its presentation are worth. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Cell, Measure } from '../../../benchmarks/study/cell.js'
import { cellsOf } from '../../../benchmarks/study/loss/cells.js'
import { checksOf } from '../../../benchmarks/study/loss/checks.js'
import { loss } from '../../../benchmarks/study/loss/index.js'
import type { Outcome } from '../../../benchmarks/study/loss/outcome.js'
import { plans, type Plan } from '../../../benchmarks/study/loss/plans.js'
import { allWaysOf, type Kind, type Situation, settings, type Way } from '../../../benchmarks/study/loss/situations.js'
import { readResult, type StudyResult } from '../../../benchmarks/study/result.js'
import { seededRandom } from '../../../benchmarks/support/random.js'
import { childrenOf, isAlive } from '../../support/processes.js'

const program = fileURLToPath(new URL('../../../dist/benchmarks/study/main.js', import.meta.url))

/** A hang guard, far from anything that is measured. */
const guard = 120_000

describe('a short run', () => {
  let folder = ''
  let result: StudyResult

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'loss-'))
    for (const situation of ['upload cut', 'client closes at once']) {
      await study(path.join(folder, situation), [`situation=${situation}`, 'network=loopback', 'protocol=TLSv1.3'])
    }
    const [first, second] = ['upload cut', 'client closes at once'].map((name) =>
      readResult(fileIn(path.join(folder, name))),
    )
    if (first === undefined || second === undefined) throw new Error('Expected two results')
    result = { ...first, cells: [...first.cells, ...second.cells], checks: [...first.checks, ...second.checks] }
  }, guard)

  afterAll(() => rm(folder, { recursive: true }))

  test('has every way of closing, eight times, and passes all checks', () => {
    const sides = (situation: Situation) => allWaysOf(situation).map(({ way }) => way)
    expect(result.cells.map(({ parameters }) => parameters['side'])).toEqual([
      ...sides('upload cut'),
      ...sides('client closes at once'),
    ])
    for (const cell of result.cells) expect(cell.measures['delivered']).toMatchObject({ kind: 'share', of: 8 })
    expect(result.checks.length).toBe(14)
    expect(result.checks.filter(({ passed }) => !passed)).toEqual([])
  })

  test('loses an answer that cuts an upload by destroy(), none by a bidirectional closing', () => {
    expect(measure('upload cut', 'destroy()', 'delivered')).toMatchObject({ hits: 0 })
    expect(measure('upload cut', 'destroy()', 'lostBytes')).toMatchObject({ max: settings['upload cut'].bytes })
    for (const way of ['bidirectional', 'https, policy, bidirectional'] as const) {
      expect(measure('upload cut', way, 'delivered')).toMatchObject({ hits: 8 })
      expect(measure('upload cut', way, 'lostBytes')).toMatchObject({ max: 0 })
      expect(measure('upload cut', way, 'reset')).toMatchObject({ hits: 0 })
    }
  })

  test('loses the tickets of a client that destroys its socket at once, and so the resumption', () => {
    expect(measure('client closes at once', 'destroy()', 'tickets')).toMatchObject({ max: 0 })
    expect(measure('client closes at once', 'destroy()', 'resumed')).toMatchObject({ hits: 0 })
    expect(measure('client closes at once', 'bidirectional', 'tickets')).toMatchObject({ min: 2 })
    expect(measure('client closes at once', 'bidirectional', 'resumed')).toMatchObject({ hits: 8 })
  })

  test('is answered with its figures', () => {
    expect(loss.presentation.answer(result.cells)).toMatch(/lost by Node's https server in [\d.]+ % of the runs/)
    expect(loss.presentation.charts(result.cells).map(({ name }) => name)).toEqual([
      'loss-runs',
      'loss-bytes',
      'loss-resumption',
    ])
    const { head, rows } = loss.presentation.table(result.cells)
    expect(rows).toHaveLength(result.cells.length)
    for (const row of rows) expect(row).toHaveLength(head.length)
  })

  function measure(situation: Situation, side: Way, name: string): Measure | undefined {
    const found = result.cells.find(
      ({ parameters }) => parameters['situation'] === situation && parameters['side'] === side,
    )
    return found?.measures[name]
  }
})

test(
  'a run that is interrupted leaves no process',
  async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'loss-'))
    try {
      const run = startStudy(folder, ['situation=at rest'])
      const ended = once(run, 'exit')
      // Three closers and the peer.
      const children = await vi.waitUntil(() => {
        const found = childrenOf(run.pid ?? 0)
        return found.length === 4 && found
      }, guard)
      run.kill('SIGINT')
      expect(await ended).toEqual([130, null])
      expect(children.filter(isAlive)).toEqual([])
    } finally {
      await rm(folder, { recursive: true })
    }
  },
  guard,
)

describe('the checks', () => {
  const modules = new Map<Kind, boolean>([
    ['stock', false],
    ['closure', true],
    ['policy', true],
  ])

  test('pass with right instruments', () => {
    expect(failed('upload cut', {})).toEqual([])
  })

  test.each<[string, string, Situation, Way, Partial<Outcome>]>([
    ['a peer that counts the head', 'the peer reads no more than was written', 'upload cut', 'end()', { read: 70_000 }],
    [
      'a peer that stops reading',
      'bytes delivered are bytes sent where no loss is claimed',
      'upload cut',
      'https, policy, bidirectional',
      { read: 65_535 },
    ],
    [
      'a network that drops the end',
      'bytes delivered are bytes sent where no loss is claimed',
      'at rest',
      'end()',
      { read: 0 },
    ],
    [
      'a peer that knows no certificate',
      'the peer fails by a RST or not at all',
      'upload cut',
      'quiet',
      { failure: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    ],
    [
      'a report that calls clean what was cut',
      'where the report says clean, the peer has everything',
      'upload cut',
      'unidirectional',
      { read: 1, claim: { verdict: 'clean', sent: 'close_notify' } },
    ],
    [
      'a report that counts as undelivered what has arrived',
      'the peer has nothing of what the report counts as undelivered',
      'upload cut',
      'quiet',
      { claim: { verdict: 'timed-out', sent: 'nothing', undelivered: 1 } },
    ],
    [
      'a client that takes a session from elsewhere',
      'no session is resumed that was not given',
      'upload cut',
      'destroy()',
      { tickets: 0, resumed: true },
    ],
  ])('find %s', (_broken, name, situation, way, change) => {
    expect(failed(situation, { [way]: change })).toEqual([name])
  })

  test.each([
    ['the package in the process of stock Node', new Map<Kind, boolean>([...modules, ['stock', true]])],
    ['a closer that closes without the package', new Map<Kind, boolean>([...modules, ['closure', false]])],
    ['no process at all', new Map<Kind, boolean>()],
  ])('find %s', (_broken, wrong) => {
    expect(failed('upload cut', {}, wrong)).toEqual(["Node's own ways run without the package"])
  })

  function failed(situation: Situation, changes: Partial<Record<Way, Partial<Outcome>>>, loaded = modules) {
    const checks = checksOf(planOf(situation), outcomesOf(situation, changes), loaded)
    return checks.flatMap(({ passed, name }) => (passed ? [] : [name]))
  }
})

describe('the presentation', () => {
  test('says that what answers it was not measured', () => {
    expect(loss.presentation.answer([])).toBe('The situations that answer it were not measured.')
    expect(loss.presentation.charts([])).toEqual([])
    expect(loss.presentation.table([]).rows).toEqual([])
  })

  test('gives what there is of a part', () => {
    const cells = cellsIn('client closes at once', { 'destroy()': { read: 0, resumed: false } })
    expect(loss.presentation.answer(cells)).toBe(
      'Its next connection then resumes in 0 % of the runs after destroy(), 100 % after end(), ' +
        '100 % after a bidirectional closing.',
    )
    const [runs, bytes] = loss.presentation.charts(cells)
    expect(runs?.series[0]?.points[0]).toMatchObject({ x: 'destroy()', y: 100, high: 100 })
    expect(bytes?.series[0]?.points[0]).toEqual({ x: 'destroy()', y: 100 })
    expect(loss.presentation.table(cells).rows[0]?.slice(0, 3)).toEqual(['client closes at once', 'destroy()', '100 %'])
  })

  test('fits a page: at most three charts and sixty rows', () => {
    const all = plans.flatMap((plan) => cellsOf(plan, outcomesOf(plan.situation, {}), seededRandom(1)))
    expect(loss.presentation.charts(all).length).toBeLessThanOrEqual(3)
    expect(loss.presentation.table(all).rows.length).toBeLessThan(60)
  })

  function cellsIn(situation: Situation, changes: Partial<Record<Way, Partial<Outcome>>>): readonly Cell[] {
    return cellsOf(planOf(situation), outcomesOf(situation, changes), seededRandom(1))
  }
})

test('its blocks measure the cells that they announce, in five minutes', async () => {
  const blocks = await loss.blocks()
  expect(new Set(blocks.map(({ id }) => id)).size).toBe(blocks.length)
  expect(blocks.reduce((sum, { seconds }) => sum + seconds, 0)).toBeLessThanOrEqual(300)
  for (const [index, plan] of plans.entries()) {
    const cells = cellsOf(plan, outcomesOf(plan.situation, {}), seededRandom(1))
    expect(cells.map(({ parameters }) => parameters)).toEqual(blocks[index]?.cells)
  }
})

function planOf(situation: Situation): Plan {
  const network = { kind: 'loopback' } as const
  return { situation, network, protocol: 'TLSv1.3', runs: 8, atOnce: 1, seconds: 1 }
}

/** One run of each way in which nothing is lost, but for the changes. */
function outcomesOf(situation: Situation, changes: Partial<Record<Way, Partial<Outcome>>>): readonly Outcome[] {
  const { bytes } = settings[situation]
  return allWaysOf(situation).map(({ way }) => ({
    way,
    written: bytes,
    read: bytes,
    failure: 'none',
    tickets: 2,
    resumed: true,
    claim: undefined,
    ...changes[way],
  }))
}

function fileIn(folder: string): string {
  return path.join(folder, 'study.json')
}

function startStudy(folder: string, cells: readonly string[]) {
  const options = ['--questions', 'loss', '--cells', cells.join(','), '--time', '0.051', '--seed', '7', '--out', folder]
  return spawn(process.execPath, [program, ...options], { stdio: ['ignore', 'ignore', 'pipe'] })
}

async function study(folder: string, cells: readonly string[]): Promise<void> {
  const run = startStudy(folder, cells)
  let said = ''
  run.stderr.on('data', (chunk) => {
    said += String(chunk)
  })
  await once(run, 'close')
  if (run.exitCode !== 0) throw new Error(`Expected the study to end with 0 but it ended with ${run.exitCode}: ${said}`)
}
