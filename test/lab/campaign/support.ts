/** What the tests of campaigns share: lists, folders, and programs in processes of their own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'

/** A list as a source gives it: no item before it is asked for. */
export async function* listOf<T>(items: Iterable<T>): AsyncGenerator<T, void, undefined> {
  for (const item of items) yield await Promise.resolve(item)
}

export async function all<T>(list: AsyncIterable<T>): Promise<readonly T[]> {
  const items: T[] = []
  for await (const item of list) items.push(item)
  return items
}

/** Gone when the test is over. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'campaign-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export interface Program {
  readonly pid: number
  /** The JSON values that it printed so far, one a line. */
  readonly facts: readonly unknown[]
  /** Resolves when it has printed so many, or has ended. */
  printed(count: number): Promise<void>
  kill(signal: NodeJS.Signals): void
  readonly ended: Promise<{
    readonly code: number | null
    readonly signal: NodeJS.Signals | null
    readonly stderr: string
  }>
}

/** Starts one of the programs beside this file; it is killed when the test is over. `prefix` is a command that runs it. */
export function startProgram(
  name: string,
  args: readonly (string | number)[],
  execArgv: readonly string[] = [],
  prefix: readonly string[] = [],
): Program {
  const file = fileURLToPath(new URL(`programs/${name}`, import.meta.url))
  const [command = process.execPath, ...argv] = [...prefix, process.execPath, ...execArgv, file, ...args.map(String)]
  const child = spawn(command, argv, { stdio: ['ignore', 'pipe', 'pipe'] })
  const { pid } = child
  if (pid === undefined) throw new Error(`Expected ${name} to start`)
  onTestFinished(() => void child.kill('SIGKILL'))
  const facts: unknown[] = []
  let begun = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (begun + text).split('\n')
    begun = lines.pop() ?? ''
    for (const line of lines) facts.push(JSON.parse(line))
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<Awaited<Program['ended']>>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stderr }))
  })
  let hasEnded = false
  void ended.then(() => {
    hasEnded = true
  })
  return {
    pid,
    facts,
    ended,
    async printed(count) {
      while (facts.length < count && !hasEnded) await Promise.race([once(child.stdout, 'data'), ended])
    },
    kill: (signal) => void child.kill(signal),
  }
}

/** For the member of an object that a text is to be in. */
export function textWith(part: string): unknown {
  return expect.stringContaining(part)
}

/** The member of a fact. */
export function memberOf(fact: unknown, name: string): unknown {
  return typeof fact === 'object' && fact !== null ? Reflect.get(fact, name) : undefined
}

export function numberOf(fact: unknown, name: string): number {
  const value = memberOf(fact, name)
  if (typeof value !== 'number') throw new Error(`Expected a number for ${name} in ${JSON.stringify(fact)}`)
  return value
}
