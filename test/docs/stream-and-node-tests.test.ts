// The page of Node's tests is made of the cases that are run.
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { isRun } from '../stream/node-suite/case.js'
import { nodeCases } from '../stream/node-suite/cases.js'
import { page } from '../stream/node-suite/page.js'

const file = fileURLToPath(new URL('../../docs/stream-and-node-tests.md', import.meta.url))

test('the page has the cases as they are run; -u writes it', async () => {
  await expect(page()).toMatchFileSnapshot(file)
})

test("each of Node's tests is there once, and at least 40 are", () => {
  const names = nodeCases.map((one) => one.test)
  expect(new Set(names).size).toBe(names.length)
  expect(names.length).toBeGreaterThanOrEqual(40)
})

test.each(nodeCases.filter(isRun))('$test: what differs is no fact of stock Node, and is one of the facts', (one) => {
  for (const side of [one.differs?.client, one.differs?.server]) {
    for (const [name, value] of Object.entries(side ?? {})) {
      expect(Object.keys(one.facts)).toContain(name)
      expect(value).not.toEqual(one.facts[name])
    }
  }
})
