import { describe, expect, test } from 'vitest'
import type { TLSSocket } from 'node:tls'
import { closureOf } from '../../lib/index.js'
import { alertsOnWire, answering, pairFor, turns } from './pairs.js'

const muchTime = { flushTimeout: 600_000, waitTimeout: 600_000 } as const
const closeNotify = 'alert warning close_notify'

function renegotiate(socket: TLSSocket): Promise<Error | null> {
  return new Promise((resolve) => void socket.renegotiate({}, resolve))
}

describe('renegotiation, TLS 1.2', () => {
  const connected = async () => {
    const pair = await pairFor({ version: 'TLSv1.2' })
    pair.client.resume()
    answering(pair.server)
    return pair
  }

  test('changes the Finished message, and a closure taken afterwards finds its socket on both sides', async () => {
    const { client, server } = await connected()
    const before = client.getFinished()
    expect(await renegotiate(client)).toBeNull()
    expect(client.getFinished()).not.toEqual(before)
    expect([closureOf(client).state, closureOf(server).state]).toEqual(['open', 'open'])
    expect(closureOf(client).getShutdown()).toBe(0)
  })

  test('does not interrupt the evidence of a closure taken before it', async () => {
    const pair = await connected()
    const closures = [closureOf(pair.client), closureOf(pair.server)] as const
    for (let i = 0; i < 2; i++) expect(await renegotiate(pair.client)).toBeNull()
    expect(await closures[0].shutdown({ mode: 'bidirectional', ...muchTime })).toMatchObject({ verdict: 'clean' })
    expect(await closures[1].report).toMatchObject({ verdict: 'clean', began: 'peer' })
    expect(alertsOnWire(pair, 'client').at(-1)).toContain('close_notify')
  })

  test('finds the right one of many sockets that have all renegotiated', async () => {
    const pairs = await Promise.all(Array.from({ length: 8 }, connected))
    for (const { client } of pairs.slice(0, 4)) closureOf(client)
    await Promise.all(pairs.map(({ client }) => renegotiate(client)))
    const [last] = pairs.slice(-1)
    if (last === undefined) throw new Error('Expected pairs')
    await closureOf(last.client).shutdown({ mode: 'bidirectional', ...muchTime })
    const alerts = pairs.map((pair) => alertsOnWire(pair, 'client').filter((alert) => alert === closeNotify).length)
    expect(alerts).toEqual([0, 0, 0, 0, 0, 0, 0, 1])
  })

  describe.each(['bidirectional', 'unidirectional'] as const)('is waited for by shutdown(), %s', (mode) => {
    test('that is called in the same tick', async () => {
      const pair = await connected()
      const renegotiated = renegotiate(pair.client)
      const closing = closureOf(pair.client).shutdown({ mode, ...muchTime })
      expect(await renegotiated).toBeNull()
      expect(await closing).toMatchObject({ sent: { kind: 'close_notify' }, endedBy: 'done' })
      await pair.wire.seen('client', 'fin')
      expect(alertsOnWire(pair, 'client')).toEqual([closeNotify])
    })

    test('that is called when SSL_shutdown can only fail', async () => {
      const pair = await connected()
      const closure = closureOf(pair.client)
      pair.wire.hold('client')
      const renegotiated = renegotiate(pair.client)
      await turns(3)
      expect(closure.sslShutdown()).toMatchObject({ value: -1, error: 'SSL_ERROR_SSL' })
      const closing = closure.shutdown({ mode, ...muchTime })
      await turns(10)
      expect(closure.alerts).toEqual([])
      pair.wire.release('client')
      expect(await renegotiated).toBeNull()
      expect(await closing).toMatchObject({ sent: { kind: 'close_notify' }, endedBy: 'done' })
      await pair.wire.seen('client', 'fin')
      expect(alertsOnWire(pair, 'client')).toEqual([closeNotify])
    })
  })

  test('is waited for by closeNotify()', async () => {
    const pair = await connected()
    const renegotiated = renegotiate(pair.client)
    const sending = closureOf(pair.client).closeNotify({ flushTimeout: 600_000 })
    expect(await renegotiated).toBeNull()
    await sending
    await pair.wire.seen('client', 'alert')
    expect(alertsOnWire(pair, 'client')).toEqual([closeNotify])
  })

  test('that never ends is given up when the flush budget runs out', async () => {
    const { client, wire } = await connected()
    wire.hold('client')
    void renegotiate(client)
    const report = await closureOf(client).shutdown({ mode: 'bidirectional', flushTimeout: 100 })
    expect(report).toMatchObject({ verdict: 'timed-out', endedBy: 'flush-timeout', sent: { kind: 'nothing' } })
  })
})
