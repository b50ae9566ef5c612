// onDestroy: 'close_notify', and destroy() where OpenSSL is in the middle of a handshake: in the callback of the first one
// all that was written leaves, and the alert behind it; in a renegotiation no alert can go, and nothing is put off.
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { closureOf, controlClosure } from '../../lib/index.js'
import { clientOf } from '../closure/servers.js'
import { tcpPair, tlsOver, ways } from '../closure/tls-over.js'
import { duplexOver } from '../hazards/transports.js'
import { EngineEnd } from '../support/engine-end.js'
import { tlsVersions } from '../support/pair.js'
import { controlled, stock, tlsServer, until } from './harness.js'

const policy = { onDestroy: 'close_notify' } as const

const streams = [
  { name: 'TCP', over: (tcp: Socket): Duplex => tcp },
  { name: 'a Duplex', over: (tcp: Socket): Duplex => duplexOver(tcp, 'plain') },
]

const writes = [
  { name: 'nothing', data: '' },
  { name: '5 bytes', data: 'hello' },
  { name: '20,000 bytes', data: 'x'.repeat(20_000) },
]

describe.each(tlsVersions)('%s, in the callback of the handshake', (version) => {
  describe.each(ways)('$way', (way) => {
    // Where a write of the program's began the handshake, later ones wait behind it in the stream.
    const isBehindAnother = way.way === 'new TLSSocket(), a client'

    describe.each(streams)('over $name', ({ over }) => {
      const whole = isBehindAnother ? writes.slice(0, 1) : writes
      test.each(whole)('destroy() after $name: all arrives, then close_notify and FIN', async ({ data }) => {
        const { near, far } = await tcpPair()
        const { socket, peer } = await tlsOver(way, version, over(near), far, (socket) => {
          controlClosure(socket, policy)
          if (data !== '') socket.write(data)
          socket.destroy()
        })
        await peer.until(() => peer.hasEnded)
        expect(peer).toMatchObject({ data, isClosed: true })
        expect(await closureOf(socket).report).toMatchObject({ undeliveredBytes: 0, sent: { kind: 'close_notify' } })
      })
    })

    test.each(isBehindAnother ? [''] : ['', 'bye'])(
      "end('%s') and destroy(): the same under onDestroy bare",
      async (data) => {
        const { near, far } = await tcpPair()
        const { socket, peer } = await tlsOver(way, version, near, far, (socket) => {
          controlClosure(socket, { onDestroy: 'bare' })
          socket.end(data)
          socket.destroy()
        })
        await peer.until(() => peer.hasEnded)
        expect(peer).toMatchObject({ data, isClosed: true })
        expect(await closureOf(socket).report).toMatchObject({ sent: { kind: 'close_notify' } })
      },
    )

    const lost = {
      'more than the kernel takes': (socket: TLSSocket) => socket.write(Buffer.alloc(30_000_000)),
      'a write behind another one': (socket: TLSSocket) => {
        socket.write('first')
        return socket.write('second')
      },
      'a corked write': (socket: TLSSocket) => {
        socket.cork()
        return socket.write('never sent')
      },
    }
    test.each(Object.entries(lost))('destroy() after %s: no alert stands behind what is lost', async (_what, write) => {
      const { near, far } = await tcpPair()
      // Its own handshake may be cut by that, too.
      const peer = new EngineEnd(far, { side: way.near === 'client' ? 'server' : 'client', version })
      const socket = await way.begin(near, version, (socket) => {
        controlClosure(
          socket.on('error', () => undefined),
          policy,
        )
        write(socket)
        socket.destroy()
      })
      const { verdict, sent, undeliveredBytes } = await closureOf(socket).report
      expect([verdict, sent.kind]).toEqual(['aborted', 'nothing'])
      expect(undeliveredBytes).not.toBe(0)
      await until(() => peer.hasEnded || far.destroyed)
      expect(peer.isClosed).toBe(false)
    })
  })
})

test.each(['stock', 'policy'])(
  'destroy() in a renegotiation that is refused: the client of %s sees an end',
  async (who) => {
    const server = tlsServer('TLSv1.2', (socket) => {
      socket.once('data', (chunk: Buffer) => {
        socket.write(chunk)
        socket.disableRenegotiation()
      })
      socket.on('error', () => socket.destroy())
    })
    const { port } = who === 'stock' ? await stock(server) : (await controlled(server, policy)).relay
    const client = clientOf(port, { maxVersion: 'TLSv1.2' })
    const events: string[] = []
    client.on('error', (error: Error) => events.push(error.message)).on('close', () => events.push('close'))
    client.once('secureConnect', () => client.write('go'))
    client.once('data', () => void client.renegotiate({}, () => undefined))
    await until(() => events.includes('close'))
    expect(events).toEqual(['close'])
  },
)
