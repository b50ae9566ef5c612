/**
 * Runs one of the programs beside this file in a process of its own. A program prints its facts, one JSON value per
 * line; the process is killed when the test is over, however it ends.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The lines that the program printed. */
  readonly facts: readonly unknown[]
  readonly stderr: string
}

export interface ProgramOptions {
  readonly execArgv?: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
}

// Where not even the end of the test is seen.
const lastGuard = 150_000

export function runProgram(name: string, args: readonly unknown[] = [], options: ProgramOptions = {}): Promise<Ended> {
  const file = fileURLToPath(new URL(`programs/${name}`, import.meta.url))
  const argv = [...(options.execArgv ?? []), file, ...args.map((arg) => String(arg))]
  const child = spawn(process.execPath, argv, {
    env: { ...withoutTestRunner(), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: lastGuard,
    killSignal: 'SIGKILL',
  })
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  onTestFinished(() => {
    process.removeListener('exit', kill)
    kill()
  })
  return ended(child)
}

/** How a process ends that prints its facts. */
export function ended(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Ended> {
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, facts: factsOf(stdout), stderr }))
  })
}

/** A program that is to end by itself, with code 0 and nothing on stderr: its facts. */
export async function factsOfProgram(
  name: string,
  args: readonly unknown[] = [],
  options: ProgramOptions = {},
): Promise<readonly unknown[]> {
  const { code, signal, facts, stderr } = await runProgram(name, args, options)
  if (code !== 0)
    throw new Error(`${name} ended with ${code ?? signal ?? 'nothing'}: ${JSON.stringify(facts)} ${stderr}`)
  return facts
}

function factsOf(stdout: string): unknown[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line))
}

// The runner's own loaders and options are not for the children.
function withoutTestRunner(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, ...others } = process.env
  return others
}
