import { connect, type TlsOptions } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { once } from '../support/streams.js'
import type { Wire } from '../support/wire.js'
import { alertWritten, answering, deferred, turns } from './pairs.js'
import { relayedServer } from './relayed.js'

const muchTime = { flushTimeout: 600_000, waitTimeout: 600_000 } as const

// SSL_OP_NO_TICKET: TLS 1.2 has session ids then, TLS 1.3 stateful tickets.
const noTicket = 0x4000
const kinds = [
  ['stateless tickets', 0],
  ['stateful tickets', noTicket],
] as const

describe.each(kinds)("a 'newSession' listener that answers late, TLS 1.3, %s", (_kind, secureOptions) => {
  test.each(['shutdown', 'closeNotify'])('%s() does not open the gate that waits for it', async (call) => {
    const { server, wire, answer, asked } = await connected('TLSv1.3', secureOptions)
    const closure = closureOf(server)
    const done = call === 'shutdown' ? closure.shutdown(muchTime) : closure.closeNotify({ flushTimeout: 600_000 })
    // All that was written before has drained for the one; the other's empty write waits at the gate as well.
    if (call === 'shutdown') await alertWritten(server)
    await turns(50)
    expect(asked()).toBeGreaterThan(0)
    expect(alertsAndFin(wire)).toEqual([])
    answer()
    await done
    await wire.seen('server', 'alert')
    expect(alertsAndFin(wire)[0]).toBe('alert warning close_notify')
    expect(closure.alerts[0]).toMatchObject({ direction: 'sent', name: 'close_notify' })
  })

  test('a bidirectional closing that answers in the meantime ends clean on both sides', async () => {
    const { socket, server, answer } = await connected('TLSv1.3', secureOptions)
    server.resume()
    socket.resume()
    const answered = new Promise((resolve) => {
      server.on('end', () => resolve(closureOf(server).shutdown({ mode: 'bidirectional', ...muchTime })))
    })
    const closing = closureOf(socket).shutdown({ mode: 'bidirectional', ...muchTime })
    await alertWritten(server)
    await turns(10)
    answer()
    expect(await closing).toMatchObject({ verdict: 'clean' })
    expect(await answered).toMatchObject({ verdict: 'clean', began: 'peer' })
  })

  test('that never answers: the flush budget ends the closing, and the report does not claim the alert', async () => {
    const { server, wire } = await connected('TLSv1.3', secureOptions)
    const report = await closureOf(server).shutdown({ flushTimeout: 100 })
    expect(report).toMatchObject({ verdict: 'timed-out', endedBy: 'flush-timeout', sent: { kind: 'not-flushed' } })
    await wire.closed
    expect(wire.summary('server').filter((event) => event.startsWith('alert'))).toEqual([])
  })
})

test.each([
  ['tickets', 0],
  ['session ids', noTicket],
])(
  "a 'newSession' listener that answers late, TLS 1.2, %s: closings after it are clean",
  async (kind, secureOptions) => {
    const answersLate = new Promise<undefined>((resolve) => {
      setTimeout(() => resolve(undefined), 30)
    })
    const { socket, server, asked } = await connected('TLSv1.2', secureOptions, answersLate)
    expect(asked()).toBe(kind === 'session ids' ? 1 : 0)
    answering(server)
    socket.resume()
    const closure = closureOf(server)
    expect(await closureOf(socket).shutdown({ mode: 'bidirectional', ...muchTime })).toMatchObject({ verdict: 'clean' })
    expect(await closure.report).toMatchObject({ verdict: 'clean' })
  },
)

function alertsAndFin(wire: Wire): string[] {
  return wire.summary('server').filter((event) => event.startsWith('alert') || event === 'fin')
}

async function connected(version: 'TLSv1.2' | 'TLSv1.3', secureOptions: number, answersLate?: Promise<undefined>) {
  const options: TlsOptions = { minVersion: version, maxVersion: version, allowHalfOpen: true, secureOptions }
  const relayed = await relayedServer(options)
  const answered = deferred<undefined>()
  let asked = 0
  relayed.listener.on('newSession', (_id: Buffer, _data: Buffer, done: () => void) => {
    asked++
    void (answersLate ?? answered.promise).then(() => done())
  })
  const socket = connect({ ...relayed.client, minVersion: version, maxVersion: version })
  socket.on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  const [server] = await Promise.all([relayed.nextServer(), once(socket, 'secureConnect')])
  await turns(2)
  const wire = await relayed.relay.nextWire()
  return { socket, server, wire, answer: () => answered.resolve(undefined), asked: () => asked }
}
