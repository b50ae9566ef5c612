import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

const files = readdirSync(path.join(root, 'scripts'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /^[^/]+\/[^/]+\.mjs$/.test(file))
  .map((file) => ({ script: `scripts/${file}`, source: readFileSync(path.join(root, 'scripts', file), 'utf8') }))
const imported = files.flatMap(({ script, source }) =>
  [...source.matchAll(/from '(\.[^']+)'/g)].map(([, name = '']) => path.join(path.dirname(script), name)),
)
/** Those in scripts/package/smoke run beside an installed package, and are not among them. */
const programs = files.filter(({ script }) => !imported.includes(script))

test('there are scripts', () => {
  expect(programs.length).toBeGreaterThan(5)
})

test.each(programs)('$script does nothing but print its usage with --help', ({ script, source }) => {
  // Looked for before it is started: without it the script would do its work.
  expect(source).toContain(`Usage: node ${script}`)
  const printed = execFileSync(process.execPath, [path.join(root, script), '--help'], { encoding: 'utf8' })
  expect(printed.startsWith(`Usage: node ${script}`)).toBe(true)
})
