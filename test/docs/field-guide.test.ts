/** docs/field-guide.md has the tables of test/field/servers.json and clients.json, and those have all of the round. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { isUpToDate } from '../field/page.js'
import { readKeptClients } from '../field/client-result.js'
import { readKept } from '../field/result.js'
import { clients } from '../field/clients/index.js'
import { servers } from '../field/servers/index.js'

const page = readFileSync(fileURLToPath(new URL('../../docs/field-guide.md', import.meta.url)), 'utf8')
const { servers: kept } = readKept()
const { clients: keptClients } = readKeptClients()

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

test('every client of the round was measured, and in nothing did the lab and the wire disagree', () => {
  expect(keptClients.map(({ name }) => name)).toEqual(clients.map(({ name }) => name))
  expect(keptClients.flatMap((client) => (client.outcome === 'measured' ? client.differences : [client.why]))).toEqual(
    [],
  )
})

test('every client has its rows, and what is kept of it has no path and no port of a machine', () => {
  for (const { title } of clients) expect(page.split(`| ${title} |`).length, title).toBeGreaterThan(2)
  expect(JSON.stringify(keptClients)).not.toMatch(/\/(tmp|home|work|root)\/|localhost:\d/)
})
