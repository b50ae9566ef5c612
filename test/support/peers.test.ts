import type { AddressInfo } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { certificate } from './certificate.js'
import { tlsVersions, type TlsVersion } from './pair.js'
import { startPeer, stopAfter } from './peers/child.js'
import { gnutlsClient, gnutlsServer } from './peers/gnutls.js'
import { lacks } from './peers/programs.js'
import { opensslClient, opensslServer } from './peers/openssl.js'
import { pythonClient, pythonServer } from './peers/python.js'
import { startRelay } from './relay.js'
import { collect, once } from './streams.js'

const closeNotify = { level: 'warning', name: 'close_notify' }
const cleanEnd = ['alert warning close_notify', 'fin']

/** A stock client, through a relay, to a peer's port. */
async function clientTo(port: number, version: TlsVersion) {
  const relay = await startRelay({ port })
  onTestFinished(relay.close)
  const client = connect({
    port: relay.port,
    host: '127.0.0.1',
    ca: certificate.cert,
    servername: certificate.host,
    minVersion: version,
    maxVersion: version,
  })
  client.on('keylog', (line) => relay.keys.add(line))
  client.on('error', () => {})
  await once(client, 'secureConnect')
  await new Promise((resolve) => setImmediate(resolve))
  return { client, wire: await relay.nextWire() }
}

/** A stock server behind a relay, with what it does with each connection. */
async function serverFor(version: TlsVersion, onSecure: (socket: TLSSocket) => void) {
  const { key, cert } = certificate
  const server = createServer({ key, cert, minVersion: version, maxVersion: version }, (socket) => {
    socket.on('error', () => {})
    setImmediate(onSecure, socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const relay = await startRelay({ port: portOf(server.address()) })
  server.on('keylog', (line: Buffer) => relay.keys.add(line))
  onTestFinished(async () => {
    await relay.close()
    server.close()
  })
  return relay
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
  return address.port
}

describe.each(tlsVersions)("Python's ssl, %s", (version) => {
  test('as a server unwraps after the exchange, and both alerts are on the wire', async () => {
    const steps = [{ do: 'read', bytes: 5 }, { do: 'send', bytes: 7 }, { do: 'unwrap' }] as const
    const peer = stopAfter(await pythonServer({ version, steps }))
    const { client, wire } = await clientTo(peer.port, version)
    client.write('hello')
    expect((await collect(client)).bytes.toString()).toBe('xxxxxxx')
    expect(await peer.event('read')).toEqual({ event: 'read', bytes: 5 })
    expect(await peer.event('unwrap')).toEqual({ event: 'unwrap', ok: true })
    await wire.closed
    expect(wire.summary('server')).toEqual(['handshake', 'data 7', ...cleanEnd])
    expect(wire.summary('client')).toEqual(['handshake', 'data 5', ...cleanEnd])
  })

  test('as a server that closes without unwrap sends a bare FIN', async () => {
    const steps = [{ do: 'read', bytes: 5 }, { do: 'shutdown-write' }, { do: 'read-to-end' }] as const
    const peer = stopAfter(await pythonServer({ version, steps }))
    const { client, wire } = await clientTo(peer.port, version)
    client.resume().write('hello')
    await wire.seen('server', 'fin')
    expect(wire.summary('server')).toEqual(['handshake', 'fin'])
    expect(await peer.event('end')).toMatchObject({ bytes: 0, how: 'close_notify' })
  })

  test('as a server sees a ragged EOF where the client is destroyed', async () => {
    const peer = stopAfter(await pythonServer({ version, steps: [{ do: 'read-to-end' }] }))
    const { client, wire } = await clientTo(peer.port, version)
    client.write('hello', () => client.destroy())
    expect(await peer.event('end')).toMatchObject({ bytes: 5, how: 'SSLEOFError' })
    await wire.seen('client', 'fin')
    expect(wire.summary('client').slice(0, 3)).toEqual(['handshake', 'data 5', 'fin'])
  })

  test('as a server resets', async () => {
    const peer = stopAfter(await pythonServer({ version, steps: [{ do: 'read', bytes: 5 }, { do: 'reset' }] }))
    const { client, wire } = await clientTo(peer.port, version)
    client.resume().write('hello')
    await wire.seen('server', 'rst')
    expect(wire.summary('server')).toEqual(['handshake', 'rst'])
  })

  test('as a server that resets after FIN is seen to, though nothing is sent to it', async () => {
    const steps = [{ do: 'read', bytes: 5 }, { do: 'shutdown-write' }, { do: 'wait', ms: 50 }, { do: 'reset' }] as const
    const peer = stopAfter(await pythonServer({ version, steps }))
    const { client, wire } = await clientTo(peer.port, version)
    // or Node would answer the FIN with its own close_notify
    client.allowHalfOpen = true
    client.write('hello')
    await wire.seen('server', 'rst')
    expect(wire.summary('server')).toEqual(['handshake', 'fin', 'rst'])
    expect(wire.summary('client')).toEqual(['handshake', 'data 5'])
  })

  test('as a silent server never answers close_notify', async () => {
    const peer = stopAfter(await pythonServer({ version, steps: [{ do: 'silent' }] }))
    const { client, wire } = await clientTo(peer.port, version)
    await peer.event('silent')
    client.end()
    await wire.seen('client', 'fin')
    expect(wire.closing('client')).toEqual(cleanEnd)
    expect(wire.closing('server')).toEqual([])
  })

  test('as a client talks in the clear after unwrap', async () => {
    const relay = await serverFor(version, (socket) => socket.resume())
    const steps = [{ do: 'send', bytes: 5 }, { do: 'unwrap' }, { do: 'send-text', text: 'clear' }] as const
    const peer = stopAfter(pythonClient({ version, port: relay.port, steps }))
    expect(await peer.event('unwrap')).toMatchObject({ ok: true })
    expect(await peer.exit).toEqual({ code: 0, signal: null })
    const wire = await relay.nextWire()
    await wire.seen('client', 'fin')
    expect(wire.summary('client').slice(0, 5)).toEqual([
      'handshake',
      'data 5',
      'alert warning close_notify',
      'plaintext 5',
      'fin',
    ])
  })

  describe.each([
    { ignoresUnexpectedEof: false, how: 'SSLEOFError' },
    { ignoresUnexpectedEof: true, how: 'close_notify' },
  ])('SSL_OP_IGNORE_UNEXPECTED_EOF: $ignoresUnexpectedEof, whatever its Python sets', ({ how, ...option }) => {
    const steps = [{ do: 'send', bytes: 1 }, { do: 'read-to-end' }] as const

    test(`as a server takes an end without close_notify for ${how}`, async () => {
      const peer = stopAfter(await pythonServer({ version, steps, ...option }))
      const { client } = await clientTo(peer.port, version)
      client.once('data', () => client.destroy())
      expect(await peer.event('end')).toMatchObject({ how })
    })

    test(`as a client takes an end without close_notify for ${how}`, async () => {
      const relay = await serverFor(version, (socket) => socket.once('data', () => socket.destroy()))
      const peer = stopAfter(pythonClient({ version, port: relay.port, steps, ...option }))
      expect(await peer.event('end')).toMatchObject({ how })
    })
  })
})

describe.skipIf(lacks('openssl')).each(tlsVersions)('openssl, %s', (version) => {
  test('s_server tells of the alerts that are on the wire', async () => {
    const peer = stopAfter(await opensslServer({ version }))
    const { client, wire } = await clientTo(peer.port, version)
    client.resume().end('hello\n')
    await wire.closed
    await peer.line(/>>>.*close_notify/)
    expect(wire.summary('client')).toEqual(['handshake', 'data 6', ...cleanEnd])
    expect(wire.closing('server')).toEqual(cleanEnd)
    expect(peer.alerts()).toEqual([
      { direction: 'received', ...closeNotify },
      { direction: 'sent', ...closeNotify },
    ])
  })

  test('s_client sends close_notify at Q', async () => {
    const relay = await serverFor(version, (socket) => socket.resume())
    const peer = stopAfter(opensslClient({ version, port: relay.port }))
    peer.write('hello\n')
    const wire = await relay.nextWire()
    await wire.seen('client', 'data 6')
    peer.write('Q\n')
    await peer.exit
    await wire.seen('client', 'fin')
    expect(wire.summary('client').slice(0, 4)).toEqual(['handshake', 'data 6', ...cleanEnd])
    expect(peer.alerts()[0]).toEqual({ direction: 'sent', ...closeNotify })
  })
})

describe.skipIf(lacks('gnutls')).each(tlsVersions)('GnuTLS, %s', (version) => {
  test('gnutls-serv tells of the alerts that are on the wire', async () => {
    const peer = stopAfter(await gnutlsServer({ version }))
    const { client, wire } = await clientTo(peer.port, version)
    client.resume().write('hello\n')
    await wire.seen('server', 'data')
    client.end()
    await wire.closed
    expect(wire.closing('client')).toEqual(cleanEnd)
    expect(wire.closing('server')).toEqual(cleanEnd)
    await peer.line(/Sending Alert/)
    expect(peer.alerts()).toEqual([
      { direction: 'received', ...closeNotify },
      { direction: 'sent', ...closeNotify },
    ])
  })

  test('gnutls-cli sends close_notify at the end of its input', async () => {
    const relay = await serverFor(version, (socket) => socket.resume())
    const peer = stopAfter(gnutlsClient({ version, port: relay.port }))
    peer.write('hello\n')
    const wire = await relay.nextWire()
    await wire.seen('client', 'data 6')
    peer.endInput()
    await peer.exit
    await wire.seen('server', 'fin')
    expect(wire.closing('client').slice(0, 1)).toEqual(['alert warning close_notify'])
    expect(peer.alerts()).toEqual([
      { direction: 'sent', ...closeNotify },
      { direction: 'received', ...closeNotify },
    ])
  })
})

test('a missing tool is an error that names its package', () => {
  const start = () => startPeer({ command: 'no-such-tool', args: [], debianPackage: 'its-package' })
  expect(start).toThrow('apt-get install its-package')
})
