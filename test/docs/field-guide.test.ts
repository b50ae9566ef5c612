/** docs/field-guide.md has the tables of test/field/servers.json, and that has every server of the round. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { isUpToDate } from '../field/page.js'
import { readKeptClients } from '../field/client-result.js'
import { readKept } from '../field/result.js'
import { servers } from '../field/servers/index.js'

const page = readFileSync(fileURLToPath(new URL('../../docs/field-guide.md', import.meta.url)), 'utf8')
const { servers: kept } = readKept()

test('the tables are those of the kept result', () => {
  expect(isUpToDate(readKept(), readKeptClients()), 'npx tsc -p tsconfig.build.json && npm run field -- --render').toBe(
    true,
  )
})

test('every server of the round was measured, and in no answer did the probe and the wire disagree', () => {
  expect(kept.map(({ name }) => name)).toEqual(servers.map(({ name }) => name))
  expect(kept.flatMap((server) => (server.outcome === 'measured' ? server.differences : [server.why]))).toEqual([])
})

test('every server has its rows', () => {
  for (const { title } of servers) expect(page, title).toContain(`| ${title}`)
})
