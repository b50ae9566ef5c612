/** Runs one of the programs beside this file in a process of its own: what it prints, one JSON value per line. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Build, commandFor } from '../../lib/lab/builds.js'

export interface ProgramRun {
  readonly build?: Build
  readonly execArgv?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** In ms: longer, and it hangs. */
  readonly timeout?: number
}

export async function runEngineProgram(
  name: string,
  args: readonly string[],
  { build = { name: 'own' }, execArgv = [], env = {}, timeout = 120_000 }: ProgramRun = {},
): Promise<readonly unknown[]> {
  const file = fileURLToPath(new URL(`programs/${name}`, import.meta.url))
  const started = commandFor(build, [...execArgv, file, ...args])
  const { NODE_OPTIONS: _options, ...inherited } = process.env
  // A hang guard.
  const limits = {
    env: { ...inherited, ...env },
    timeout,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024 * 1024,
  } as const
  const { stdout, stderr } = await promisify(execFile)(started.command, [...started.args], limits)
  if (stderr !== '') throw new Error(`${name} wrote to stderr: ${stderr}`)
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line))
}
