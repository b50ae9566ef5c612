/**
 * Random closings under random policies, from a seed: chunks of scenarios, each in a process of its own, two at a time. Every
 * other process is busy now and then, so that more than one thing has happened when it looks again.
 *
 *     CLOSE_NOTIFY_TESTS=all npx vitest run test/stress/random-policies.test.ts                             2,500 connections, at most 3 minutes
 *     CLOSE_NOTIFY_STRESS=1000000 CLOSE_NOTIFY_TESTS=all npx vitest run test/stress/random-policies.test.ts more, for as long as they take
 *     CLOSE_NOTIFY_SEED=1 CLOSE_NOTIFY_INDEX=17 CLOSE_NOTIFY_TESTS=all npx vitest run test/stress/random-policies.test.ts
 *                                                      one scenario again, CLOSE_NOTIFY_TIMES times; its plan if it fails;
 *                                                      with CLOSE_NOTIFY_BUSY=100 in a busy process
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterAll, expect, test } from 'vitest'
import { busyVariable } from './busy.js'
import { numberFrom } from './numbers.js'
import type { Line } from './policies/child-process.js'
import { compileProgram } from './program.js'

const seed = numberFrom('CLOSE_NOTIFY_SEED') ?? Date.now() % 2 ** 32
const asked = numberFrom('CLOSE_NOTIFY_STRESS')
const indexes = process.env['CLOSE_NOTIFY_INDEX']
const count = asked ?? 2500
const seconds = asked === undefined ? 180 : Math.max(180, count / 20)
const processes = 2
/** Scenarios of one process. */
const chunk = 200
/** ms, at most: how long a busy process does nothing else. */
const busy = 100
/** A hang guard: a process that has said nothing for so many seconds is stuck. */
const silence = 60

const program = compileProgram('policies/child-process')
afterAll(program.remove)

test(`${count} random closings under policies, seed ${seed}`, { timeout: seconds * 1000 + 120_000 }, async () => {
  const totals = new Totals()
  if (indexes !== undefined) {
    const times = String(numberFrom('CLOSE_NOTIFY_TIMES') ?? 1)
    await runChild([String(seed), indexes, 'again', times], totals, numberFrom(busyVariable))
    console.log(totals.events)
    expect(totals.failures).toEqual([])
    return
  }
  const until = performance.now() + seconds * 1000
  let next = 0
  const work = async () => {
    while (totals.closings < count && totals.failures.length === 0 && performance.now() < until) {
      const from = next
      next += chunk
      const secondsLeft = Math.ceil((until - performance.now()) / 1000)
      const isBusy = (from / chunk) % 2 === 1
      const args = [String(seed), String(from), String(from + chunk), String(secondsLeft)]
      await runChild(args, totals, isBusy ? busy : undefined)
    }
  }
  await Promise.all(Array.from({ length: processes }, work))
  console.log(`seed ${seed}: ${totals.closings} connections closed on ${process.version}`, totals.events)
  expect(totals.failures).toEqual([])
  // The time is a guard against slow machines, not a way to pass without having closed anything.
  expect(totals.closings).toBeGreaterThan(Math.min(count, 25_000) / 4)
  if (totals.closings < 2000) return
  for (const event of ['responses whole', 'responses failed', 'truncation errors', 'waiting refused', 'server clean']) {
    expect(totals.events[event], event).toBeGreaterThan(0)
  }
})

class Totals {
  closings = 0
  readonly events: Record<string, number> = {}
  readonly failures: string[] = []
}

async function runChild(args: readonly string[], totals: Totals, longestBusy: number | undefined): Promise<void> {
  const environment = longestBusy === undefined ? {} : { [busyVariable]: String(longestBusy) }
  const again = (failed: Iterable<number>) => replay(failed, environment)
  const child = spawn(process.execPath, ['--expose-gc', program.file, ...args], {
    env: { ...process.env, ...program.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exit: Promise<unknown[]> = once(child, 'exit')
  const stuck = setTimeout(() => child.kill('SIGKILL'), silence * 1000)
  const underWay = new Set<number>()
  let end: Extract<Line, { kind: 'end' }> | undefined
  let errors = ''
  child.stderr.on('data', (bytes: Buffer) => {
    errors = (errors + bytes.toString()).slice(-20_000)
  })
  for await (const text of createInterface({ input: child.stdout })) {
    stuck.refresh()
    const line = parseLine(text)
    if (line.kind === 'end') end = line
    else if (line.kind === 'began') underWay.add(line.index)
    else {
      underWay.delete(line.index)
      totals.closings += line.closings
      for (const failure of line.failures) totals.failures.push(`${failure} (${again([line.index])})`)
    }
  }
  const [code, signal] = await exit
  clearTimeout(stuck)
  if (indexes !== undefined) console.log(errors)
  if (code !== 0 || signal !== null) {
    totals.failures.push(`exit code ${String(code)}, signal ${String(signal)} (${again(underWay)})\n${errors}`)
  } else if (end === undefined) totals.failures.push(`ended before its work was done (${again(underWay)})`)
  for (const left of end?.left ?? []) totals.failures.push(`${left} (after ${args.join(' ')})`)
  for (const [event, times] of Object.entries(end?.events ?? {})) {
    totals.events[event] = (totals.events[event] ?? 0) + times
  }
}

function replay(failed: Iterable<number>, environment: Readonly<Record<string, string>>): string {
  const which = { CLOSE_NOTIFY_SEED: seed, CLOSE_NOTIFY_INDEX: [...failed].join(','), ...environment }
  const variables = Object.entries(which).map(([name, value]) => `${name}=${value}`)
  return `again: ${variables.join(' ')} CLOSE_NOTIFY_TESTS=all npx vitest run test/stress/random-policies.test.ts`
}

function parseLine(text: string): Line {
  const value: unknown = JSON.parse(text)
  if (!isLine(value)) throw new Error(`Expected a line of child-process.ts: ${text}`)
  return value
}

function isLine(value: unknown): value is Line {
  return typeof value === 'object' && value !== null && 'kind' in value
}
