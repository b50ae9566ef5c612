// end(), where a FIN that goes at once would overtake something: our alert, while a closing that keeps TCP open is under
// way, and a server's session tickets, in the callback of the handshake. Over a Duplex Node aborts when anything follows
// FIN (JSStreamSocket asserts it), so that each case would end the whole process there.
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { duplexOver } from '../hazards/transports.js'
import { tlsVersions } from '../support/pair.js'
import { turns } from './sides.js'
import { tcpPair, tlsOver, ways } from './tls-over.js'

const ample = { flushTimeout: 20_000, waitTimeout: 20_000 } as const

const duplexes = (['plain', 'busy'] as const).map((transport) => ({
  name: `a Duplex that is ${transport}`,
  over: (tcp: Socket): Duplex => duplexOver(tcp, transport),
}))
const streams = [...duplexes, { name: 'TCP', over: (tcp: Socket): Duplex => tcp }]

const moments = [
  { moment: 'in the callback of the handshake', inHandshake: true },
  { moment: 'after the handshake', inHandshake: false },
] as const

const modes = ['unidirectional', 'bidirectional'] as const

describe.each(tlsVersions)('%s', (version) => {
  describe.each(ways)('$way', (way) => {
    describe.each(moments)('$moment', ({ inHandshake }) => {
      describe.each(duplexes)('over $name', ({ over }) => {
        test.each(modes)('end() while shutdown() keeps TCP open, %s: data, alert, FIN', async (mode) => {
          const { near, far } = await tcpPair()
          let done: Promise<unknown> | undefined
          const act = (socket: TLSSocket) => {
            socket.write('hello')
            done = closureOf(socket).shutdown({ mode, afterwards: 'keep-open', ...ample })
            socket.end()
            socket.resume()
          }
          const { socket, peer } = await tlsOver(way, version, over(near), far, inHandshake ? act : undefined)
          if (!inHandshake) act(socket)
          await peer.until(() => peer.isClosed)
          // What comes meanwhile makes Node write what it still has, behind a FIN that went too early.
          peer.send(peer.sealed('more'))
          if (mode === 'bidirectional') {
            await turns(5)
            expect(peer.hasEnded).toBe(false)
            peer.send(peer.closeNotify())
          }
          expect(await done).toMatchObject({ endedBy: 'done', sent: { kind: 'close_notify' } })
          await peer.until(() => peer.hasEnded)
          expect(peer).toMatchObject({ data: 'hello', plaintext: '' })
        })
      })

      test.each(streams)('setQuietShutdown() and end() over $name: all but an alert, then FIN', async ({ over }) => {
        const ordinary = await tcpPair()
        const { peer: witness } = await tlsOver(way, version, over(ordinary.near), ordinary.far)
        const { near, far } = await tcpPair()
        const act = (socket: TLSSocket) => {
          closureOf(socket).setQuietShutdown(true)
          socket.end()
        }
        const { socket, peer } = await tlsOver(way, version, over(near), far, inHandshake ? act : undefined)
        if (!inHandshake) act(socket)
        peer.send(peer.sealed('more'))
        await peer.until(() => peer.hasEnded)
        expect(peer.isClosed).toBe(false)
        // Signatures differ in length by a few bytes; a ticket has hundreds.
        expect(peer.received).toBeGreaterThan(witness.received - 20)
        socket.destroy()
        expect(await closureOf(socket).report).toMatchObject({ sent: { kind: 'nothing' } })
      })
    })
  })
})
