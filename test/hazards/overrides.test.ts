import type { TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { tlsVersions } from '../support/pair.js'
import { collect } from '../support/streams.js'
import { answering, pairFor } from './pairs.js'

const cleanEnd = ['alert warning close_notify', 'fin']
const muchTime = { flushTimeout: 600_000, waitTimeout: 600_000 } as const

/** Puts a method of the program's own on a socket, which counts and calls what was there. */
function override(socket: TLSSocket, name: string): { readonly calls: number } {
  const seen = { calls: 0 }
  const previous: unknown = Reflect.get(socket, name)
  if (typeof previous !== 'function') throw new Error(`Expected a method ${name}`)
  Reflect.set(socket, name, function (this: unknown, ...args: unknown[]): unknown {
    seen.calls++
    const result: unknown = Reflect.apply(previous, this, args)
    return result
  })
  return seen
}

const names = ['_final', 'end', '_destroy', 'destroy', 'push', 'emit', 'write', '_write', '_read'] as const

describe.each(tlsVersions)("a program's own methods on a socket, %s", (version) => {
  describe.each(['before', 'after'])('put there %s the closure was taken', (when) => {
    test.each(names)('%s is called, and the closing is clean', async (name) => {
      const { client, server, wire } = await pairFor({ version })
      answering(server)
      const before = when === 'before' ? override(client, name) : undefined
      const closure = closureOf(client)
      const seen = before ?? override(client, name)
      const received = collect(client)
      server.write('hello')
      client.write('hello')
      const report = await closure.shutdown({ mode: 'bidirectional', ...muchTime })
      expect(report).toMatchObject({ verdict: 'clean', endedBy: 'done' })
      expect((await received).bytes.toString()).toBe('hello')
      expect(await closure.report).toMatchObject({ verdict: 'clean' })
      await wire.closed
      expect(wire.closing('client')).toEqual(cleanEnd)
      expect(seen.calls).toBeGreaterThan(0)
    })
  })

  test('a _final that waits and then goes on delays FIN and the alert, no more', async () => {
    const { client, server, wire } = await pairFor({ version })
    answering(server)
    client.resume()
    const previous: unknown = Reflect.get(client, '_final')
    if (typeof previous !== 'function') throw new Error('Expected _final')
    let isLate = false
    Reflect.set(client, '_final', function (this: unknown, callback: unknown) {
      setTimeout(() => {
        isLate = true
        Reflect.apply(previous, this, [callback])
      }, 30)
    })
    const report = await closureOf(client).shutdown({ mode: 'bidirectional', ...muchTime })
    expect(isLate).toBe(true)
    expect(report).toMatchObject({ verdict: 'clean' })
    await wire.closed
    expect(wire.closing('client')).toEqual(cleanEnd)
  })

  test('a _final that never calls on: the flush budget ends the closing', async () => {
    const { client, server } = await pairFor({ version })
    answering(server)
    Reflect.set(client, '_final', () => undefined)
    const report = await closureOf(client).shutdown({ flushTimeout: 50 })
    expect(report).toMatchObject({ verdict: 'timed-out', endedBy: 'flush-timeout', sent: { kind: 'nothing' } })
  })

  test('an end() that does nothing: the flush budget ends the closing', async () => {
    const { client, server } = await pairFor({ version })
    answering(server)
    Reflect.set(client, 'end', () => client)
    const report = await closureOf(client).shutdown({ flushTimeout: 50 })
    expect(report).toMatchObject({ verdict: 'timed-out', endedBy: 'flush-timeout' })
  })

  test.each(['shutdown', 'end', 'destroy', 'peer'])(
    'removeAllListeners(): the report still settles (%s)',
    async (how) => {
      const { client, server } = await pairFor({ version })
      const closure = closureOf(client)
      client.removeAllListeners()
      client.resume()
      if (how === 'peer') server.end()
      else answering(server)
      if (how === 'shutdown') await closure.shutdown({ mode: 'bidirectional', ...muchTime })
      if (how === 'end') client.end()
      if (how === 'destroy') client.destroy()
      // Without its own 'end' listener a socket is not closed by its peer.
      if (how !== 'destroy') {
        while (closure.alerts.length < (how === 'peer' ? 1 : 2)) await new Promise(setImmediate)
        client.end()
        client.destroy()
      }
      const received = how === 'destroy' ? 'nothing' : 'close_notify'
      expect(await closure.report).toMatchObject({ received: { kind: received }, handshake: 'completed' })
    },
  )

  test('removeAllListeners() before the handshake is done: the closure still joins its socket when it is used', async () => {
    const { client, server } = await pairFor({ version })
    answering(server)
    const closure = closureOf(client)
    client.removeAllListeners('secure')
    expect(await closure.shutdown({ mode: 'bidirectional', ...muchTime })).toMatchObject({ verdict: 'clean' })
  })

  test('a second end() and a destroySoon() during the closing change nothing', async () => {
    const { client, server, wire } = await pairFor({ version, allowHalfOpen: true })
    server.resume()
    client.resume()
    const closure = closureOf(client)
    const closing = closure.shutdown({ mode: 'bidirectional', ...muchTime })
    client.end()
    client.destroySoon()
    await wire.seen('client', 'alert')
    client.end()
    expect(wire.closing('client')).toEqual(['alert warning close_notify'])
    server.end()
    expect(await closing).toMatchObject({ verdict: 'clean' })
    await wire.seen('client', 'fin')
    expect(wire.closing('client')).toEqual(cleanEnd)
  })
})
