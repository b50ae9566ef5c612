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

test('main.ts and the doctor load nothing that needs a library', () => {
  const loaded = new Set<string>()
  const visit = (file: string): void => {
    if (loaded.has(file)) return
    loaded.add(file)
    for (const name of importsOf(file, /from '([^']+)'/g)) {
      visit(name.startsWith('.') ? path.join(path.dirname(file), name).replace(/\.js$/, '.ts') : name)
    }
  }
  for (const file of ['cli/main.ts', 'doctor/examine-process.ts']) visit(file)
  const libraries = [...loaded].filter((name) => !name.endsWith('.ts') && !name.startsWith('node:'))
  expect(libraries).toEqual([])
  expect(loaded.size).toBeGreaterThan(50)
})

test('nothing outside of lib/cli loads any of it, and only it, lib/lab and the doctor load lib/lab', () => {
  const loads = (file: string, folder: string) =>
    importsOf(file).some((name) => path.join(path.dirname(file), name).startsWith(`${folder}/`))
  expect(files.filter((file) => !file.startsWith('cli/') && loads(file, 'cli'))).toEqual([])
  expect(files.filter((file) => !/^(cli|doctor|lab)\//.test(file) && loads(file, 'lab'))).toEqual([])
})

function importsOf(file: string, pattern = /(?:from |import\()'([^']+)'/g): readonly string[] {
  if (!file.endsWith('.ts')) return []
  const text = readFileSync(path.join(lib, file), 'utf8')
  return [...text.matchAll(pattern)].map(([, name = '']) => name)
}
