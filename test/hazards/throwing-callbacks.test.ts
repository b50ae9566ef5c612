import { describe, expect, test } from 'vitest'
import { tlsVersions } from '../support/pair.js'
import { factsOfProgram } from './child.js'

describe.each(tlsVersions)('a user callback that throws, %s', (version) => {
  test.each(['data', 'end', 'close', 'finish', 'secureConnect', 'readable'])(
    "in '%s': the exception surfaces as it does without us, and the report settles",
    async (event) => {
      const stock = await factsOfProgram('throws.mjs', [version, event, 'stock'])
      expect(JSON.stringify(stock)).toContain(`in ${event}`)
      const [verdict, ...rest] = await factsOfProgram('throws.mjs', [version, event, 'closure'])
      expect(verdict).toMatchObject({ shutdown: 'clean', report: 'clean' })
      expect(rest).toEqual(stock)
    },
  )

  test('in a write callback: the exception surfaces as it does without us, and the closing goes on', async () => {
    const stock = await factsOfProgram('throws.mjs', [version, 'write', 'stock'])
    expect(stock).toEqual([{ uncaught: ['in write'] }])
    const facts = await factsOfProgram('throws.mjs', [version, 'write', 'closure'])
    expect(facts).toEqual([{ shutdown: 'clean', report: 'clean' }, ...stock])
  })

  test.each(['shutdown', 'report', 'closeNotify'])(
    'in a continuation of %s: it is an unhandled rejection',
    async (call) => {
      const facts = await factsOfProgram('throws.mjs', [version, call, 'closure'])
      expect(facts).toEqual([{ shutdown: 'clean', report: 'clean' }, { uncaught: [`in ${call}`] }])
    },
  )

  test('in the callback of a write that came after the alert: it surfaces', async () => {
    const facts = await factsOfProgram('throws.mjs', [version, 'late write', 'closure'])
    expect(facts).toEqual([{ shutdown: 'clean', report: 'clean' }, { uncaught: ['in late write'] }])
  })

  test('in data that comes while we wait: the closing goes on', async () => {
    const facts = await factsOfProgram('throws.mjs', [version, 'late data', 'closure'])
    expect(facts).toEqual([{ shutdown: 'clean', report: 'clean' }, { uncaught: ['in late data'] }])
  })
})
