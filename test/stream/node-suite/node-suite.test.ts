// Node's own tests of tls are a judge that nobody here wrote: what each asks, in a form of our own, between two ends of
// node:tls, between two of ours, and between one of each. docs/stream-and-node-tests.md has the table.
import { describe, expect, test } from 'vitest'
import { certificate } from '../../support/certificate.js'
import { tlsVersions } from '../../support/pair.js'
import { expectedFacts, isAbsent, isRun, pairingsOf } from './case.js'
import { nodeCases } from './cases.js'
import { Ends } from './ends.js'

describe.each(tlsVersions)('%s', (version) => {
  const rows = nodeCases
    .filter(isRun)
    .flatMap((one) => pairingsOf(one).map(([client, server]) => ({ ...one, one, client, server })))

  test.each(rows)('$test, client of $client, server of $server', async ({ one, client, server }) => {
    const ends = new Ends({ version, client, server, identity: certificate })
    try {
      expect(await one.run(ends)).toEqual(expectedFacts(one, client, server))
    } finally {
      await ends.close()
    }
  })
})

test.each(nodeCases.filter(isAbsent))('$test: $absent', ({ proof }) => {
  proof()
})
