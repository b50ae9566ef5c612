// Endings of TLS after which stock Node leaves TCP open without an answer: a controlled server closes within its budgets.
import { connect as connectTcp, createServer as createTcpServer, type Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ClosurePolicy } from '../../lib/index.js'
import { clientOf, listen } from '../closure/servers.js'
import { turns } from '../closure/sides.js'
import { type TlsVersion, tlsVersions } from '../support/pair.js'
import { once } from '../support/streams.js'
import { alertRecord, type Crafted, damagedRecord, fin, fragmentedAlert, plaintext, rst } from '../support/tampering.js'
import { controlled, get, http2Client, http2Server, httpsServer, tlsServer, until } from './harness.js'

const flushTimeout = 100
const policies: readonly ClosurePolicy[] = [
  { mode: 'unidirectional', flushTimeout },
  { mode: 'bidirectional', flushTimeout, waitTimeout: flushTimeout, onDestroy: 'close_notify', onTruncation: 'error' },
]

type Kind = 'tls' | 'tls with allowHalfOpen' | 'https' | 'https in a request' | 'http2' | 'http2 with allowHalfOpen'

const kinds: readonly Kind[] = [
  'tls',
  'tls with allowHalfOpen',
  'https',
  'https in a request',
  'http2',
  'http2 with allowHalfOpen',
]

function serverOf(kind: Kind, version: TlsVersion) {
  const allowHalfOpen = kind.endsWith('allowHalfOpen')
  if (kind.startsWith('tls')) return tlsServer(version, (socket) => socket.resume(), { allowHalfOpen })
  if (kind.startsWith('http2')) return http2Server(version, 5, { allowHalfOpen })
  return httpsServer(version, (req, res) => {
    req.on('error', () => undefined).resume()
    if (kind === 'https') res.end('ok')
  })
}

async function busyClient(kind: Kind, port: number, version: TlsVersion): Promise<TLSSocket> {
  if (kind.startsWith('http2')) {
    const { session, socket } = await http2Client(port, version)
    const stream = session.request()
    stream.on('error', () => undefined).resume()
    await once(stream, 'close')
    return socket
  }
  const client = clientOf(port, { minVersion: version, maxVersion: version, allowHalfOpen: true })
  await once(client, 'secureConnect')
  client.resume()
  if (kind === 'https') client.write(get('/'))
  if (kind === 'https in a request') {
    client.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nbegun')
  }
  return client
}

const internalError = alertRecord('fatal', 'internal_error')

const endings: readonly (readonly [string, readonly Crafted[]])[] = [
  ['a fatal alert', [internalError]],
  ['a fatal alert and FIN', [internalError, fin]],
  ['a fatal alert and RST', [internalError, rst]],
  ['a fragmented close_notify', fragmentedAlert('warning', 'close_notify')],
  ['the first half of an alert', fragmentedAlert('warning', 'close_notify').slice(0, 1)],
  ['close_notify at level fatal', [alertRecord('fatal', 'close_notify')]],
  ['bytes that are no TLS record', [plaintext('GET / HTTP/1.1\r\n\r\n')]],
  ['a record whose MAC is wrong', [damagedRecord]],
  ['no_renegotiation', [alertRecord('warning', 'no_renegotiation')]],
]

describe.each(tlsVersions)('%s', (version) => {
  describe.each(kinds)('%s', (kind) => {
    // The endings that the program, and nobody else, may leave open.
    const isHalfOpen = kind === 'tls with allowHalfOpen' || kind === 'http2 with allowHalfOpen'

    test.each(endings)('%s', async (name, records) => {
      const run = async (policy: ClosurePolicy) => {
        const server = serverOf(kind, version)
        const sockets: TLSSocket[] = []
        server.on('secureConnection', (socket: TLSSocket) => sockets.push(socket))
        const { relay, control, report } = await controlled(server, policy, { relay: { onRecord: () => 'pass' } })
        const client = await busyClient(kind, relay.port, version)
        await until(() => sockets.length === 1)
        await turns(5)
        const wire = await relay.nextWire()
        await wire.seen('server', 'handshake')
        wire.send('client', records)
        // In TLS 1.3 alerts have no level: this one is an ordinary close_notify, and half-open is what was asked for.
        if (name === 'close_notify at level fatal' && version === 'TLSv1.3' && isHalfOpen) {
          client.destroy()
          return
        }
        const final = await report()
        expect(final.handshake).toBe('completed')
        expect(control.connections).toBe(0)
        expect(sockets[0]?.destroyed).toBe(true)
        if (!records.includes(rst)) await Promise.race([wire.seen('server', 'fin'), wire.seen('server', 'rst')])
      }
      await Promise.all(policies.map(run))
    })
  })

  describe('a fatal alert while nobody reads', () => {
    test('data that came before it can still be read within the flush budget, then the socket goes', async () => {
      const sockets: TLSSocket[] = []
      const { relay, report } = await controlled(
        tlsServer(version, (socket) => sockets.push(socket.pause())),
        { flushTimeout: 1000 },
        { relay: { onRecord: () => 'pass' } },
      )
      const client = clientOf(relay.port, { minVersion: version, maxVersion: version })
      await once(client, 'secureConnect')
      client.write('before')
      await until(() => (sockets[0]?.readableLength ?? 0) > 0)
      const wire = await relay.nextWire()
      wire.send('client', [internalError])
      const [socket] = sockets
      if (socket === undefined) throw new Error('Expected a connection')
      await once(socket, '_tlsError')
      await turns(5)
      expect(String(socket.read())).toBe('before')
      expect(await report()).toMatchObject({ verdict: 'alerted' })
    })
  })

  describe.each(['tls', 'https', 'http2'] as const)('a handshake that FIN cuts off, %s with allowHalfOpen', (kind) => {
    const cuts: readonly (readonly [string, (peer: Socket, hello: Buffer) => Promise<void> | void])[] = [
      ['before any byte', (peer) => void peer.end()],
      ['inside ClientHello', (peer, hello) => void peer.end(hello.subarray(0, 100))],
      ['in one segment with ClientHello', (peer, hello) => void peer.end(hello)],
      [
        'after ServerHello',
        async (peer, hello) => {
          peer.write(hello)
          await once(peer, 'data')
          peer.end()
        },
      ],
      [
        'inside the record after it',
        async (peer, hello) => {
          peer.write(hello)
          await once(peer, 'data')
          peer.end(version === 'TLSv1.2' ? Buffer.from('160303004610', 'hex') : Buffer.from('170303003501', 'hex'))
        },
      ],
    ]

    test.each(cuts)('%s', async (_name, cut) => {
      const server = {
        tls: () => tlsServer(version, () => undefined, { allowHalfOpen: true }),
        https: () => httpsServer(version, () => undefined, { allowHalfOpen: true }),
        http2: () => http2Server(version, 5, { allowHalfOpen: true }),
      }[kind]()
      const { relay, control, reports } = await controlled(server, { flushTimeout })
      const hello = await clientHello(version, kind === 'http2')
      const peer = connectTcp({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true })
      peer.on('error', () => undefined)
      onTestFinished(() => void peer.destroy())
      const ended = new Promise((resolve) => peer.once('end', resolve).once('close', resolve))
      await once(peer, 'connect')
      peer.on('data', () => undefined)
      await cut(peer, hello)
      await ended
      expect({ connections: control.connections, verdicts: reports.map(({ verdict }) => verdict) }).toEqual({
        connections: 0,
        verdicts: ['no-handshake'],
      })
      await new Promise<void>((resolve) => {
        const look = () => {
          server.getConnections((_error, count) => {
            if (count === 0) resolve()
            else setTimeout(look, 10)
          })
        }
        look()
      })
    })
  })

  test('a slow handshake is not cut off', async () => {
    const { relay, report } = await controlled(
      tlsServer(
        version,
        (socket) => {
          socket.resume().once('end', () => socket.end())
        },
        { allowHalfOpen: true },
      ),
      { flushTimeout: 20 },
      { relay: { delay: 100 } },
    )
    const client = clientOf(relay.port, { minVersion: version, maxVersion: version })
    await once(client, 'secureConnect')
    client.resume().end('hello')
    expect(await report()).toMatchObject({ verdict: 'clean', began: 'peer' })
  })
})

const hellos = new Map<string, Promise<Buffer>>()

/** The first flight of a client of Node's. */
async function clientHello(version: TlsVersion, h2: boolean): Promise<Buffer> {
  const key = `${version} ${h2}`
  const known = hellos.get(key)
  if (known !== undefined) return known
  const made = makeClientHello(version, h2)
  hellos.set(key, made)
  return made
}

async function makeClientHello(version: TlsVersion, h2: boolean): Promise<Buffer> {
  const server = createTcpServer()
  const hello = new Promise<Buffer>((resolve) => {
    server.once('connection', (socket) => {
      socket.on('error', () => undefined).once('data', resolve)
    })
  })
  const port = await listen(server)
  const versions = { minVersion: version, maxVersion: version } as const
  const client = connect({ port, host: '127.0.0.1', ...versions, ...(h2 && { ALPNProtocols: ['h2'] }) })
  client.on('error', () => undefined)
  const bytes = await hello
  client.destroy()
  return bytes
}
