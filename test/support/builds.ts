/**
 * The libssl builds of .cache/libssl, for tests that run on each. As a global setup it has them fetched once, where
 * nobody tried before: a clean clone needs no step of its own. Without them the tests run on what is there, and this
 * says what is not.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Build, findBuilds } from '../../lib/lab/builds.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = path.join(root, '.cache/libssl')
const script = path.join(root, 'scripts/libssl/fetch.mjs')

export default function fetchOnce(): void {
  // The script leaves the folder behind also where it could not fetch.
  if (!existsSync(folder)) spawnSync(process.execPath, [script], { stdio: ['ignore', 'inherit', 'inherit'] })
  const missing = missingBuilds()
  if (missing.length > 0) {
    console.warn(`\nNO TEST RUNS ON ${missing.join(', ')}: not fetched. To try: node scripts/libssl/fetch.mjs\n`)
  }
}

/** Node's own libssl first, then each build that was fetched. */
export function presentBuilds(): readonly Build[] {
  return findBuilds({ folders: [folder] })
}

function missingBuilds(): readonly string[] {
  const { stdout } = spawnSync(process.execPath, [script, '--json'], { encoding: 'utf8' })
  const known: unknown = JSON.parse(stdout)
  if (!Array.isArray(known)) throw new Error(`Expected a list from ${script} --json but received ${stdout}`)
  return known.filter((build) => !isPresent(build)).map(nameOf)
}

function isPresent(build: unknown): boolean {
  return typeof build === 'object' && build !== null && 'present' in build && build.present === true
}

function nameOf(build: unknown): string {
  return typeof build === 'object' && build !== null && 'name' in build ? String(build.name) : 'unknown'
}
