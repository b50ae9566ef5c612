import { connect } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { tlsVersions } from '../support/pair.js'
import { dataLossCases } from '../closure/shared/data-loss.js'
import { nodeWays } from '../closure/shared/ways.js'
import { collect } from '../support/streams.js'
import { relayedServer } from './relayed.js'

const muchTime = { flushTimeout: 600_000, waitTimeout: 600_000 } as const
const modes = ['bidirectional', 'unidirectional', 'quiet'] as const

dataLossCases(nodeWays)

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
})
