import { expect, test } from 'vitest'
import { factsOfProgram } from './child.js'

const kinds = [
  { kind: 'socket', connections: 10_000, env: {} },
  { kind: 'TlsStream', connections: 1500, env: { CLOSE_NOTIFY_TEST_STREAMS: '1' } },
] as const

test.each(kinds)(
  '$connections connections of a $kind are opened and closed in flat memory',
  {
    timeout: 150_000,
  },
  async ({ connections, env }) => {
    const options = { execArgv: ['--expose-gc'], env }
    const [start, warm, end] = await factsOfProgram('opens-and-closes.mjs', [connections], options)
    expect(end).toMatchObject({ connections, verdicts: { clean: 2 * connections } })
    expect(numberOf(end, 'live')).toBe(numberOf(start, 'live'))
    expect(numberOf(end, 'indexed')).toBe(numberOf(start, 'indexed'))
    // 6,000 connections lie between: 150 bytes of JavaScript kept of each would be 10 %.
    expect(numberOf(end, 'heap') / numberOf(warm, 'heap')).toBeLessThan(1.08)
    // The size of the process wanders by some ten MB without us, too; SSLs that are kept would double it.
    expect(numberOf(end, 'rss') / numberOf(warm, 'rss')).toBeLessThan(1.6)
  },
)

function numberOf(fact: unknown, name: string): number {
  const value: unknown = typeof fact === 'object' && fact !== null ? Reflect.get(fact, name) : undefined
  if (typeof value !== 'number') throw new Error(`Expected a number for ${name} in ${JSON.stringify(fact)}`)
  return value
}
