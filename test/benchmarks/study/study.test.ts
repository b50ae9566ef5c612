/** `npm run study` as a person uses it: a short run, Ctrl-C and going on, kill -9, two runs compared, wrong options. */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cell } from '../../../benchmarks/study/cell.js'
import { parseOptions } from '../../../benchmarks/study/options.js'
import { readResult, type StudyResult } from '../../../benchmarks/study/result.js'
import { cCompiler } from '../../../benchmarks/support/compile.js'
import { childrenOf, isAlive } from '../../support/processes.js'
import { type Ended, start } from '../support/start.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const program = path.join(root, 'dist/benchmarks/study/main.js')
const guard = 120_000
/** Four blocks, of which the machine has to have nothing. */
const simple = ['--questions', 'loss', '--cells', 'network=loopback,protocol=TLSv1.2', '--time', '0.22']
/** Four blocks of latency. */
const few = ['--questions', 'latency', '--cells', 'rtt=0,protocol=TLSv1.3,network=relay', '--time', '0.25']

let folder = ''
const out = (name: string): string => path.join(folder, name)
const file = (name: string): string => path.join(out(name), 'study.json')

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'study-'))
})
afterAll(() => rm(folder, { recursive: true }))

const run = (...args: readonly string[]): Promise<Ended> => start(program, args).ended

// The README asks for a compiler, but not for OpenSSL's headers.
const lackOfC = await cCompiler.missing()
if (lackOfC !== undefined) console.warn(`\nNO TEST OF THE QUESTION OF LATENCY: ${lackOfC}\n`)

describe.skipIf(lackOfC !== undefined)('a short run', () => {
  let ended: Ended
  let result: StudyResult

  beforeAll(async () => {
    ended = await run(...few, '--seed', '5', '--out', out('short'))
    result = readResult(file('short'))
  }, guard)

  test('measures all sides, passes all checks and says what came out', () => {
    expect(ended.stderr).not.toContain('Warning')
    expect(ended.stdout).toContain('What closing costs the side that closes first: ')
    expect(result.checks.filter(({ passed }) => !passed)).toEqual([])
    expect(ended).toMatchObject({ code: 0, signal: null })
    expect(result).toMatchObject({ outcome: 'complete', failures: [], settings: { seed: 5 } })
    expect(result.done).toHaveLength(4)
    expect(result.cells).toHaveLength(4 * 18)
  })

  test('knows what it can, and says why where it cannot', () => {
    const cell = (side: string, peer = 'answers'): Cell | undefined =>
      result.cells.find(({ parameters }) => parameters['side'] === side && parameters['peer'] === peer)
    expect(Object.keys(cell('bidirectional')?.measures ?? {})).toEqual([
      'delivered',
      'known',
      'done',
      'closed',
      'aboveEcho',
      'lost',
      'keptOpen',
    ])
    expect(cell('quiet')?.measures).not.toHaveProperty('known')
    expect(cell('quiet')?.absent).toEqual({ known: 'no close_notify is sent: the peer cannot know' })
    const keptOpen = (side: string): readonly number[] => {
      const measure = cell(side, 'silent')?.measures['keptOpen']
      return measure?.kind === 'share' ? [measure.hits, measure.of] : []
    }
    const [, closings = 0] = keptOpen('end()')
    expect(closings).toBeGreaterThan(7)
    expect(keptOpen('end()')).toEqual([closings, closings])
    expect(keptOpen('bidirectional')).toEqual([0, closings])
    expect(keptOpen('TlsStream, bidirectional')).toEqual([0, closings])
    expect(keptOpen('TlsStream, unidirectional')).toEqual([closings, closings])
    expect(cell('TlsStream, unidirectional')?.measures).toHaveProperty('known')
    expect(cell('TlsStream, quiet')?.measures).not.toHaveProperty('known')
    const { done } = cell('C, bidirectional', 'silent')?.measures ?? {}
    expect(done?.kind === 'distribution' && done.min).toBeGreaterThanOrEqual(250)
  })

  test('is printed as Markdown, with its answers and tables', async () => {
    const { code, stdout } = await run('--markdown', file('short'), '--charts', 'pictures')
    expect(code).toBe(0)
    expect(stdout).toContain('## What closing costs the side that closes first\n')
    expect(stdout).toMatch(/^\| network \| RTT \| side \|.*\|\n\|---\|/m)
    expect(stdout).toContain('| relay | 0 ms | TlsStream, bidirectional |')
  })

  test('compared with itself nothing is worse, and everything lies within', async () => {
    const { code, stdout } = await run('--compare', file('short'), file('short'))
    expect(code).toBe(0)
    expect(stdout).toMatch(/\d+ figures compared: 0 worse, 0 better/)
    expect(stdout).toContain("(100.0 %) lie within the old run's interval")
  })

  test('compared with one that was slower before, it is better, and the other way round worse with exit code 1', async () => {
    const slower = out('slower.json')
    const text = await readFile(file('short'), 'utf8')
    // A distribution of a hundredth of the scale has values that are a hundred times as large: nine closings on a busy
    // machine have intervals that are wide.
    const longer = JSON.stringify(JSON.parse(text), (key, value: unknown) => {
      if (key === 'scale' && value === 1000) return 10
      if (key === 'median' && typeof value === 'number') return value * 100
      if (key === 'interval' && isInterval(value)) return { low: value.low * 100, high: value.high * 100 }
      return value
    })
    await writeFile(slower, longer)
    expect(await run('--compare', slower, file('short'))).toMatchObject({ code: 0 })
    const worse = await run('--compare', file('short'), slower)
    expect(worse.code).toBe(1)
    expect(worse.stdout).toMatch(/side=end\(\) .* done .* worse/)
    expect(await run('--compare', file('short'), slower, '--tolerance', '10000')).toMatchObject({ code: 0 })
  })
})

test(
  'after Ctrl-C the same command goes on, and another one does not take its place',
  async () => {
    const first = start(program, [...simple, '--out', out('halves')])
    await aBlockIsDone(file('halves'))
    process.kill(-first.pid, 'SIGINT')
    const interrupted = await first.ended
    expect(interrupted.code).toBe(130)
    expect(interrupted.stdout).toContain('INTERRUPTED')
    const half = readResult(file('halves'))
    expect(half.outcome).toBe('interrupted')
    expect(half.done.length).toBeGreaterThan(0)
    expect(half.done.length).toBeLessThan(4)

    const other = await run(...simple, '--seed', '1', '--out', out('halves'))
    expect(other).toMatchObject({ code: 2, stdout: '' })
    expect(other.stderr).toContain('is an unfinished run of other options or another version: --fresh begins anew')

    const second = await run(...simple, '--out', out('halves'))
    expect(second.code).toBe(0)
    expect(second.stderr).toContain(`going on after ${half.done.length} visits`)
    const whole = readResult(file('halves'))
    expect(whole.done.slice(0, half.done.length)).toEqual(half.done)
    expect(whole.cells).toHaveLength(9 + 6 + 9 + 9)
  },
  guard,
)

test(
  'kill -9 leaves what was measured and no process',
  async () => {
    const first = start(program, [...simple, '--out', out('killed')])
    await aBlockIsDone(file('killed'))
    while (childrenOf(first.pid).length < 4) await sleep(10)
    const children = childrenOf(first.pid)
    process.kill(first.pid, 'SIGKILL')
    await first.ended
    while (children.some(isAlive)) await sleep(20)
    expect(readResult(file('killed'))).toMatchObject({ outcome: 'running' })
  },
  guard,
)

describe('options', () => {
  test.each([
    [['--questions', 'latencies'], 'Expected of latency, load'],
    [['--cells', 'rtt=11'], 'no block has a cell with rtt=11: see --list'],
    [['--cells', 'side=policy, quiet,rtt=11'], 'no block has a cell with side=policy, quiet and rtt=11: see --list'],
    [['--time', '0'], 'Expected minutes above 0'],
    [['--time', '0.01'], 'blocks take at least'],
    [['--time', '1', '--short'], '--short and --time exclude each other'],
    [['--seed', '1.5'], 'Expected a whole number from 0'],
    [['--out', '/dev/null/x'], 'It cannot be written'],
    [['--compare', 'one.json'], '--compare needs two files'],
    [['--tolerance', 'much'], 'Expected a number from 0 on'],
    [['--other'], "unknown option '--other'"],
  ])(
    '%j is refused with exit code 2',
    async (args, message) => {
      const { code, stdout, stderr } = await run(...args, ...(args[0] === '--out' ? [] : ['--out', out('never')]))
      expect(code).toBe(2)
      expect(stdout).toBe('')
      expect(stderr).toContain(message)
    },
    guard,
  )

  test('without --out the folder is made where one is', () => {
    const before = process.cwd()
    process.chdir(folder)
    try {
      expect(parseOptions(['--short'])).toMatchObject({ options: { out: path.join(folder, 'study') } })
      expect(existsSync('study')).toBe(true)
    } finally {
      process.chdir(before)
    }
  })

  test(
    'a file that is no result is said to be none',
    async () => {
      await writeFile(out('other.json'), '{"schemaVersion":1}')
      await writeFile(out('newer.json'), '{"schemaVersion":99}')
      const { code, stderr } = await run('--compare', out('other.json'), out('other.json'))
      expect(code).toBe(1)
      expect(stderr).toContain('is not a result of the study')
      expect((await run('--render', out('newer.json'))).stderr).toContain('is of schema version 99, expected 1')
    },
    guard,
  )

  test(
    '--help and --list say what there is',
    async () => {
      const help = await run('--help')
      expect(help.code).toBe(0)
      for (const option of [
        '--questions',
        '--cells',
        '--time',
        '--seed',
        '--out',
        '--fresh',
        '--compare',
        '--render',
      ]) {
        expect(help.stdout).toContain(option)
      }
      const list = await run('--list', '--questions', 'latency')
      expect(list.stdout).toContain('latency network=relay rtt=200 protocol=TLSv1.2 peer=silent: ')
      expect(list.stdout).toMatch(/34 blocks, \d+ minutes\n$/)
    },
    guard,
  )
})

async function aBlockIsDone(result: string): Promise<void> {
  while (!existsSync(result)) await sleep(20)
}

function isInterval(value: unknown): value is { low: number; high: number } {
  return typeof value === 'object' && value !== null && 'low' in value && 'high' in value
}
