/** The common part of the programs of this folder: the command line, the pairs, the end, the file. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { describeMachine, describeVersions } from '../../support/machine.js'
import type { Machine, Versions } from '../../support/machine.js'
import { summarize } from '../../support/statistics.js'
import type { Summary } from '../../support/statistics.js'

interface Options {
  /** When to stop, in seconds. */
  readonly seconds: number
  /** How many pairs at most. */
  readonly pairs: number
  /** Work of one sample, in the program's own unit. */
  readonly size: number
  readonly json: string | undefined
}

export interface Description {
  readonly name: string
  readonly question: string
  /** The unit of --size. */
  readonly unit: string
  readonly size: number
}

export interface Result {
  readonly benchmark: string
  readonly question: string
  readonly machine: Machine
  readonly versions: Versions
  readonly startedAt: string
  readonly command: readonly string[]
  readonly seconds: number
  readonly outcome: 'complete' | 'interrupted'
  readonly rows: readonly Row[]
  readonly facts: Readonly<Record<string, number | string>>
}

export interface Row {
  readonly name: string
  readonly target: string | undefined
  /** Null where nothing was measured. */
  readonly summary: Summary | null
  readonly values: readonly number[]
}

/** The figures of a run, to which it adds while it goes on. */
export class Measurements {
  readonly facts: Record<string, number | string> = {}
  readonly #rows = new Map<string, { readonly target: string | undefined; readonly values: number[] }>()

  add(name: string, value: number, target?: string): void {
    const row = this.#rows.get(name) ?? { target, values: [] }
    row.values.push(value)
    this.#rows.set(name, row)
  }

  rows(): Row[] {
    return [...this.#rows].map(([name, { target, values }]) => ({
      name,
      target,
      summary: summarize(values) ?? null,
      values,
    }))
  }

  /** Whether the 95 % interval of a row's median lies within so much of it, on both sides. */
  isNarrow(name: string, within: number): boolean {
    const summary = summarize(this.#rows.get(name)?.values ?? [])
    if (summary?.interval === undefined) return false
    return summary.interval.high - summary.median <= within && summary.median - summary.interval.low <= within
  }
}

/** Why a program cannot run here, for people: it ends with this message alone. */
export class CannotRun extends Error {}

/** Shows where a run is, on a terminal. */
export function showProgress(text: string): void {
  // All that was there before is cleared.
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

/** A program that has started. */
interface Started {
  /** One step of the run; returns false when there is enough. */
  readonly step: (pair: number) => Promise<boolean>
  readonly stop?: () => Promise<void>
}

export interface Program {
  readonly description: Description
  /** Makes what the program needs. */
  readonly start: (options: Options, measurements: Measurements) => Started | Promise<Started>
}

/** Runs a program: its step is repeated until it has enough, the pairs or the seconds are used up, or Ctrl-C. */
export async function runProgram({ description, start }: Program): Promise<void> {
  const options = parse(description)
  const measurements = new Measurements()
  const startedAt = new Date()
  const began = performance.now()
  const machine = describeMachine()
  let outcome: Result['outcome'] = 'complete'
  const finish = (): void => {
    const result: Result = {
      benchmark: description.name,
      question: description.question,
      machine,
      versions: describeVersions(),
      startedAt: startedAt.toISOString(),
      command: ['node', path.relative('', process.argv[1] ?? ''), ...process.argv.slice(2)],
      seconds: (performance.now() - began) / 1000,
      outcome,
      rows: measurements.rows(),
      facts: measurements.facts,
    }
    process.stdout.write(render(result))
    if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(result) + '\n')
  }
  process.once('SIGINT', () => {
    outcome = 'interrupted'
    finish()
    // The children end with their channel to us.
    process.exit(130)
  })

  const started = await startOrSayWhyNot(() => start(options, measurements))
  if (started === undefined) return
  const { step, stop } = started
  try {
    for (let pair = 0; pair < options.pairs; pair++) {
      const goesOn = await step(pair)
      showProgress(`${description.name}: ${pair + 1} pairs`)
      if (!goesOn || (performance.now() - began) / 1000 > options.seconds) break
    }
  } finally {
    await stop?.()
  }
  if (process.stderr.isTTY) process.stderr.write('\n')
  finish()
}

async function startOrSayWhyNot(start: () => Started | Promise<Started>): Promise<Started | undefined> {
  try {
    return await start()
  } catch (error) {
    if (!(error instanceof CannotRun)) throw error
    process.stderr.write(`error: ${error.message}\n`)
    process.exitCode = 1
    return undefined
  }
}

function parse({ name, question, unit, size }: Description): Options {
  const command = new Command(`npm run bench -- ${name}`)
    .description(question)
    .option('--seconds <s>', 'when to stop at the latest', positive, 600)
    .option('--pairs <n>', 'how many pairs at most', positive, 100_000)
    .option('--size <n>', unit, positive, size)
    .option('--json <file>', 'write everything that was measured to this file')
    .parse()
  const given = command.opts<{ seconds: number; pairs: number; size: number; json?: string }>()
  return { ...given, json: given.json }
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('Expected a number above 0.')
  return value
}

function render(result: Result): string {
  const { machine, versions } = result
  const lines = [
    result.question,
    `${result.startedAt}, ${machine.cpu}, ${machine.cores} cores, load ${machine.load.toFixed(2)}`,
    `Node ${versions.node}, OpenSSL ${versions.openssl}; ${result.outcome} after ${result.seconds.toFixed(0)} s`,
  ]
  const width = Math.max(...result.rows.map(({ name }) => name.length), 0)
  for (const { name, summary, target } of result.rows) {
    const about = target === undefined ? '' : `   (target: ${target})`
    if (summary === null) continue
    const { median, interval, min, max, count } = summary
    const range = interval === undefined ? '' : ` [${interval.low.toFixed(4)}, ${interval.high.toFixed(4)}]`
    const span = `min ${min.toFixed(4)} max ${max.toFixed(4)} n ${count}`
    lines.push(`${name.padEnd(width)}  median ${median.toFixed(4)}${range}  ${span}${about}`)
  }
  for (const [name, fact] of Object.entries(result.facts)) lines.push(`${name}: ${String(fact)}`)
  return lines.join('\n') + '\n'
}
