// A FIN or an RST at every byte of a response, as fetch and undici see it. The clients are processes of their own.
import { describe, expect, test } from 'vitest'
import { type TlsVersion, tlsVersions } from '../../support/pair.js'
import { startCuttingServer } from './cutting-server.js'
import { isOutcome, type Outcome, outcomesOf, takenForWhole, wrongOutcomes } from './outcomes.js'
import { runHere, undici } from './programs.js'
import { type Cut, everyCut, halfOf, hostOf, httpFramings, remainsOf } from './messages.js'

type Reader = 'text()' | 'the body stream' | "undici's fetch" | "undici's request"

interface Fetching {
  readonly version: TlsVersion
  readonly reader: Reader
  /** Who makes the connections: this package's connector, undici's inside of it, or undici alone. */
  readonly connector: 'ours' | 'theirs' | 'stock'
}

const framings = [...httpFramings, 'http2'] as const

const ways = [
  { unit: 'ciphertext', half: 0, reader: 'the body stream', connector: 'ours' },
  { unit: 'ciphertext', half: 1, reader: 'text()', connector: 'theirs' },
  { unit: 'plaintext', half: 0, reader: 'the body stream', connector: 'theirs' },
  { unit: 'plaintext', half: 1, reader: 'text()', connector: 'ours' },
  { unit: 'plaintext', half: 0, reader: "undici's fetch", connector: 'ours' },
  { unit: 'plaintext', half: 1, reader: "undici's request", connector: 'ours' },
] as const

const rows = tlsVersions.flatMap((version) => framings.map((framing) => ({ version, framing })))

describe.each(rows)('$version, a $framing response', ({ version, framing }) => {
  // what the record layer does with a cut is the version's own; what undici makes of the plaintext is not
  const waysHere = ways.filter(({ unit }) => unit === 'ciphertext' || version === 'TLSv1.3')

  test.each(waysHere)(
    'no cut one passes as whole and no whole one fails: $reader, bytes of the $unit, connector: $connector',
    async ({ unit, half, reader, connector }) => {
      const cuts = halfOf(everyCut(framing, unit, version), half)
      const outcomes = await fetchAll({ version, reader, connector }, cuts)
      const readsInParts = reader === 'the body stream' || reader === "undici's request"
      const wrong = wrongOutcomes(outcomes, version, { inBody: isTruncation, inHead: isFailed, readsInParts })
      expect(wrong).toEqual([])
    },
  )
})

test.each(tlsVersions)(
  '%s: by itself fetch takes every cut close-delimited response for a whole one',
  async (version) => {
    const cuts = everyCut('close-delimited', 'ciphertext', version).filter((cut) => cut.with === 'fin')
    const outcomes = await fetchAll({ version, reader: 'text()', connector: 'stock' }, cuts)
    const begunAndCut = cuts.filter((cut) => {
      const { head, isWhole } = remainsOf(cut, version)
      return head === 'whole' && !isWhole
    })
    expect(begunAndCut.length).toBeGreaterThan(100)
    expect(new Set(takenForWhole(outcomes, version))).toEqual(new Set(begunAndCut))
  },
)

async function fetchAll(fetching: Fetching, cuts: readonly Cut[]): Promise<ReadonlyMap<Cut, Outcome>> {
  const { version, ...how } = fetching
  const { port, failures } = await startCuttingServer(version)
  const allowH2 = cuts.some(({ framing }) => framing === 'http2')
  const options = { undici, port, hosts: cuts.map(hostOf), allowH2, ...how }
  const { code, signal, stderr, facts } = await runHere('fetches-cut-responses.mjs', options)
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  expect(failures).toEqual([])
  const byHost = new Map(facts.filter(isOutcome).map((outcome) => [outcome.host, outcome]))
  return outcomesOf(cuts, (cut) => {
    const outcome = byHost.get(hostOf(cut))
    if (outcome === undefined) throw new Error(`Expected an outcome for ${hostOf(cut)}`)
    return Promise.resolve(outcome)
  })
}

function isTruncation({ error }: Outcome): boolean {
  return error === 'ERR_TLS_TRUNCATED'
}

// Nothing of a response had begun: the code is undici's own.
function isFailed({ error }: Outcome): boolean {
  return error !== undefined
}
