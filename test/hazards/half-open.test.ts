import { describe, expect, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { Gate } from '../support/gate.js'
import { tlsVersions } from '../support/pair.js'
import { collect } from '../support/streams.js'
import { hasEnded, pairFor, turns } from './pairs.js'

const cleanEnd = ['alert warning close_notify', 'fin']
const muchTime = { flushTimeout: 600_000, waitTimeout: 600_000 } as const

describe.each(tlsVersions)('half-open connections, %s', (version) => {
  describe.each([true, false])('our allowHalfOpen: %s', (ours) => {
    test.each([true, false])(
      'bidirectional closing delivers what the peer sends last (its own: %s)',
      async (theirs) => {
        const { client, server, wire } = await pairFor({
          version,
          clientOptions: { allowHalfOpen: ours },
          serverOptions: { allowHalfOpen: theirs },
        })
        const received = collect(client)
        server.resume()
        if (theirs) server.on('end', () => server.end('late'))
        const closing = closureOf(client).shutdown({ mode: 'bidirectional', ...muchTime })
        expect(await closing).toMatchObject({ verdict: 'clean', discardedBytes: 0 })
        expect((await received).bytes.toString()).toBe(theirs ? 'late' : '')
        await wire.closed
        expect([wire.closing('client'), wire.closing('server')]).toEqual([cleanEnd, cleanEnd])
      },
    )

    test('a peer that closes first is answered, and the report says that it began', async () => {
      const { client, server, wire } = await pairFor({ version, clientOptions: { allowHalfOpen: ours } })
      client.resume()
      server.resume()
      const closure = closureOf(client)
      client.on('end', () => client.end())
      server.end('bye')
      expect(await closure.report).toMatchObject({ verdict: 'clean', began: 'peer', mode: 'uncontrolled' })
      await wire.closed
      expect([wire.closing('client'), wire.closing('server')]).toEqual([cleanEnd, cleanEnd])
    })

    test('after closeNotify() TCP stays open until the peer has finished', async () => {
      const { client, server, wire } = await pairFor({
        version,
        clientOptions: { allowHalfOpen: ours },
        serverOptions: { allowHalfOpen: true },
      })
      const received = collect(client)
      server.resume()
      const closure = closureOf(client)
      await closure.closeNotify()
      await hasEnded(server)
      server.write('one ')
      await wire.seen('server', 'data')
      await turns(5)
      expect(wire.closing('client')).toEqual(['alert warning close_notify'])
      server.end('two')
      await hasEnded(client)
      client.end()
      expect(await received).toMatchObject({ ended: true, error: undefined })
      expect((await received).bytes.toString()).toBe('one two')
      expect(await closure.report).toMatchObject({ verdict: 'clean' })
      await wire.closed
      expect(wire.closing('client')).toEqual(cleanEnd)
    })

    test('keep-open leaves TCP open after both alerts', async () => {
      const { client, server, wire } = await pairFor({
        version,
        beneath: { side: 'client', make: (tcp) => new Gate(tcp, ours) },
        serverOptions: { allowHalfOpen: true },
      })
      server.resume()
      client.resume()
      server.once('end', () => void closureOf(server).closeNotify())
      const options = { mode: 'bidirectional', afterwards: 'keep-open', ...muchTime } as const
      expect(await closureOf(client).shutdown(options)).toMatchObject({ verdict: 'clean', tcp: { kind: 'open' } })
      await turns(5)
      expect(client.destroyed).toBe(false)
      expect(wire.closing('client')).toEqual(['alert warning close_notify'])
      client.destroy()
    })
  })
})
