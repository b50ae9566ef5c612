// A peer that renegotiates (TLS 1.2), before, amid and behind a closing: a server of ours refuses, a client of ours goes along
// where its library does, and every closing ends with its report. The peer is a socket of Node's.
import type { TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { collect, turns } from '../support/streams.js'
import { connectStreams, type StreamPair, streamSides } from './pair.js'

/** Resolves with the error of a refusal. */
function renegotiate(peer: TLSSocket): Promise<Error | undefined> {
  return new Promise((resolve) => {
    peer.once('error', resolve)
    peer.once('close', () => resolve(new Error('closed')))
    peer.renegotiate({}, (error) => resolve(error ?? undefined))
  })
}

const legacy = streamSides.filter(({ version }) => version === 'TLSv1.2')
const servers = legacy.filter(({ near }) => near === 'server')
const clients = legacy.filter(({ near, name }) => near === 'client' && name !== 'boringssl')
const boring = legacy.filter(({ near, name }) => near === 'client' && name === 'boringssl')

describe.each(servers)('$name, our side is the server', (sides) => {
  test('it is refused: the peer goes, what it sent before is read, and the report has both alerts', async () => {
    const { local, peer } = await connectStreams(sides)
    await expectRefusal({ local, peer })
    const { verdict, alerts } = await local.report
    expect([verdict, alerts.length > 0]).toEqual(['alerted', true])
  })

  test('behind our close_notify it is no answer, and no reason to wait beyond the budget', async () => {
    const { local, peer, wire, near } = await connectStreams(sides, { peerHalfOpen: true })
    local.resume().on('error', () => undefined)
    const done = local.shutdown({ mode: 'bidirectional', waitTimeout: 150 })
    await wire.seen(near, 'alert')
    void renegotiate(peer)
    // OpenSSL passes it over. BoringSSL fails, and says nothing behind its close_notify.
    const { endedBy = '' } = await done
    expect(['wait-timeout', 'tcp-end', 'destroy']).toContain(endedBy)
    expect(['timed-out', 'aborted', 'alerted', 'unanswered', 'reset']).toContain((await local.report).verdict)
    expect(local.destroyed).toBe(true)
  })
})

describe.each(clients)('$name, our side is the client', (sides) => {
  test('it goes along, and the closing behind it is clean', async () => {
    const { local, peer, wire, near } = await connectStreams(sides)
    peer.resume()
    local.resume()
    expect(await renegotiate(peer)).toBeUndefined()
    local.write('behind')
    expect(await local.shutdown({ mode: 'bidirectional' })).toMatchObject({ verdict: 'clean', endedBy: 'done' })
    await wire.seen(near, 'fin')
    expect(wire.closing(near)).toEqual(['alert warning close_notify', 'fin'])
  })

  test('amid a large write, all of it arrives, in order', async () => {
    const { local, peer } = await connectStreams(sides)
    const bytes = Buffer.concat(Array.from({ length: 100 }, (_, index) => Buffer.alloc(50_000, index)))
    local.resume().write(bytes.subarray(0, 2_500_000))
    const received = collect(peer)
    const renegotiated = renegotiate(peer)
    local.end(bytes.subarray(2_500_000))
    await renegotiated
    expect((await received).bytes.equals(bytes)).toBe(true)
    expect(await local.report).toMatchObject({ verdict: 'clean' })
  })

  test.each(['bidirectional', 'unidirectional'] as const)('our alert waits for its end, %s', async (mode) => {
    const { local, peer, wire, near, far } = await connectStreams(sides)
    peer.resume()
    local.resume()
    // The server's answer to our hello is under way for as long as the test likes.
    wire.hold(far)
    const renegotiated = renegotiate(peer)
    await wire.seen(far, 'handshake')
    wire.release(far)
    const done = local.shutdown({ mode, flushTimeout: 20_000, waitTimeout: 20_000 })
    expect(await done).toMatchObject({ sent: { kind: 'close_notify' }, endedBy: 'done' })
    await renegotiated
    await wire.seen(near, 'fin')
    expect(wire.closing(near)).toEqual(['alert warning close_notify', 'fin'])
  })

  test('that never ends is given up when the flush budget runs out', async () => {
    const { local, peer, wire, near } = await connectStreams(sides)
    peer.resume()
    local.resume()
    // The peer never gets what ours says.
    wire.hold(near)
    void renegotiate(peer)
    await turns(20)
    const report = await local.shutdown({ mode: 'bidirectional', flushTimeout: 100 })
    expect(report).toMatchObject({ verdict: 'timed-out', endedBy: 'flush-timeout' })
  })
})

describe.each(boring)('$name, our side is the client', (sides) => {
  test('it is refused by an alert of ours, after what came before was read', async () => {
    const { local, peer } = await connectStreams(sides)
    await expectRefusal({ local, peer })
    expect(await local.report).toMatchObject({ verdict: 'alerted' })
  })
})

async function expectRefusal({ local, peer }: Pick<StreamPair, 'local' | 'peer'>): Promise<void> {
  const collected = collect(local)
  peer.write('before')
  expect(await renegotiate(peer)).toBeInstanceOf(Error)
  const { bytes, ended, error } = await collected
  expect([String(bytes), ended, error?.code]).toEqual(['before', false, 'ERR_TLS_TRUNCATED'])
}
