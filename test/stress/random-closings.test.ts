/**
 * Thousands of random closings, from a seed, in two processes at once.
 *
 *     CLOSE_NOTIFY_TESTS=all npx vitest run test/stress                                          2,000 connections, at most a minute
 *     CLOSE_NOTIFY_STRESS=20000 CLOSE_NOTIFY_TESTS=all npx vitest run test/stress                more, for as long as they take
 *     CLOSE_NOTIFY_SEED=1 CLOSE_NOTIFY_INDEX=17 CLOSE_NOTIFY_TESTS=all npx vitest run test/stress/random-closings.test.ts
 *                                                                         one of them again, with its plan
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterAll, expect, test } from 'vitest'
import type { Line } from './child-process.js'
import { numberFrom } from './numbers.js'
import { compileProgram } from './program.js'

const seed = numberFrom('CLOSE_NOTIFY_SEED') ?? Date.now() % 2 ** 32
const asked = numberFrom('CLOSE_NOTIFY_STRESS')
const count = asked ?? 2000
const seconds = asked === undefined ? 60 : Math.max(120, count / 5)
const processes = 2

const program = compileProgram('child-process')
afterAll(program.remove)

test(`${count} random closings, seed ${seed}`, { timeout: seconds * 1000 + 120_000 }, async () => {
  const indexes = process.env['CLOSE_NOTIFY_INDEX']
  const share = Math.ceil(count / processes)
  const children =
    indexes === undefined
      ? Array.from({ length: processes }, (_, i) => [String(i * share), String((i + 1) * share), String(seconds)])
      : [[indexes]]
  const ended = await Promise.all(children.map((args) => runChild([String(seed), ...args])))

  const done = ended.reduce((sum, child) => sum + child.done, 0)
  const events: Record<string, number> = {}
  for (const child of ended) {
    for (const [event, times] of Object.entries(child.events)) events[event] = (events[event] ?? 0) + times
  }
  console.log(`seed ${seed}: ${done} connections closed on ${process.version}`, events)
  expect(ended.flatMap((child) => child.failures)).toEqual([])
  if (indexes !== undefined) return
  // The time is a guard against slow machines, not a way to pass without having closed anything.
  expect(done).toBeGreaterThan(Math.min(count, 2000) / 4)
  expect(events['close_notify sent and seen']).toBeGreaterThan(done / 4)
})

interface Ended {
  readonly done: number
  readonly events: Readonly<Record<string, number>>
  readonly failures: readonly string[]
}

async function runChild(args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, ['--expose-gc', program.file, ...args], {
    env: { ...process.env, ...program.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exit: Promise<unknown[]> = once(child, 'exit')
  const underWay = new Set<number>()
  const failures: string[] = []
  let end: Extract<Line, { kind: 'end' }> | undefined
  let done = 0
  let errors = ''
  child.stderr.on('data', (bytes: Buffer) => {
    errors = (errors + bytes.toString()).slice(-20_000)
  })
  for await (const text of createInterface({ input: child.stdout })) {
    const line = parseLine(text)
    if (line.kind === 'end') end = line
    else if (line.kind === 'began') underWay.add(line.index)
    else {
      done++
      underWay.delete(line.index)
      for (const failure of line.failures) failures.push(`${failure} (${replay([line.index])})`)
    }
  }
  const [code, signal] = await exit
  if (args.length === 2) console.log(errors)
  if (code !== 0 || signal !== null) {
    failures.push(`exit code ${String(code)}, signal ${String(signal)} (${replay(underWay)})\n${errors}`)
  } else if (end === undefined) failures.push(`ended before its work was done (${replay(underWay)})`)
  failures.push(...(end?.left ?? []))
  return { done, events: end?.events ?? {}, failures }
}

function replay(indexes: Iterable<number>): string {
  return `again: CLOSE_NOTIFY_SEED=${seed} CLOSE_NOTIFY_INDEX=${[...indexes].join(',')} CLOSE_NOTIFY_TESTS=all npx vitest run test/stress/random-closings.test.ts`
}

function parseLine(text: string): Line {
  const value: unknown = JSON.parse(text)
  if (!isLine(value)) throw new Error(`Expected a line of child-process.ts: ${text}`)
  return value
}

function isLine(value: unknown): value is Line {
  return typeof value === 'object' && value !== null && 'kind' in value
}
