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

  test('in a stream of http2: whole or failed', async () => {
    const readers: readonly TlsReader[] = ['events', 'for await']
    for (const [i, reader] of readers.entries()) {
      const get = (cut: Cut, port: number) => http2Get({ host: hostOf(cut), port, control }, reader)
      const outcomes = await sweep({ version, ending, framing: 'http2', get, part: i, of: readers.length })
      const inBody = isInOrder(ending) ? isConnectionReset : isTruncated
      expect(wrongOutcomes(outcomes, version, { inBody, inHead: isConnectionReset })).toEqual([])
    }
  })

  test('in the stream of a bare TLSSocket: whole or failed', async () => {
    const readers: readonly TlsReader[] = ['events', 'for await']
    for (const [i, reader] of readers.entries()) {
      const get = (cut: Cut, port: number) => readRaw({ host: hostOf(cut), port, control }, reader)
      const outcomes = await sweep({ version, ending, framing: 'raw', get, part: i, of: readers.length })
      expect(wrongOutcomes(outcomes, version, { inBody: isFailed, inHead: isFailed })).toEqual([])
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

function isFailed({ error }: Outcome): boolean {
  return error !== undefined
}
