/** What `npm ci` installs is for each Node that this package supports: npm warns of what is not. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))

test('npm ci warns of no package that is for another Node', () => {
  const { stderr, status } = spawnSync('npm', ['ci', '--dry-run', '--ignore-scripts', '--offline'], {
    cwd: root,
    encoding: 'utf8',
  })
  expect(stderr).not.toContain('EBADENGINE')
  expect(status, stderr).toBe(0)
})
