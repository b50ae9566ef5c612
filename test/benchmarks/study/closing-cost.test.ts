import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Result, RowResult } from '../../../benchmarks/study/closing-cost/result.js'
import { isAlive } from '../../support/processes.js'
import { type Ended, start } from '../support/start.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const program = path.join(root, 'dist/benchmarks/study/closing-cost/main.js')

/** A hang guard, far from anything that is measured. */
const guard = 120_000

let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'closing-cost-'))
}, guard)

afterAll(() => rm(folder, { recursive: true }))

describe('a short run', () => {
  const file = (): string => path.join(folder, 'result.json')
  let run: Ended
  let result: Result

  beforeAll(async () => {
    run = await start(program, ['--samples', '6', '--rtt', '0,50', '--seed', '7', '--json', file()]).ended
    result = parseResult(await readFile(file(), 'utf8'))
  }, guard)

  test('ends with 0, a table on stdout and plain progress lines on stderr', () => {
    expect(run).toMatchObject({ code: 0, signal: null })
    for (const word of ['end()', 'quiet', 'unidirectional', 'bidirectional', 'answers', 'silent', 'wait 250']) {
      expect(run.stdout).toContain(word)
    }
    expect(run.stderr).toMatch(/warm-up: 0 %.*\nmeasuring: \d+ %/)
    expect(run.stderr).not.toContain('Warning')
  })

  test('fits a terminal of 80 columns, and says what end() leaves undone', () => {
    const lines = run.stdout.split('\n')
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    expect(run.stdout).toMatch(/^end\(\) +Node's own: it sends close_notify and FIN at once, never learns/m)
  })

  test('writes what was measured, where and how', () => {
    expect(result).toMatchObject({
      outcome: 'complete',
      seed: 7,
      protocol: 'TLSv1.3',
      versions: { node: process.version, openssl: process.versions.openssl },
      machine: { cores: os.availableParallelism() },
    })
    expect(result.command.slice(2, 6)).toEqual(['--samples', '6', '--rtt', '0,50'])
    expect(new Date(result.startedAt).toISOString()).toBe(result.startedAt)
    expect(result.rows).toHaveLength(2 * 2 * 4)
    for (const row of result.rows) {
      expect(row.samples).toHaveLength(6)
      expect(row.done).toMatchObject({ count: 6, interval: { low: row.done?.min, high: row.done?.max } })
      expect(row.stillOpen + (row.released?.count ?? 0)).toBe(6)
    }
  })

  test('a bidirectional closing that is answered takes at least the RTT, and ends clean', () => {
    const row = find(result, 50, 'answers', 'bidirectional')
    expect(row.verdicts).toEqual({ clean: 6 })
    expect(row.limit).toEqual({ kind: 'rtt', count: 1 })
    expect(row.done?.min).toBeGreaterThan(50 - 1)
    for (const sample of row.samples) expect(sample.echo).toBeGreaterThan(50 - 1)
    const [sample] = row.samples
    expect(row.aboveLimit?.count).toBe(6)
    expect((sample?.done ?? NaN) - (sample?.echo ?? NaN)).toBeGreaterThanOrEqual(row.aboveLimit?.min ?? NaN)
    expect(result.relays).toMatchObject([
      { rtt: 0, echo: { count: 6 } },
      { rtt: 50, echo: { count: 6 } },
    ])
    expect(result.relays[1]?.echo?.min).toBeGreaterThan(50 - 1)
  })

  test('a bidirectional closing with a silent peer ends by its budget, and says so', () => {
    for (const rtt of [0, 50]) {
      const row = find(result, rtt, 'silent', 'bidirectional')
      expect(row.verdicts).toEqual({ 'timed-out': 6 })
      expect(row.limit).toEqual({ kind: 'wait-budget', ms: 250 })
      expect(row.done?.min).toBeGreaterThan(250 - 2)
      expect(row.aboveLimit?.median).toBeCloseTo((row.done?.median ?? NaN) - 250)
    }
  })

  test('a closing that waits for nobody is done before the RTT is over, but keeps its file descriptor for it', () => {
    for (const closing of ['end()', 'quiet', 'unidirectional'] as const) {
      const row = find(result, 50, 'answers', closing)
      expect(row.done?.median).toBeLessThan(row.released?.median ?? NaN)
      expect(row.aboveLimit).toEqual(row.done)
    }
    expect(find(result, 50, 'answers', 'end()').released?.min).toBeGreaterThan(50 - 1)
    expect(find(result, 50, 'answers', 'unidirectional').verdicts).toEqual({ 'half-closed': 6 })
    expect(find(result, 50, 'answers', 'quiet').verdicts).toEqual({ quiet: 6 })
    expect(find(result, 50, 'silent', 'end()')).toMatchObject({ stillOpen: 6, released: null, verdicts: {} })
  })
})

describe('a run that is ended', () => {
  test(
    'by Ctrl-C prints what there is, exits with 130 and leaves no process',
    async () => {
      const file = path.join(folder, 'interrupted.json')
      const run = start(program, ['--rtt', '0,10', '--json', file])
      await run.stderrHas('measuring: ')
      await sleep(1000)
      // As a terminal does it: to the whole process group.
      process.kill(-run.pid, 'SIGINT')
      const { code, stdout, stderr } = await run.ended
      expect(code).toBe(130)
      expect(stdout).toContain('INTERRUPTED')
      expect(stdout).toContain('bidirectional')
      const result = parseResult(await readFile(file, 'utf8'))
      expect(result.outcome).toBe('interrupted')
      expect(result.rows.flatMap((row) => row.samples).length).toBeGreaterThan(0)
      await expectNoneLeft(stderr)
    },
    guard,
  )

  test(
    'by Ctrl-C before anything was measured says that there is nothing',
    async () => {
      const run = start(program, ['--rtt', '0'])
      await run.stderrHas('warm-up: ')
      process.kill(-run.pid, 'SIGINT')
      const { code, stdout, stderr } = await run.ended
      expect(code).toBe(130)
      expect(stdout).toContain('INTERRUPTED')
      expect(stdout).toContain('closings of each kind: 0')
      await expectNoneLeft(stderr)
    },
    guard,
  )

  test.each(['peer', 'relay'])(
    'by the death of its %s process says so and exits with 1',
    async (name) => {
      const run = start(program, ['--rtt', '0'])
      await run.stderrHas('measuring: ')
      process.kill(pidOf(name, run.stderr()), 'SIGKILL')
      const { code, stderr } = await run.ended
      expect(code).toBe(1)
      expect(stderr).toContain(`error: The ${name} process ended early, by SIGKILL\n`)
      await expectNoneLeft(stderr)
    },
    guard,
  )

  test(
    'by SIGKILL leaves no process',
    async () => {
      const run = start(program, ['--rtt', '0'])
      await run.stderrHas('measuring: ')
      process.kill(run.pid, 'SIGKILL')
      const { stderr } = await run.ended
      await expectNoneLeft(stderr)
    },
    guard,
  )
})

describe('options', () => {
  test.each([
    [['--sample', '3'], "unknown option '--sample'"],
    [['3'], 'too many arguments'],
    [['--rtt', '10,'], 'Expected ms from 0 to 5000'],
    [['--samples', '0'], 'Expected a whole number from 1 on'],
    [['--seconds', 'ten'], 'Expected a number above 0'],
    [['--seed', '-1'], 'Expected a whole number from 0'],
    [['--json', path.join(root, 'no-such-folder', 'x.json')], 'It cannot be written'],
  ])(
    '%j is refused with exit code 2',
    async (args, message) => {
      const { code, stdout, stderr } = await start(program, args).ended
      expect(code).toBe(2)
      expect(stdout).toBe('')
      expect(stderr).toContain(message)
    },
    guard,
  )

  test(
    '--help lists them all and exits with 0',
    async () => {
      const { code, stdout } = await start(program, ['--help']).ended
      expect(code).toBe(0)
      for (const option of ['--rtt', '--samples', '--seconds', '--seed', '--json', '--help']) {
        expect(stdout).toContain(option)
      }
    },
    guard,
  )
})

function pidOf(name: string, stderr: string): number {
  const pid = Number(new RegExp(`${name} in process (\\d+)`).exec(stderr)?.[1])
  expect(pid).toBeGreaterThan(1)
  return pid
}

/** Waits for both children to be gone; when they never go, the guard of the test fails it. */
async function expectNoneLeft(stderr: string): Promise<void> {
  for (const name of ['peer', 'relay']) {
    const pid = pidOf(name, stderr)
    while (isAlive(pid)) await sleep(20)
  }
}

function find(result: Result, rtt: number, peer: RowResult['peer'], closing: RowResult['closing']): RowResult {
  const row = result.rows.find((one) => one.rtt === rtt && one.peer === peer && one.closing === closing)
  if (row === undefined) throw new Error(`No row for ${rtt} ${peer} ${closing}`)
  return row
}

/** Reads a result and checks its shape, so that everything after this may rely on the type. */
function parseResult(text: string): Result {
  const value: unknown = JSON.parse(text)
  if (!isResult(value)) throw new Error('Expected a result of closing-cost')
  for (const row of value.rows) {
    expect(row).toMatchObject({ rtt: number, peer: string, closing: string, limit: object, stillOpen: number })
    expect(row).toMatchObject({ verdicts: object, samples: array })
    const summary = { count: number, median: number, p99: number, min: number, max: number }
    for (const one of [row.done, row.aboveLimit, row.released]) if (one !== null) expect(one).toMatchObject(summary)
    for (const sample of row.samples) expect(sample).toMatchObject({ done: number })
  }
  return value
}

function isResult(value: unknown): value is Result {
  expect(value).toMatchObject({
    benchmark: 'closing-cost',
    definitions: { done: string, released: string, aboveLimit: string },
    machine: { cpu: string, memoryBytes: number, system: string },
    versions: { 'close-notify': version },
    seconds: number,
    relays: array,
    rows: array,
  })
  return true
}

const number: unknown = expect.any(Number)
const string: unknown = expect.any(String)
const object: unknown = expect.any(Object)
const version: unknown = expect.stringMatching(/^\d+\.\d+\.\d+/)
const array: unknown = expect.any(Array)
