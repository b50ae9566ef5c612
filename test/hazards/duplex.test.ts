import { createServer, type Socket } from 'node:net'
import { connect, TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { certificate } from '../support/certificate.js'
import { type TlsVersion, tlsVersions } from '../support/pair.js'
import { startRelay } from '../support/relay.js'
import { collect, once } from '../support/streams.js'
import type { Wire } from '../support/wire.js'
import { answering, hasEnded, turns } from './pairs.js'
import { relayedServer } from './relayed.js'
import { duplexOver, tcpTo, transports, type Transport } from './transports.js'

const cleanEnd = ['alert warning close_notify', 'fin']

interface OverDuplex {
  readonly socket: TLSSocket
  readonly server: TLSSocket
  readonly wire: Wire
}

async function overDuplex(version: TlsVersion, transport: Transport): Promise<OverDuplex> {
  const versions = { minVersion: version, maxVersion: version }
  const relayed = await relayedServer({ allowHalfOpen: true, ...versions })
  const { port: _port, host: _host, ...client } = relayed.client
  const socket = connect({ socket: duplexOver(await tcpTo(relayed.relay.port), transport), ...client, ...versions })
  socket.on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'secureConnect')
  const server = await relayed.nextServer()
  await turns(2)
  return { socket, server, wire: await relayed.relay.nextWire() }
}

describe.each(tlsVersions)('TLS over a Duplex, %s', (version) => {
  describe.each(transports)('that is %s', (transport) => {
    test('bidirectional: both alerts, FIN after the answer, and all that was written before', async () => {
      const { socket, server, wire } = await overDuplex(version, transport)
      const received = collect(server)
      server.on('end', () => server.end())
      socket.resume()
      socket.write('hello')
      socket.write(Buffer.alloc(100_000))
      const closure = closureOf(socket)
      const report = await closure.shutdown({ mode: 'bidirectional' })
      expect(report).toMatchObject({ verdict: 'clean', endedBy: 'done', side: 'client' })
      expect((await received).bytes).toHaveLength(100_005)
      await wire.seen('client', 'fin')
      expect(wire.closing('client')).toEqual(cleanEnd)
      const [alert] = wire.events.filter(({ from, kind }) => from === 'server' && kind === 'alert')
      const [fin] = wire.events.filter(({ from, kind }) => from === 'client' && kind === 'fin')
      expect(fin?.at).toBeGreaterThanOrEqual(alert?.at ?? Number.NaN)
      expect(await closure.report).toMatchObject({ verdict: 'clean' })
    })

    test('unidirectional: our alert, and FIN with it', async () => {
      const { socket, server, wire } = await overDuplex(version, transport)
      server.resume()
      socket.resume()
      expect(await closureOf(socket).shutdown()).toMatchObject({
        verdict: 'half-closed',
        sent: { kind: 'close_notify' },
      })
      await wire.seen('client', 'fin')
      expect(wire.closing('client')).toEqual(cleanEnd)
    })

    test('quiet: FIN without an alert', async () => {
      const { socket, server, wire } = await overDuplex(version, transport)
      server.resume()
      socket.resume()
      expect(await closureOf(socket).shutdown({ mode: 'quiet' })).toMatchObject({ verdict: 'quiet' })
      await wire.seen('client', 'fin')
      expect(wire.closing('client')).toEqual(['fin'])
    })

    test('closeNotify(): our alert alone, and reading goes on', async () => {
      const { socket, server, wire } = await overDuplex(version, transport)
      const received = collect(socket)
      server.resume()
      server.on('end', () => server.end('late'))
      socket.allowHalfOpen = true
      socket.write('hello')
      await closureOf(socket).closeNotify()
      await wire.seen('client', 'alert')
      expect(wire.closing('client')).toEqual(['alert warning close_notify'])
      await hasEnded(socket)
      socket.end()
      expect((await received).bytes.toString()).toBe('late')
      expect(await closureOf(socket).report).toMatchObject({ verdict: 'clean', mode: 'uncontrolled' })
      await wire.seen('client', 'fin')
      expect(wire.closing('client')).toEqual(cleanEnd)
    })

    test('a stream that ends without an alert is told as cut', async () => {
      const { socket, server, wire } = await overDuplex(version, transport)
      server.resume()
      answering(socket)
      const { report } = closureOf(socket)
      wire.cut('server', { afterBytes: 0, with: 'fin' })
      expect(await report).toMatchObject({ verdict: 'truncated', tcp: { kind: 'fin' }, began: 'peer' })
    })
  })

  test('STARTTLS: TLS that begins on a socket after plaintext closes like any other', async () => {
    const { socket, wire } = await startTls(version)
    const closure = closureOf(socket)
    expect(await closure.shutdown({ mode: 'bidirectional' })).toMatchObject({ verdict: 'clean' })
    expect(await closure.report).toMatchObject({ verdict: 'clean', sent: { kind: 'close_notify' } })
    await wire.seen('client', 'fin')
    expect(wire.closing('client').slice(-2)).toEqual(cleanEnd)
  })
})

/** A client that says STARTTLS in the clear first, and a server that answers OK and then speaks TLS. */
async function startTls(version: TlsVersion): Promise<{ socket: TLSSocket; wire: Wire }> {
  const versions = { minVersion: version, maxVersion: version }
  const { key, cert } = certificate
  const listener = createServer((raw: Socket) => {
    raw.once('data', () => {
      raw.write('OK')
      answering(new TLSSocket(raw, { isServer: true, key, cert, ...versions }).on('error', () => undefined))
    })
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  onTestFinished(() => void listener.close())
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')

  const relay = await startRelay({ port: address.port })
  onTestFinished(relay.close)
  const raw = await tcpTo(relay.port)
  raw.write('STARTTLS')
  await once(raw, 'data')
  const socket = connect({ socket: raw, ca: cert, servername: certificate.host, ...versions })
  socket.on('keylog', (line: Buffer) => relay.keys.add(line))
  socket.on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'secureConnect')
  await turns(2)
  socket.resume()
  return { socket, wire: await relay.nextWire() }
}
