/**
 * The packages of the round, in .cache/drivers: installed once for each package-lock.json, without their scripts, and the
 * programs beside them, so that they find the packages, and this one among them.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { sourceFile } from '../../benchmarks/support/source-file.js'

/** The packages could not be had. */
export class InstallFailed extends Error {}

const files = ['package.json', 'package-lock.json'] as const

/**
 * Returns the folder that the programs run in.
 *
 * @throws InstallFailed, with what npm said
 */
export async function installPackages(signal: AbortSignal): Promise<string> {
  const folder = sourceFile('.cache/drivers')
  await mkdir(folder, { recursive: true })
  const [manifest, lock] = await Promise.all(files.map((name) => readFile(sourceFile(`test/drivers/${name}`), 'utf8')))
  const stamp = path.join(folder, 'installed-package-lock.json')
  const installed = existsSync(stamp) ? await readFile(stamp, 'utf8') : ''
  if (lock === undefined || installed !== lock) {
    await rm(stamp, { force: true })
    await writeFile(path.join(folder, 'package.json'), manifest ?? '')
    await writeFile(path.join(folder, 'package-lock.json'), lock ?? '')
    await runNpm(folder, signal)
    await writeFile(stamp, lock ?? '')
  }
  // Anew each time: the checkout may have been moved since.
  const own = path.join(folder, 'node_modules/close-notify')
  await rm(own, { force: true })
  await symlink(sourceFile(''), own)
  await cp(sourceFile('test/drivers/programs'), folder, { recursive: true })
  return folder
}

async function runNpm(folder: string, signal: AbortSignal): Promise<void> {
  const child = spawn('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const stop = (): void => void child.kill('SIGTERM')
  signal.addEventListener('abort', stop, { once: true })
  process.once('exit', stop)
  try {
    const [said] = await Promise.all([text(child.stderr), once(child, 'close')])
    signal.throwIfAborted()
    if (child.exitCode !== 0) throw new InstallFailed(`The packages of the round could not be installed:\n${said}`)
  } finally {
    signal.removeEventListener('abort', stop)
    process.off('exit', stop)
  }
}
