/** A program that runs to its end, before a server can start. */
import { execFile } from 'node:child_process'
import process from 'node:process'
import { promisify } from 'node:util'
import type { User } from './process.js'
import type { Program } from './programs.js'

/** @throws with what it said, where it failed */
export async function run(
  { command, env }: Pick<Program, 'command' | 'env'>,
  args: readonly string[],
  { cwd, user }: { readonly cwd: string; readonly user: User | undefined },
): Promise<void> {
  await promisify(execFile)(command, args, { cwd, env: { ...process.env, ...env }, timeout: 60_000, ...user })
}

/** The same, for what it prints. */
export async function capture([command = '', ...args]: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, { timeout: 60_000 })
  return stdout
}
