/** docs/install.md names every runtime, package manager and binary that the scripts know, in their versions. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
const page = read('docs/install.md')

test('each runtime that the package is tried on, in its version', () => {
  // Behind them are the libraries of tests.
  const [source = ''] = read('scripts/runtimes/runtimes.mjs').split('export const libraries')
  const runtimes = [...source.matchAll(/name: '(\w+)[\w-]*',[^}]*?version: '([\d.]+)'/g)]
  expect(runtimes.map(([, name]) => name)).toEqual(expect.arrayContaining(['node26', 'bun', 'deno', 'debian']))
  for (const [, name = '', version = ''] of runtimes) {
    const row = rows().find((cells) => cells.join(' ').includes(version))
    expect(row?.[0]?.toLowerCase(), `${name} ${version}`).toMatch(/^\d+|bun|deno/)
  }
})

test('each package manager, in its version', () => {
  const managers = [...read('scripts/package/check-managers.mjs').matchAll(/fromNpm\('(\S+)@([\d.]+)'/g)]
  expect(managers.length).toBeGreaterThan(2)
  for (const [, name, version = ''] of managers) {
    expect(
      rows().some((cells) => cells[1]?.startsWith(version)),
      `${name} ${version}`,
    ).toBe(true)
  }
})

test('each system that there is a binary for, and the oldest glibc that it takes', () => {
  const source = read('scripts/package/targets.mjs')
  const targets = [...source.matchAll(/arch: '(\w+)',\s+libc: '(\w+)',[^}]*GLIBC: '([\d.]+)'/g)]
  expect(targets.map(([, arch]) => arch)).toEqual(['x64', 'arm64'])
  for (const [, arch = '', libc = '', version = ''] of targets) {
    const row = rows().find(([system, binary]) => system === `Linux ${arch}, ${libc}` && binary === 'in the package')
    expect(row?.[2]).toContain(`${libc} ${version}`)
  }
})

test('and that for musl', () => {
  expect(read('scripts/package/targets.mjs')).toMatch(/arch: 'x64',\s+libc: 'musl'/)
  const row = rows().find(([system, binary]) => system === 'Linux x64, musl' && binary === 'in the package')
  expect(row?.[4]).toContain(`Debian's musl`)
})

/** Of all tables. */
function rows(): readonly (readonly string[])[] {
  const lines = page.split('\n').filter((line) => line.startsWith('| '))
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}
