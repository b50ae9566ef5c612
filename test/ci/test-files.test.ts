import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folders = readdirSync(path.join(root, 'test'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .filter((name) =>
    readdirSync(path.join(root, 'test', name), { recursive: true }).some((file) => /\.test\.ts$/.test(String(file))),
  )

const linesOf = (...args: readonly string[]): readonly string[] =>
  execFileSync(process.execPath, [path.join(root, 'scripts/ci/test-files.mjs'), ...args], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '')

/** The lists of folders that each place repeats: a new folder of test/ needs a decision where else its tests run. */
const otherNodes = [
  'closing',
  'closure',
  'doctor',
  'examples',
  'hazards',
  'lab',
  'learned',
  'metrics',
  'openssl',
  'operation',
  'policy',
  'process',
  'report',
  'stream',
  'stress',
  'tls',
  'unwrap',
]
const repeated: Readonly<Record<string, readonly string[]>> = {
  'other-nodes': otherNodes,
  'middle-node': otherNodes.filter((folder) => !['lab', 'openssl'].includes(folder)),
  musl: ['closure', 'doctor', 'hazards', 'openssl', 'stream', 'unwrap'],
  sanitizers: ['closure', 'openssl'],
}

describe.each(Object.entries(repeated))('in the place %s', (place, expected) => {
  const reasons = new Map(
    linesOf(place, '--excluded')
      .map((line) => /^test\/(\S+): (.+)$/.exec(line)?.slice(1) ?? [])
      .map(([name = '', reason = '']) => [name, reason]),
  )

  test('each folder of test/ is repeated or excluded, and not both', () => {
    const excluded = [...reasons.keys()].filter((name) => !name.includes('/'))
    expect([...expected, ...excluded].sort(), 'decide in scripts/ci/test-files.mjs and here').toEqual(folders.sort())
  })

  test('each exclusion has its reason', () => {
    expect([...reasons].filter(([, reason]) => !/\w \w/.test(reason) && reason !== 'the checkout')).toEqual([])
  })

  test('the files are those of the folders that are repeated', () => {
    const files = linesOf(place)
    expect([...new Set(files.map((file) => file.split('/')[1]))].sort()).toEqual([...expected].sort())
    expect(files.every((file) => file.endsWith('.test.ts'))).toBe(true)
  })
})

test('a place that is not known is refused with exit code 2', () => {
  expect(() => linesOf('elsewhere')).toThrow(expect.objectContaining({ status: 2 }))
})

test('.ci/run names no test of its own', () => {
  const source = readFileSync(path.join(root, '.ci/run'), 'utf8')
  // The C++ has no test files of vitest, and its folder is named to find the sources.
  expect([...source.matchAll(/\btest\/(?!native\b)[\w/{},.-]*/g)].map(([name]) => name)).toEqual([])
})

test('on musl vitest has the native part that belongs to it', () => {
  const source = readFileSync(path.join(root, 'scripts/runtimes/runtimes.mjs'), 'utf8')
  const lock = readFileSync(path.join(root, 'package-lock.json'), 'utf8')
  const pinned = /'@rolldown\/binding-linux-x64-musl', version: '([\d.]+)'/.exec(source)?.[1]
  const installed = /"node_modules\/rolldown": {\s+"version": "([\d.]+)"/.exec(lock)?.[1]
  expect(pinned).toMatch(/^\d+\.\d+/)
  expect(pinned).toBe(installed)
})
