// end() before the handshake is done: FIN waits for it, so that the peer gets close_notify and not a cut handshake.
import net from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import tls, { type TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { controlClosure } from '../../lib/index.js'
import { clientOf } from '../closure/servers.js'
import { closeNotifyAndFin } from '../closure/sides.js'
import { certificate } from '../support/certificate.js'
import { tlsVersions } from '../support/pair.js'
import { once } from '../support/streams.js'
import { ample, endingOf, modes, stock, tlsServer, watch } from './harness.js'

const ways: Readonly<Record<string, (socket: TLSSocket) => unknown>> = {
  'end()': (socket) => socket.end(),
  'end(data)': (socket) => socket.end('data'),
  'destroySoon()': (socket) => {
    const destroySoon: unknown = Reflect.get(socket, 'destroySoon')
    if (typeof destroySoon === 'function') Reflect.apply(destroySoon, socket, [])
  },
  'an empty pipeline': (socket) => pipeline(Readable.from([]), socket),
  'end() when TCP is connected': (socket) => socket.once('connect', () => socket.end()),
}

describe.each(tlsVersions)('%s', (version) => {
  describe.each(modes)('%s', (mode) => {
    test.each(Object.keys(ways))('%s', async (way) => {
      const relay = await stock(tlsServer(version, (socket) => socket.resume()))
      const client = clientOf(relay.port, { minVersion: version, maxVersion: version })
      const { report } = watch(controlClosure(client, { mode, waitTimeout: ample, flushTimeout: ample }))
      client.resume()
      void ways[way]?.(client)
      const wire = await relay.nextWire()
      const { verdict } = await report()
      expect(['clean', 'quiet', 'half-closed']).toContain(verdict)
      await wire.seen('client', 'fin')
      expect(endingOf(wire, 'client')).toEqual(mode === 'quiet' ? ['fin'] : closeNotifyAndFin)
    })
  })

  test('over a socket that is connected already', async () => {
    const relay = await stock(tlsServer(version, (socket) => socket.resume()))
    const raw = net.connect(relay.port, '127.0.0.1')
    await once(raw, 'connect')
    const versions = { minVersion: version, maxVersion: version }
    const client = tls.connect({ socket: raw, ca: certificate.cert, servername: certificate.host, ...versions })
    const { report } = watch(controlClosure(client, { mode: 'bidirectional', waitTimeout: ample }))
    client.resume().end()
    const wire = await relay.nextWire()
    expect(await report()).toMatchObject({ verdict: 'clean' })
    await wire.seen('client', 'fin')
    expect(endingOf(wire, 'client')).toEqual(closeNotifyAndFin)
  })

  test('a handshake that is never done: FIN goes when the flush budget has run out, and the policy can be stopped', async () => {
    const silent = net.createServer({ allowHalfOpen: true }, (socket) => socket.resume().on('error', () => undefined))
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    onTestFinished(() => void silent.close())
    const address = silent.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    for (const how of ['budget', 'stop'] as const) {
      const accepted = new Promise<net.Socket>((resolve) => silent.once('connection', resolve))
      const client = clientOf(port, { minVersion: version, maxVersion: version })
      const control = controlClosure(client, { flushTimeout: how === 'budget' ? 150 : ample })
      client.on('error', () => undefined).end()
      const peer = await accepted
      const ended = once(peer, 'end')
      if (how === 'stop') await once(client, 'connect').then(() => control.stop())
      await ended
      client.destroy()
      peer.destroy()
    }
  })
})
