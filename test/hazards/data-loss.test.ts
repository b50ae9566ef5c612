import { connect } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { tlsVersions } from '../support/pair.js'
import { collect } from '../support/streams.js'
import { deferred, hasEnded, pairFor, turns } from './pairs.js'
import { relayedServer } from './relayed.js'

const muchTime = { flushTimeout: 600_000, waitTimeout: 600_000 } as const
const cleanEnd = ['alert warning close_notify', 'fin']
const modes = ['bidirectional', 'unidirectional', 'quiet'] as const

describe.each(tlsVersions)('data that must not be lost, %s', (version) => {
  const versions = { minVersion: version, maxVersion: version } as const

  test.each(modes)(
    "what came in one segment with the handshake, when the closing starts in 'secureConnect' (%s)",
    async (mode) => {
      const relayed = await relayedServer({ allowHalfOpen: true, ...versions })
      relayed.listener.on('secureConnection', (server) => {
        server.write('GREETING')
        server.resume()
        server.on('end', () => server.end(' LATE'))
      })
      const accepted = relayed.relay.nextWire()
      const socket = connect({ ...relayed.client, ...versions })
      onTestFinished(() => void socket.destroy())
      const received = collect(socket)
      const closing = new Promise((resolve) => {
        socket.on('secureConnect', () => resolve(closureOf(socket).shutdown({ mode, ...muchTime })))
      })
      ;(await accepted).merge('server', 30)
      expect(await closing).toMatchObject({ endedBy: 'done' })
      expect((await received).bytes.toString()).toBe('GREETING LATE')
    },
  )

  test.each(modes)('data corked before the closing goes first (%s)', async (mode) => {
    const { client, server, wire } = await pairFor({ version })
    const received = collect(server)
    client.resume()
    client.cork()
    client.cork()
    client.write('corked ')
    client.write('twice')
    expect(await closureOf(client).shutdown({ mode, ...muchTime })).toMatchObject({ undeliveredBytes: 0 })
    expect((await received).bytes.toString()).toBe('corked twice')
    await wire.seen('client', 'fin')
    expect(wire.closing('client')).toEqual(mode === 'quiet' ? ['fin'] : cleanEnd)
  })

  test('data corked before closeNotify() goes first', async () => {
    const { client, server, wire, errors } = await pairFor({ version, allowHalfOpen: true })
    server.resume()
    client.cork()
    client.write('corked')
    await closureOf(client).closeNotify()
    await wire.seen('client', 'alert')
    expect(wire.data('client').toString()).toBe('corked')
    expect(errors.client).toEqual([])
  })

  test('many writes under back-pressure go first, in order, and the alert follows', async () => {
    const { client, server, wire } = await pairFor({ version })
    const chunks = Array.from({ length: 200 }, (_, index) => Buffer.alloc(20_000, index))
    for (const chunk of chunks) client.write(chunk)
    client.resume()
    const closing = closureOf(client).shutdown({ mode: 'bidirectional', ...muchTime })
    await turns(20)
    const { bytes, ended } = await collect(server)
    expect(ended).toBe(true)
    expect(bytes.equals(Buffer.concat(chunks))).toBe(true)
    expect(await closing).toMatchObject({ verdict: 'clean' })
    await wire.seen('client', 'fin')
    expect(wire.closing('client')).toEqual(cleanEnd)
  })

  test("the peer's data that is queued in OpenSSL when our alert is written: it is delivered, nothing breaks", async () => {
    const { client, server, wire, errors } = await pairFor({ version, allowHalfOpen: true })
    const parts = 40
    for (let i = 0; i < parts; i++) server.write(Buffer.alloc(16_000, i))
    server.resume()
    server.on('end', () => server.end('last'))
    wire.merge('server', 40)
    const received = collect(client)
    expect(await closureOf(client).shutdown({ mode: 'bidirectional', ...muchTime })).toMatchObject({ verdict: 'clean' })
    expect((await received).bytes).toHaveLength(parts * 16_000 + 4)
    expect(errors.client).toEqual([])
  })

  test("Node's own SSL_shutdown, in an end() inside 'data', finds nothing to do while OpenSSL holds more data", async () => {
    const { client, server, wire, errors } = await pairFor({ version, allowHalfOpen: true })
    server.resume()
    const closure = closureOf(client)
    await closure.closeNotify()
    await hasEnded(server)
    // All of it in one read of the client's, and end() after the first record.
    wire.hold('server')
    server.write('first ')
    server.write('second ')
    server.end('third')
    await wire.seen('server', 'alert')
    const received = collect(client)
    client.once('data', () => client.end())
    wire.release('server')
    expect((await received).bytes.toString()).toBe('first second third')
    expect(errors.client).toEqual([])
    expect(await closure.report).toMatchObject({ verdict: 'clean' })
    await wire.seen('client', 'fin')
    expect(wire.closing('client')).toEqual(cleanEnd)
  })

  test('a write after the alert calls back with an error, and the reading side goes on', async () => {
    const { client, server, errors } = await pairFor({ version, allowHalfOpen: true })
    server.resume()
    const received = collect(client)
    await closureOf(client).closeNotify()
    const refused = deferred<Error | null | undefined>()
    expect(client.write('oops', refused.resolve)).toBe(false)
    expect(await refused.promise).toMatchObject({ code: 'ERR_WRITE_AFTER_CLOSE_NOTIFY' })
    client.write('oops without a callback')
    await hasEnded(server)
    server.end('the rest of the data')
    await hasEnded(client)
    client.end('oops at the end')
    expect(await received).toMatchObject({ ended: true, error: undefined })
    expect((await received).bytes.toString()).toBe('the rest of the data')
    expect(errors.client).toEqual([])
  })
})
