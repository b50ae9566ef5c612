import { expect, test } from 'vitest'
import { factsOfProgram } from './child.js'

test('10,000 connections are opened and closed in flat memory', { timeout: 150_000 }, async () => {
  const [start, warm, end] = await factsOfProgram('opens-and-closes.mjs', [10_000], { execArgv: ['--expose-gc'] })
  expect(end).toMatchObject({ connections: 10_000, verdicts: { clean: 20_000 } })
  expect(numberOf(end, 'live')).toBe(numberOf(start, 'live'))
  expect(numberOf(end, 'indexed')).toBe(numberOf(start, 'indexed'))
  // 6,000 connections lie between: 150 bytes of JavaScript kept of each would be 10 %.
  expect(numberOf(end, 'heap') / numberOf(warm, 'heap')).toBeLessThan(1.08)
  // The size of the process wanders by some ten MB without us, too; SSLs that are kept would double it.
  expect(numberOf(end, 'rss') / numberOf(warm, 'rss')).toBeLessThan(1.6)
})

function numberOf(fact: unknown, name: string): number {
  const value: unknown = typeof fact === 'object' && fact !== null ? Reflect.get(fact, name) : undefined
  if (typeof value !== 'number') throw new Error(`Expected a number for ${name} in ${JSON.stringify(fact)}`)
  return value
}
