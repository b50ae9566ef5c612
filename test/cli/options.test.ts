import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import * as commands from '../../lib/cli/commands.js'
import { compareOptions } from '../../lib/cli/compare/options.js'

const tables = [{ command: 'compare', table: compareOptions }]

test('every command is named after its folder, and its table of options is tested here', () => {
  const cli = fileURLToPath(new URL('../../lib/cli', import.meta.url))
  const folders = readdirSync(cli, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  )
  const names = Object.values(commands).map((makeCommand) => makeCommand(() => undefined).name())
  expect(names.sort()).toEqual(folders.sort())
  expect(tables.map(({ command }) => command).sort()).toEqual(folders.sort())
})

test.each(tables)('each option of $command has in its table the name under which its value arrives', ({ table }) => {
  const names = Object.entries(table).map(([name, option]) => [name, option.attributeName()])
  expect(names.filter(([name, attribute]) => name !== attribute)).toEqual([])
})
