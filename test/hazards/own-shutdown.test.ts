// A package that has put a `shutdown` of its own on the handle of a socket: it and we are called once for a FIN, whichever of
// us was there first, and whatever of Node's it calls on.
import type { TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { tlsVersions } from '../support/pair.js'
import { once } from '../support/streams.js'
import { answering, pairFor } from './pairs.js'

const shutdown = 'shutdown'

function handleOf(socket: TLSSocket): object {
  const handle: unknown = Reflect.get(socket, '_handle')
  if (typeof handle !== 'object' || handle === null) throw new Error('Expected a handle')
  return handle
}

/** Puts one on the handle that calls what was there, or what the class has then. */
function putOwn(socket: TLSSocket, callsOn: 'what was there' | 'the class'): { readonly calls: number } {
  const handle = handleOf(socket)
  const seen = { calls: 0 }
  const previous: unknown = Reflect.get(handle, shutdown)
  Reflect.set(handle, shutdown, (...args: unknown[]): unknown => {
    seen.calls++
    const above = Reflect.getPrototypeOf(handle)
    const next: unknown = callsOn === 'the class' && above !== null ? Reflect.get(above, shutdown) : previous
    if (typeof next !== 'function') throw new Error('Expected a method')
    const status: unknown = Reflect.apply(next, handle, args)
    return status
  })
  return seen
}

describe.each(tlsVersions)('a handle with a shutdown() of its own, %s', (version) => {
  describe.each(['what was there', 'the class'] as const)('that calls %s', (callsOn) => {
    test.each(['before', 'after'])('put there %s us', async (when) => {
      const { client, server, wire } = await pairFor({ version })
      answering(server)
      client.resume()
      const before = when === 'before' ? putOwn(client, callsOn) : undefined
      const closure = closureOf(client)
      const seen = before ?? putOwn(client, callsOn)
      expect(await closure.shutdown({ mode: 'bidirectional' })).toMatchObject({ verdict: 'clean', endedBy: 'done' })
      expect(await closure.report).toMatchObject({ verdict: 'clean' })
      await wire.closed
      expect(wire.closing('client')).toEqual(['alert warning close_notify', 'fin'])
      expect(seen.calls).toBeGreaterThan(0)
    })
  })

  test('sockets of which nobody has taken the closure end as they do without us', async () => {
    const { client, server, wire } = await pairFor({ version })
    closureOf(server)
    expect(Object.hasOwn(handleOf(client), shutdown)).toBe(false)
    answering(server)
    client.resume()
    const closed = once(client, 'close')
    client.end()
    await closed
    await wire.closed
    expect(wire.closing('client')).toEqual(['alert warning close_notify', 'fin'])
  })
})
