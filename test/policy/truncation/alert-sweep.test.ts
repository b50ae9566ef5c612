// Endings with alerts at the borders of a response, as https.get, a bare TLSSocket and an http2 stream see them: no
// message passes that its protocol does not call whole, whatever has ended the connection, and none fails that it does.
import { Agent } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { controlClosure } from '../../../lib/index.js'
import { type TlsVersion, tlsVersions } from '../../support/pair.js'
import { startEndedServer } from './cutting-server.js'
import { type Ending, endingsIn, isInOrder } from './endings.js'
import { type HttpsReader, httpsGet } from './https-client.js'
import { bordersWith, type Cut, type Framing, hostOf, httpFramings } from './messages.js'
import { type Outcome, outcomesOf, wrongOutcomes } from './outcomes.js'
import { http2Get, readRaw, type TlsReader } from './tls-clients.js'

const isFailed = ({ error }: Outcome) => error !== undefined
const failed = { inBody: isFailed, inHead: isFailed }

const rows = tlsVersions.flatMap((version) => endingsIn(version).map((ending) => ({ version, ending })))

describe.each(rows)('$version, $ending', ({ version, ending }) => {
  test.each(httpFramings)('in a %s response of https: whole or failed', async (framing) => {
    const readers: readonly HttpsReader[] = ['events', 'pipeline', 'for await']
    for (const [i, reader] of readers.entries()) {
      const agent = new Agent({ rejectUnauthorized: false })
      onTestFinished(() => agent.destroy())
      controlClosure(agent, { onTruncation: 'error', flushTimeout })
      const get = (cut: Cut, port: number) => httpsGet({ host: hostOf(cut), port, agent }, reader)
      const outcomes = await sweep({ version, ending, framing, get, part: i, of: readers.length })
      const inBody = isInOrder(ending) ? isAborted : isTruncatedResponse
      expect(wrongOutcomes(outcomes, version, { inBody, inHead: isFailedRequest })).toEqual([])
    }
  })

  const inHttp2 = { inBody: isInOrder(ending) ? isConnectionReset : isTruncated, inHead: isConnectionReset }
  test.each([
    { what: 'a stream of http2', framing: 'http2', getWith: http2Get, expected: inHttp2 },
    { what: 'the stream of a bare TLSSocket', framing: 'raw', getWith: readRaw, expected: failed },
  ] as const)('in $what: whole or failed', async ({ framing, getWith, expected }) => {
    const readers: readonly TlsReader[] = ['events', 'for await']
    for (const [i, reader] of readers.entries()) {
      const get = (cut: Cut, port: number) => getWith({ host: hostOf(cut), port, control }, reader)
      const outcomes = await sweep({ version, ending, framing, get, part: i, of: readers.length })
      expect(wrongOutcomes(outcomes, version, expected)).toEqual([])
    }
  })
})

// A close_notify behind a user_canceled is heard of when a policy looks at the socket, from OpenSSL 3.5 on.
const flushTimeout = 200

function control(socket: TLSSocket): void {
  controlClosure(socket, { onTruncation: 'error', flushTimeout })
}

interface Sweep {
  readonly version: TlsVersion
  readonly ending: Ending
  readonly framing: Framing
  readonly get: (cut: Cut, port: number) => Promise<Outcome>
  /** Each part has every n-th position. */
  readonly part: number
  readonly of: number
}

async function sweep({ version, ending, framing, get, part, of }: Sweep): Promise<ReadonlyMap<Cut, Outcome>> {
  const { port, failures } = await startEndedServer(version, ending)
  const cuts = bordersWith(framing, ending).filter((_cut, i) => i % of === part)
  const outcomes = await outcomesOf(cuts, (cut) => get(cut, port))
  expect(failures).toEqual([])
  return outcomes
}

function isTruncatedResponse({ error, requestError }: Outcome): boolean {
  return error === 'ERR_TLS_TRUNCATED' && requestError === 'ERR_TLS_TRUNCATED'
}

// Node's own: the peer has said that this is all, and by Content-Length or chunks it is not.
function isAborted({ error, complete }: Outcome): boolean {
  return error === 'ECONNRESET' && complete === false
}

function isFailedRequest({ requestError }: Outcome): boolean {
  return requestError !== undefined
}

function isTruncated({ error }: Outcome): boolean {
  return error === 'ERR_TLS_TRUNCATED'
}

function isConnectionReset({ error }: Outcome): boolean {
  return error === 'ECONNRESET'
}
