// shutdown() under http2, which writes to the handle natively: session.close() ends the stream, the closing takes over.
import { type ClientHttp2Session, connect, createSecureServer, type ServerHttp2Session } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { certificate } from '../support/certificate.js'
import { type TlsVersion, tlsVersions } from '../support/pair.js'
import { collect, once } from '../support/streams.js'
import { describeEvent, type Wire } from '../support/wire.js'
import { behindRelay, clientOf } from './servers.js'
import { closeNotify, closeNotifyAndFin, turns } from './sides.js'

const { key, cert } = certificate
const modes = ['quiet', 'unidirectional', 'bidirectional'] as const

/** A server that answers each stream with `size` bytes, and a client of it, both with their sockets. */
async function sessions(version: TlsVersion, size: number) {
  const server = createSecureServer({ key, cert, minVersion: version, maxVersion: version })
  const body = Buffer.alloc(size, 'b')
  server.on('stream', (stream) => {
    stream.on('error', () => undefined)
    stream.respond({ ':status': 200 })
    stream.end(body)
  })
  const accepted = new Promise<TLSSocket>((resolve) => server.once('secureConnection', resolve))
  const opened = new Promise<ServerHttp2Session>((resolve) => server.once('session', resolve))
  const relay = await behindRelay(server)
  const clientSocket = clientOf(relay.port, { minVersion: version, ALPNProtocols: ['h2'] })
  const clientSession = connect('https://localhost', { createConnection: () => clientSocket })
  clientSession.on('error', () => undefined)
  onTestFinished(() => clientSession.destroy())
  await once(clientSession, 'connect')
  const [serverSocket, serverSession] = await Promise.all([accepted, opened])
  const wire = await relay.nextWire()
  return {
    wire,
    client: { session: clientSession, socket: clientSocket },
    server: { session: serverSession, socket: serverSocket },
  }
}

async function fetchAll(session: ClientHttp2Session, count: number): Promise<number[]> {
  const bodies = Array.from({ length: count }, () => collect(session.request()))
  return (await Promise.all(bodies)).map(({ bytes }) => bytes.length)
}

describe.each(tlsVersions)('%s', (version) => {
  describe.each(['client', 'server'] as const)('our side is the %s', (near) => {
    const far = near === 'client' ? 'server' : 'client'

    test.each(modes)('an idle session closes %s', async (mode) => {
      const { wire, client, [near]: ours } = await sessions(version, 5)
      expect(await fetchAll(client.session, 1)).toEqual([5])
      const closure = closureOf(ours.socket)
      const done = closure.shutdown({ mode })
      ours.session.close()
      // Node's http2 does not answer a close_notify: it sends GOAWAY and a bare FIN.
      const endedBy = mode === 'bidirectional' ? 'tcp-end' : 'done'
      expect(await done).toMatchObject({ mode, endedBy, side: near })
      expect(await closure.report).toMatchObject({
        mode,
        sent: { kind: mode === 'quiet' ? 'nothing' : 'close_notify' },
        undeliveredBytes: 0,
        began: 'local',
        ...(mode === 'bidirectional' && { verdict: 'unanswered', received: { kind: 'nothing' }, tcp: { kind: 'fin' } }),
      })
      await wire.seen(near, 'fin')
      const closing = wire.closing(near).filter((line) => line !== 'rst')
      expect(closing).toEqual(mode === 'quiet' ? ['fin'] : closeNotifyAndFin)
      if (mode === 'bidirectional') expect(order(wire).slice(-2)).toEqual([`${far} fin`, `${near} fin`])
    })

    test('an idle session closes bidirectional with a peer that answers', async () => {
      const { wire, client, [near]: ours, [far]: theirs } = await sessions(version, 5)
      expect(await fetchAll(client.session, 1)).toEqual([5])
      const answering = closureOf(theirs.socket).shutdown({ mode: 'unidirectional' })
      wire.hold(far)
      theirs.session.close()
      const closure = closureOf(ours.socket)
      const done = closure.shutdown({ mode: 'bidirectional', waitTimeout: 20_000 })
      ours.session.close()
      await wire.seen(near, closeNotify)
      wire.release(far)
      expect(await done).toMatchObject({ verdict: 'clean', endedBy: 'done', began: 'local' })
      expect(await answering).toMatchObject({ sent: { kind: 'close_notify' } })
      await wire.seen(near, 'fin')
      expect(wire.closing(near).slice(0, 2)).toEqual(closeNotifyAndFin)
    })

    test.each(modes)('responses that are under way arrive whole before the end: %s', async (mode) => {
      const { wire, client, server, [near]: ours } = await sessions(version, 300_000)
      const all = fetchAll(client.session, 12)
      await once(server.session, 'stream')
      await turns()
      const closure = closureOf(ours.socket)
      await turns(1)
      const done = closure.shutdown({ mode, flushTimeout: 20_000, maxDiscardBytes: 100_000_000 })
      ours.session.close()
      expect(await all).toEqual(Array.from({ length: 12 }, () => 300_000))
      const report = await done
      expect(report).toMatchObject({ mode, undeliveredBytes: 0 })
      await wire.seen(near, 'fin')
      const closing = wire.closing(near).filter((line) => line !== 'rst')
      // Where we are the client, Node's server may be the first to end, with a bare FIN: then we send no alert.
      expect(closing).toEqual(report.sent.kind === 'close_notify' ? closeNotifyAndFin : ['fin'])
      if (near === 'server') expect(report.sent.kind).toBe(mode === 'quiet' ? 'nothing' : 'close_notify')
    })
  })
})

/** The alerts and FINs of both sides, in the order in which they came to the relay. */
function order(wire: Wire): string[] {
  const ends = wire.events.filter((event) => event.kind === 'alert' || event.kind === 'fin')
  return ends.map((event) => `${event.from} ${describeEvent(event)}`)
}
