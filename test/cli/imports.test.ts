import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const lib = fileURLToPath(new URL('../../lib', import.meta.url))
const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))

test('a library that only the program needs is loaded by lib/cli alone', () => {
  const importing = files.filter((file) => importsOf(file).some((name) => /^(commander|cli-)/.test(name)))
  expect(importing.length).toBeGreaterThan(0)
  expect(importing.filter((file) => !file.startsWith('cli/'))).toEqual([])
})

test('nothing outside of lib/cli loads any of it, and only it and lib/lab load lib/lab', () => {
  const loads = (file: string, folder: string) =>
    importsOf(file).some((name) => path.join(path.dirname(file), name).startsWith(`${folder}/`))
  expect(files.filter((file) => !file.startsWith('cli/') && loads(file, 'cli'))).toEqual([])
  expect(files.filter((file) => !/^(cli|lab)\//.test(file) && loads(file, 'lab'))).toEqual([])
})

function importsOf(file: string): readonly string[] {
  const text = readFileSync(path.join(lib, file), 'utf8')
  return [...text.matchAll(/(?:from |import\()'([^']+)'/g)].map(([, name = '']) => name)
}
