import { describe, expect, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { Gate } from '../support/gate.js'
import { tlsVersions } from '../support/pair.js'
import { halfOpenCases } from '../closure/shared/half-open.js'
import { nodeWays } from '../closure/shared/ways.js'
import { pairFor, turns } from './pairs.js'

const muchTime = { flushTimeout: 600_000, waitTimeout: 600_000 } as const

halfOpenCases(nodeWays)

describe.each(tlsVersions)('half-open connections, %s', (version) => {
  describe.each([true, false])('our allowHalfOpen: %s', (ours) => {
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
