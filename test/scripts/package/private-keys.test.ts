/** Keys are made when they are needed: none lies in what `npm pack` packs, nor in a source. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { makeCredentials } from '../../../lib/lab/credentials.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
/** A header that is followed by what a header stands for, as it is or in a literal of JavaScript. */
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----(?:\s|\\n)+[\w+/=-]{16}/

test('a key that was made is known for one', async () => {
  const { key } = await makeCredentials({ host: 'localhost', ca: false })
  expect(key).toMatch(privateKey)
  expect(JSON.stringify({ key })).toMatch(privateKey)
})

test('the package has no private key', () => {
  const files = packedFiles()
  expect(files).toContain('dist/lib/lab/credentials.js')
  expect(files).toContain('README.md')
  expect(files.filter(hasKey)).toEqual([])
})

test.each(['benchmarks', 'docs', 'lib', 'native', 'scripts', 'test'])('%s has no private key', (folder) => {
  const entries = readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
  expect(files.length).toBeGreaterThan(5)
  expect(files.filter(hasKey)).toEqual([])
})

function packedFiles(): readonly string[] {
  const printed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const paths = [...printed.matchAll(/"path": "([^"]+)"/g)].map(([, name = '']) => name)
  // The compiler's output of a source that is gone is removed before packing.
  return paths.filter((file) => !file.startsWith('dist/') || existsSync(path.join(root, sourceOf(file))))
}

function sourceOf(file: string): string {
  return file.replace(/^dist\//, '').replace(/(\.d)?\.[jt]s(\.map)?$/, '.ts')
}

function hasKey(file: string): boolean {
  return privateKey.test(readFileSync(path.join(root, file), 'latin1'))
}
