import { once as onceEvent } from 'node:events'
import { connect } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { certificate } from '../support/certificate.js'
import { tlsVersions } from '../support/pair.js'
import { alertsOnWire, alertWritten, pairFor, turns } from './pairs.js'
import { startSilentServer } from './silent-server.js'

const muchTime = { flushTimeout: 600_000, waitTimeout: 600_000 } as const
const muchData = 32 * 1024 * 1024

describe('destroy() before the handshake is done', () => {
  test.each([
    ['at once', 0],
    ['while the peer is silent', 3],
  ])('%s: the report says that there was no TLS connection', async (_when, count) => {
    const { port, close } = await startSilentServer()
    onTestFinished(close)
    const socket = connect({ port, host: '127.0.0.1' })
    const closure = closureOf(socket)
    await turns(count)
    socket.destroy()
    expect(await closure.report).toMatchObject({ verdict: 'no-handshake', handshake: 'not-completed' })
    await expect(closure.shutdown()).rejects.toMatchObject({ code: 'ERR_CLOSURE_CLOSED' })
    await expect(closure.closeNotify()).rejects.toMatchObject({ code: 'ERR_CLOSURE_CLOSED' })
  })
})

describe.each(tlsVersions)('destroy() at a step of a closing, %s', (version) => {
  test.each(['secure', 'secureConnect'])("in '%s': the report is one of a completed handshake", async (event) => {
    const pair = await pairFor({ version })
    pair.server.resume()
    const { port } = pair.relay
    const socket = connect({ port, host: '127.0.0.1', ca: certificate.cert, servername: certificate.host })
    onTestFinished(() => void socket.destroy())
    const closure = closureOf(socket)
    socket.on(event, () => socket.destroy())
    expect(await closure.report).toMatchObject({
      verdict: 'aborted',
      handshake: 'completed',
      mode: 'uncontrolled',
      sent: { kind: 'nothing' },
    })
  })

  test('in the tick of shutdown(): nothing is sent, and the promise resolves', async () => {
    const pair = await pairFor({ version })
    pair.server.resume()
    const closure = closureOf(pair.client)
    const closing = closure.shutdown({ mode: 'bidirectional', ...muchTime })
    pair.client.destroy()
    const report = await closing
    expect(report).toMatchObject({ verdict: 'aborted', endedBy: 'destroy', sent: { kind: 'nothing' }, began: 'local' })
    expect(await closure.report).toEqual(report)
    await pair.wire.seen('client', 'fin')
    expect(alertsOnWire(pair, 'client')).toEqual([])
  })

  test('in the tick of shutdown(), with an error: it reaches the socket as it is', async () => {
    const { client, server, errors } = await pairFor({ version })
    server.resume()
    const failure = new Error('on purpose')
    const closing = closureOf(client).shutdown({ ...muchTime })
    client.destroy(failure)
    expect(await closing).toMatchObject({ verdict: 'aborted', endedBy: 'destroy' })
    expect(errors.client).toEqual([failure])
  })

  test('while draining: no alert is sent, and what was not delivered is counted', async () => {
    const pair = await pairFor({ version })
    const { client } = pair
    client.write(Buffer.alloc(muchData))
    const closing = closureOf(client).shutdown({ mode: 'bidirectional', ...muchTime })
    await turns(5)
    client.destroy()
    const report = await closing
    expect(report).toMatchObject({ verdict: 'aborted', endedBy: 'destroy', sent: { kind: 'nothing' } })
    expect(report.undeliveredBytes).toBeGreaterThan(0)
    expect(alertsOnWire(pair, 'client')).toEqual([])
  })

  test('when the alert has just been written: the report does not say more than the wire', async () => {
    const pair = await pairFor({ version })
    const { client, server, wire } = pair
    server.resume()
    const closing = closureOf(client).shutdown({ mode: 'bidirectional', ...muchTime })
    await alertWritten(client)
    client.destroy()
    const report = await closing
    expect(report).toMatchObject({ verdict: 'aborted', endedBy: 'destroy' })
    await wire.seen('client', 'fin')
    const onWire = alertsOnWire(pair, 'client')
    // The other way round may be: the alert is on the wire a turn before Node tells that TCP has taken it.
    expect(['close_notify', 'not-flushed']).toContain(report.sent.kind)
    expect(onWire.length).toBeGreaterThanOrEqual(report.sent.kind === 'close_notify' ? 1 : 0)
  })

  test('while waiting: our alert was sent, theirs is told not to have come', async () => {
    const pair = await pairFor({ version, allowHalfOpen: true })
    const { client, server, wire } = pair
    server.resume()
    client.resume()
    const closing = closureOf(client).shutdown({ mode: 'bidirectional', ...muchTime })
    await wire.seen('client', 'alert')
    await turns(3)
    client.destroy()
    expect(await closing).toMatchObject({
      verdict: 'aborted',
      endedBy: 'destroy',
      sent: { kind: 'close_notify' },
      received: { kind: 'nothing' },
    })
    await wire.seen('client', 'fin')
    expect(wire.closing('client')).toEqual(['alert warning close_notify', 'fin'])
  })

  test('after a unidirectional closing: the report stays what the closing came to', async () => {
    const pair = await pairFor({ version, allowHalfOpen: true })
    pair.server.resume()
    const closure = closureOf(pair.client)
    expect(await closure.shutdown({ mode: 'unidirectional' })).toMatchObject({ verdict: 'half-closed' })
    pair.client.destroy()
    expect(await closure.report).toMatchObject({ verdict: 'half-closed', endedBy: 'done' })
    await pair.wire.seen('client', 'fin')
    expect(pair.wire.closing('client')).toEqual(['alert warning close_notify', 'fin'])
  })

  test.each(['in the same tick', 'while draining'])('of closeNotify(), %s: it rejects', async (when) => {
    const pair = await pairFor({ version })
    const { client, wire } = pair
    const closure = closureOf(client)
    if (when === 'while draining') client.write(Buffer.alloc(muchData))
    const sending = closure.closeNotify({ flushTimeout: 600_000 })
    const outcome = expect(sending).rejects.toMatchObject({ code: 'ERR_CLOSURE_CLOSED' })
    if (when === 'while draining') await turns(5)
    client.destroy()
    await outcome
    expect(await closure.report).toMatchObject({ verdict: 'aborted', sent: { kind: 'nothing' } })
    if (when === 'in the same tick') {
      await wire.seen('client', 'fin')
      expect(alertsOnWire(pair, 'client')).toEqual([])
    }
  })

  test('by the peer with RST while we wait: the report says reset', async () => {
    const { client, server, wire } = await pairFor({ version, allowHalfOpen: true })
    server.resume()
    client.resume()
    const closing = closureOf(client).shutdown({ mode: 'bidirectional', ...muchTime })
    await wire.seen('client', 'alert')
    wire.cut('server', { afterBytes: 0, with: 'rst' })
    expect(await closing).toMatchObject({ verdict: 'reset', endedBy: 'tcp-end', tcp: { kind: 'reset' } })
  })

  test('of many sockets in one tick: every report settles', async () => {
    const pairs = await Promise.all(Array.from({ length: 10 }, () => pairFor({ version, allowHalfOpen: true })))
    const closings = pairs.flatMap(({ client, server }) =>
      [client, server].map((socket) => closureOf(socket).shutdown({ mode: 'bidirectional', ...muchTime })),
    )
    const closed = pairs.flatMap(({ client, server }) => [onceEvent(client, 'close'), onceEvent(server, 'close')])
    for (const { client, server } of pairs) {
      client.destroy()
      server.destroy()
    }
    const reports = await Promise.all(closings)
    expect(new Set(reports.map(({ verdict }) => verdict))).toEqual(new Set(['aborted']))
    await Promise.all(closed)
  })
})
