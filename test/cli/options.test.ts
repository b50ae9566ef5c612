import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import * as commands from '../../lib/cli/commands.js'
import { addOptions, existingFolders, flag, readableFile } from '../../lib/cli/options.js'

test('every command can be made, and is named after its folder', () => {
  const cli = fileURLToPath(new URL('../../lib/cli', import.meta.url))
  const folders = readdirSync(cli).filter((name) => existsSync(path.join(cli, name, 'command.ts')))
  const names = Object.values(commands).map((makeCommand) => makeCommand(() => undefined).name())
  expect(names.sort()).toEqual(folders.sort())
})

test('an option that is written otherwise than its name in the table is refused', () => {
  const added = (table: Parameters<typeof addOptions>[1]) => addOptions(new Command(), table).options.length
  expect(added({ allRows: flag('--all-rows', 'every row') })).toBe(1)
  expect(() => added({ allRows: flag('--all-row', 'every row') })).toThrow(/--all-row .*allRows/)
})

test('a file to read is a file, and a folder is a folder', () => {
  const file = fileURLToPath(import.meta.url)
  const folder = path.dirname(file)
  expect(readableFile(file)).toBe(file)
  expect(() => readableFile(folder)).toThrow('It is a folder.')
  expect(() => readableFile(path.join(folder, 'absent'))).toThrow('There is no such file.')
  expect(existingFolders(folder, ['/'])).toEqual(['/', folder])
  expect(() => existingFolders(file)).toThrow('It is no folder.')
  expect(() => existingFolders(path.join(folder, 'absent'))).toThrow('There is no such folder.')
})
