// A FIN or an RST at every byte of a response, and endings with alerts at its borders, as fetch and undici see them. The
// clients are processes of their own.
import { describe, expect, test } from 'vitest'
import { tlsVersions } from '../../support/pair.js'
import { type CuttingServer, startCuttingServer, startEndedServer } from './cutting-server.js'
import { endingsIn, isInOrder } from './endings.js'
import { isOutcome, type Outcome, outcomesOf, takenForWhole, wrongOutcomes } from './outcomes.js'
import { runHere, undici } from './programs.js'
import { bordersWith, type Cut, everyCut, halfOf, hostOf, httpFramings, remainsOf } from './messages.js'

type Reader = 'text()' | 'the body stream' | "undici's fetch" | "undici's request"

interface Fetching {
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
      const outcomes = await fetchAll({ reader, connector }, cuts, await startCuttingServer(version))
      const expected = { inBody: isTruncation, inHead: isFailed, readsInParts: readsInParts(reader) }
      const wrong = wrongOutcomes(outcomes, version, expected)
      expect(wrong).toEqual([])
    },
  )
})

const readers = ['text()', 'the body stream', "undici's fetch", "undici's request"] as const

// Each ending has two of the readers: one for HTTP/1.1, another one for HTTP/2.
const endingRows = tlsVersions.flatMap((version) =>
  endingsIn(version).flatMap((ending, i) => [
    { version, ending, http: 'HTTP/1.1', reader: readers[i % 4] ?? 'text()' },
    { version, ending, http: 'HTTP/2', reader: readers[(i + 2) % 4] ?? 'text()' },
  ]),
)

test.each(endingRows)(
  '$version, $ending in a response of $http: no cut one passes as whole and no whole one fails, $reader',
  async ({ version, ending, http, reader }) => {
    const cuts = framings
      .filter((framing) => (framing === 'http2') === (http === 'HTTP/2'))
      .flatMap((framing) => bordersWith(framing, ending))
    const server = await startEndedServer(version, ending)
    const outcomes = await fetchAll({ reader, connector: 'ours' }, cuts, server)
    const inBody = isInOrder(ending) ? isFailed : isTruncation
    const expected = { inBody, inHead: isFailed, readsInParts: readsInParts(reader) }
    expect(wrongOutcomes(outcomes, version, expected)).toEqual([])
  },
)

test.each(tlsVersions)(
  '%s: by itself fetch takes every cut close-delimited response for a whole one',
  async (version) => {
    const cuts = everyCut('close-delimited', 'ciphertext', version).filter((cut) => cut.with === 'fin')
    const server = await startCuttingServer(version)
    const outcomes = await fetchAll({ reader: 'text()', connector: 'stock' }, cuts, server)
    const begunAndCut = cuts.filter((cut) => {
      const { head, isWhole } = remainsOf(cut, version)
      return head === 'whole' && !isWhole
    })
    expect(begunAndCut.length).toBeGreaterThan(100)
    expect(new Set(takenForWhole(outcomes, version))).toEqual(new Set(begunAndCut))
  },
)

function readsInParts(reader: Reader): boolean {
  return reader === 'the body stream' || reader === "undici's request"
}

async function fetchAll(
  { reader, connector }: Fetching,
  cuts: readonly Cut[],
  { port, failures }: CuttingServer,
): Promise<ReadonlyMap<Cut, Outcome>> {
  const allowH2 = cuts.some(({ framing }) => framing === 'http2')
  const options = { undici, port, hosts: cuts.map(hostOf), allowH2, reader, connector }
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
