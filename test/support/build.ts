/**
 * Compiles dist/ once before the tests, when it is older than the sources: child processes of tests load the package, the
 * benchmarks and the rounds from there, for Node 20 runs no TypeScript. No test does it by itself: another one may be
 * loading a file at that moment.
 */
import { execFile } from 'node:child_process'
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))

export default async function buildIfStale(): Promise<void> {
  const folders = ['lib', 'benchmarks', 'test/field', 'test/drivers']
  const newestSource = Math.max(...(await Promise.all(folders.map(newest))))
  const oldestOutput = Math.min(...(await Promise.all(folders.map((folder) => oldest(`dist/${folder}`)))))
  if (newestSource <= oldestOutput) return
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc')
  await promisify(execFile)(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root })
}

async function newest(folder: string): Promise<number> {
  return Math.max(...(await timesOf(folder, '.ts')))
}

async function oldest(folder: string): Promise<number> {
  const times = await timesOf(folder, '.js').catch(() => [])
  return times.length === 0 ? 0 : Math.min(...times)
}

async function timesOf(folder: string, extension: string): Promise<number[]> {
  const names = await readdir(path.join(root, folder), { recursive: true })
  const files = names.filter((name) => name.endsWith(extension))
  const stats = await Promise.all(files.map((name) => stat(path.join(root, folder, name))))
  return stats.map(({ mtimeMs }) => mtimeMs)
}
