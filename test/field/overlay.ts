/**
 * For programs that look for their own files at fixed places: the folders of what was unpacked are laid over those of
 * the machine, read-only, in a mount namespace that ends with the program. Only root can do that, and not in every
 * container.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Program } from './programs.js'

/** Whether this process may. */
export async function canBeLaidOver(): Promise<boolean> {
  const mount = 'mount -t overlay overlay -o lowerdir=/etc:/usr /usr'
  try {
    await promisify(execFile)('unshare', ['--mount', '--', 'sh', '-c', mount])
    return true
  } catch {
    return false
  }
}

/** The same program, which sees the named folders of its root (`usr`, `etc`) as parts of the machine's. */
export function laidOver(
  { command, env, root }: Program,
  folders: readonly string[],
): {
  readonly program: Pick<Program, 'command' | 'env'>
  readonly args: (args: readonly string[]) => readonly string[]
} {
  const mounts = folders.map((folder) => `mount -t overlay overlay -o "lowerdir=$root/${folder}:/${folder}" /${folder}`)
  const script = [...mounts, 'exec "$@"'].join(' && ')
  return {
    // What was unpacked from lib is not laid over: on a machine whose /lib is a link that would take the link's place.
    program: { command: 'unshare', env: { ...env, root } },
    args: (args) => ['--mount', '--', 'sh', '-c', script, 'sh', command, ...args],
  }
}
