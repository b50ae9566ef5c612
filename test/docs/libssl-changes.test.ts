/** docs/libssl-changes.md is what the program prints over the builds of .cache/libssl, of those that are there. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { knownCauses } from '../../lib/lab/compare/causes/index.js'

const path = (relative: string): string => fileURLToPath(new URL(`../../${relative}`, import.meta.url))
const page = readFileSync(path('docs/libssl-changes.md'), 'utf8')

test('the parts of docs/libssl-changes.md are those of the builds', () => {
  const script = path('scripts/docs/update-libssl-changes.mjs')
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
  expect(stderr.split('\n').filter((line) => line !== '' && !line.startsWith('Left as it is'))).toEqual([])
  expect(status).toBe(0)
})

test('docs/libssl-changes.md has a date, and no difference without a known cause', () => {
  expect(page).toMatch(/^Made on \d{4}-\d\d-\d\d by close-notify \d+\.\d+\.\d+ with Node \d+\.\d+\.\d+\.$/m)
  expect(page).not.toContain(', no known cause**')
})

test('every known cause is seen between two of the builds', () => {
  const unseen = knownCauses.filter(({ title }) => !page.includes(`**${title}**`)).map(({ name }) => name)
  expect(unseen).toEqual([])
})
