// A FIN or an RST at every byte of what a bare TLSSocket receives, and of an http2 response.
import type { TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { controlClosure } from '../../../lib/index.js'
import { type TlsVersion, tlsVersions } from '../../support/pair.js'
import { startCuttingServer } from './cutting-server.js'
import { type Outcome, outcomesOf, takenForWhole, wrongOutcomes } from './outcomes.js'
import { type Cut, everyCut, halfOf, hostOf, remainsOf } from './messages.js'
import { http2Get, readRaw, type TlsReader, type TlsTarget, tlsReaders } from './tls-clients.js'

type Get = (target: TlsTarget, reader: TlsReader) => Promise<Outcome>

const rows = tlsVersions.flatMap((version) => [
  { version, what: 'a bare TLSSocket', framing: 'raw', get: readRaw } as const,
  { version, what: 'an http2 stream', framing: 'http2', get: http2Get } as const,
])

describe.each(rows)('$version, $what', ({ version, framing, get }) => {
  const everyByte = (['ciphertext', 'plaintext'] as const).flatMap((unit) => everyCut(framing, unit, version))

  test.each(tlsReaders)('no cut one passes as whole and no whole one fails: %s', async (reader) => {
    const hasListener = reader !== 'without an error listener'
    // Node itself gives an RST to nobody and dies, before there is a handshake that could be controlled
    const each = hasListener ? everyByte : everyByte.filter((cut) => cut.with === 'fin')
    const cuts = reader === 'for await' ? halfOf(each, 0) : each
    const outcomes = await getAll({ version, get, reader, control: truncationIsAnError }, cuts)
    expect(outcomes.size).toBe(cuts.length)
    const inBody = hasListener ? isTruncation : isSilent
    const inHead = hasListener && framing === 'http2' ? isConnectionReset : inBody
    expect(wrongOutcomes(outcomes, version, { inBody, inHead })).toEqual([])
  })

  test('Node by itself takes every cut one for a whole one', async () => {
    const cuts = everyCut(framing, 'ciphertext', version).filter((cut) => cut.with === 'fin')
    const outcomes = await getAll({ version, get, reader: 'events', control: () => undefined }, cuts)
    const begunAndCut = cuts.filter((cut) => {
      const { head, isWhole } = remainsOf(cut, version)
      return head === 'whole' && !isWhole
    })
    expect(begunAndCut.length).toBeGreaterThan(100)
    expect(takenForWhole(outcomes, version)).toEqual(expect.arrayContaining(begunAndCut))
  })
})

function truncationIsAnError(socket: TLSSocket): void {
  controlClosure(socket, { onTruncation: 'error' })
}

interface Getting {
  readonly version: TlsVersion
  readonly get: Get
  readonly reader: TlsReader
  readonly control: (socket: TLSSocket) => void
}

async function getAll({ version, get, reader, control }: Getting, cuts: readonly Cut[]) {
  const { port, failures } = await startCuttingServer(version)
  const outcomes = await outcomesOf(cuts, (cut) => get({ host: hostOf(cut), port, control }, reader))
  expect(failures).toEqual([])
  return outcomes
}

// An RST that Node itself tells of is no end that could be taken for whole: its own error stays.
function isTruncation({ error }: Outcome, { framing, with: how }: Cut): boolean {
  return error === 'ERR_TLS_TRUNCATED' || (framing === 'raw' && how === 'rst' && error === 'ECONNRESET')
}

function isSilent({ error }: Outcome): boolean {
  return error === undefined
}

// A stream whose response has not begun may be asked for again: the code says so, as it does over HTTP/1.1.
function isConnectionReset({ error }: Outcome): boolean {
  return error === 'ECONNRESET'
}
