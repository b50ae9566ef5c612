// A FIN or an RST at every byte of a request with a body, and alerts at its borders: an error of that request, and of
// nothing else.
import { connect as connectHttp2 } from 'node:http2'
import { Agent, get } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { connect } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { controlClosure } from '../../../lib/index.js'
import { type TlsVersion, tlsVersions } from '../../support/pair.js'
import { delay, once } from '../../support/streams.js'
import { endingsIn, isInOrder, startEndingRelay } from './endings.js'
import { HeldTls } from './held-tls.js'
import { bordersWith, type Cut, everyCut, halfOf, remainsOf } from './messages.js'
import { type Outcome, outcomesOf, wrongOutcomes } from './outcomes.js'
import { type ServerApi, startUploads, type Uploads } from './request-server.js'

const rows = tlsVersions.flatMap(
  (version) =>
    [
      { version, framing: 'content-length request', api: 'https' },
      { version, framing: 'chunked request', api: 'https' },
      { version, framing: 'http2 request', api: 'http2 stream' },
      { version, framing: 'http2 request', api: 'http2 compatibility' },
    ] as const,
)

describe.each(rows)('$version, a $framing on a server of $api', ({ version, framing, api }) => {
  const everyByte = (['ciphertext', 'plaintext'] as const).flatMap((unit) => everyCut(framing, unit, version))
  // the two APIs of http2 have one half each
  const cuts = api === 'https' ? everyByte : halfOf(everyByte, api === 'http2 stream' ? 0 : 1)

  test('no cut one passes as whole, no whole one fails, and nobody else is disturbed', async () => {
    const uploads = await startUploads(version, api)
    controlClosure(uploads.server, { onTruncation: 'error' })
    const stopVisiting = keepVisiting(uploads.port, api)
    const outcomes = await outcomesOf(cuts, (cut) => upload(cut, version, uploads))
    const failedVisits = await stopVisiting()

    expect(wrongOutcomes(outcomes, version, { inBody: isTruncation, inHead: isNoRequest })).toEqual([])
    const clientErrors = new Set(uploads.clientErrors)
    expect(cuts.filter((cut) => clientErrors.has(nameOf(cut)) && !mayBeClientError(cut, version))).toEqual([])
    expect(uploads.errors).toEqual([])
    expect(failedVisits).toEqual([])
    expect(uploads.visits.count).toBeGreaterThan(10)
    expect(uploads.visits.sockets.size).toBe(1)
  })
})

describe.each(rows)('$version, a $framing on a server of $api', ({ version, framing, api }) => {
  // Each ending has every other position, and its neighbours have the others.
  const endings = endingsIn(version).map((ending, i) => ({ ending, half: i % 2 }))
  test.each(endings)('$ending: no cut one passes as whole and no whole one fails', async ({ ending, half }) => {
    const uploads = await startUploads(version, api)
    controlClosure(uploads.server, { onTruncation: 'error', flushTimeout: 200 })
    const relay = await startEndingRelay({ ending, from: 'client', port: uploads.port })
    uploads.server.on('keylog', (line: Buffer) => relay.keys.add(line))
    const through = { ...uploads, port: relay.port }
    const cuts = bordersWith(framing, ending).filter((_cut, i) => i % 2 === half)
    const outcomes = await outcomesOf(cuts, (cut) => upload(cut, version, through))
    const inBody = isInOrder(ending) ? isAborted : isTruncation
    expect(wrongOutcomes(outcomes, version, { inBody, inHead: isNoRequest })).toEqual([])
    const clientErrors = new Set(uploads.clientErrors)
    const told = cuts.filter((cut) => clientErrors.has(nameOf(cut)))
    // What http calls malformed, and what comes between requests, is what it is without a policy.
    expect(isInOrder(ending) ? [] : told.filter((cut) => !mayBeClientError({ ...cut, with: 'rst' }, version))).toEqual(
      [],
    )
    expect(uploads.errors).toEqual([])
  })
})

async function upload(cut: Cut, version: TlsVersion, uploads: Uploads): Promise<Outcome> {
  const { port } = uploads
  const { secured, outcome } = uploads.expect(nameOf(cut))
  const tcp = connectTcp({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
  await once(tcp, 'connect')
  const ALPNProtocols = [cut.framing === 'http2 request' ? 'h2' : 'http/1.1']
  const held = new HeldTls(tcp, (socket) =>
    connect({ socket, servername: nameOf(cut), rejectUnauthorized: false, ALPNProtocols }),
  )
  await once(held.tls, 'secureConnect')
  await secured
  await held.sendCut(cut, version)
  const made = await outcome
  tcp.destroy()
  return made ?? noRequest
}

const noRequest: Outcome = { body: '', passed: false, ended: false, error: 'no request' }

/** Requests on one connection, one after the other. Stopping it gives the errors. */
function keepVisiting(port: number, api: ServerApi): () => Promise<readonly unknown[]> {
  const failures: unknown[] = []
  const visitor = api === 'https' ? httpsVisitor(port) : http2Visitor(port)
  let stopped = false
  const visiting = (async () => {
    while (!stopped && failures.length === 0) {
      await visitor.visit().catch((error: unknown) => failures.push(error))
      // there is other work to do
      await delay(5)
    }
  })()
  onTestFinished(() => {
    stopped = true
    visitor.leave()
  })
  return async () => {
    stopped = true
    await visiting
    return failures
  }
}

interface Visitor {
  visit(): Promise<void>
  leave(): void
}

function httpsVisitor(port: number): Visitor {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false })
  const visit = () =>
    new Promise<void>((resolve, reject) => {
      const request = get({ host: '127.0.0.1', port, agent, servername: 'visitor' }, (response) => {
        response.resume()
        response.once('end', () => setImmediate(resolve))
      })
      request.once('error', reject)
    })
  return { visit, leave: () => agent.destroy() }
}

function http2Visitor(port: number): Visitor {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { servername: 'visitor', rejectUnauthorized: false })
  const visit = async () => {
    const stream = session.request({ ':path': '/' })
    stream.resume()
    await once(stream, 'close')
  }
  return { visit, leave: () => session.destroy() }
}

function nameOf({ unit, at, with: how }: Cut): string {
  return `${unit}.${at}.${how.replaceAll(/[ ,]+/g, '-')}`
}

function isTruncation({ error }: Outcome): boolean {
  return error === 'ERR_TLS_TRUNCATED'
}

// The peer has said that this is all, and by Content-Length, chunks or END_STREAM it is not.
function isAborted({ error }: Outcome): boolean {
  return error === 'ECONNRESET'
}

function isNoRequest({ error }: Outcome): boolean {
  return error === noRequest.error
}

// An RST between requests, and what cuts a head, is what it is without a policy.
function mayBeClientError(cut: Cut, version: TlsVersion): boolean {
  const { head, isWhole } = remainsOf(cut, version)
  return cut.with === 'rst' ? head !== 'whole' || isWhole : head === 'part'
}
