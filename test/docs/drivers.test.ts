// docs/frameworks.md has the tables of test/drivers/drivers, and the round has a program and a package for each of them.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { drivers, shortForm } from '../drivers/drivers/index.js'
import { isUpToDate } from '../drivers/page.js'

const fileOf = (name: string): string => fileURLToPath(new URL(`../drivers/${name}`, import.meta.url))

test('the tables are those of what the round expects', () => {
  expect(isUpToDate(), 'npx tsc -p tsconfig.build.json && npm run drivers -- --render').toBe(true)
})

test('every driver has a program, which has the packages of its row', () => {
  for (const { name, packages } of drivers) {
    expect(existsSync(fileOf(`programs/${name}.mjs`)), name).toBe(true)
    const program = readFileSync(fileOf(`programs/${name}.mjs`), 'utf8')
    for (const each of packages) expect(program, name).toMatch(new RegExp(`from '${each}['/]`))
  }
})

test('what is installed for the round is what its rows name, and what a program of theirs talks to', () => {
  const manifest: unknown = JSON.parse(readFileSync(fileOf('package.json'), 'utf8'))
  const dependencies: unknown = Reflect.get(Object(manifest), 'dependencies')
  const installed = Object.keys(typeof dependencies === 'object' && dependencies !== null ? dependencies : {})
  expect(new Set(installed)).toEqual(new Set(drivers.flatMap(({ packages }) => packages)))
})

test('names are there once, and the short form has some of them', () => {
  const names = drivers.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(names).toEqual(expect.arrayContaining(shortForm))
})
