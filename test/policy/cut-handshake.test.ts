// A handshake that the peer's alert has ended, while it keeps TCP open: a policy ends what Node does not, and counts it.
// Stock Node leaves such a connection open under `allowHalfOpen`, after a close_notify at level fatal, and, from Node 22
// on, after user_canceled and close_notify in TLS 1.3.
import http2 from 'node:http2'
import { Agent, get as httpsGet } from 'node:https'
import net from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ClosureControl, controlClosure } from '../../lib/index.js'
import { behindRelay, clientOf } from '../closure/servers.js'
import { certificate } from '../support/certificate.js'
import { type TlsVersion, tlsVersions } from '../support/pair.js'
import { delay, once } from '../support/streams.js'
import { alertRecord, type Crafted, type TamperRecord } from '../support/tampering.js'
import type { RelayOptions } from '../support/relay.js'
import type { Side } from '../support/wire.js'
import { controlled, http2Server, httpsServer, tlsServer, until, watch, type Watched } from './harness.js'

const canceled = alertRecord('warning', 'user_canceled')
const closed = alertRecord('warning', 'close_notify')

const endings: Readonly<Record<string, readonly Crafted[]>> = {
  close_notify: [closed],
  'user_canceled and close_notify': [canceled, closed],
  'close_notify at level fatal': [alertRecord('fatal', 'close_notify')],
}

const flushTimeout = 100

// OpenSSL 3.2 and newer keep a close_notify behind user_canceled from Node.
const isOpenSsl30 = process.versions.openssl.startsWith('3.0.')

/** Lets `index` handshake records of one side pass, puts a flight in the place of the next one, and drops the rest. */
function cutting(from: Side, index: number, flight: readonly Crafted[]): Omit<RelayOptions, 'port'> {
  let count = 0
  const onRecord = (record: TamperRecord) => {
    if (record.from !== from) return 'pass'
    if (record.kind === 'handshake' && count++ === index) return flight
    return count > index ? 'drop' : 'pass'
  }
  return { onRecord }
}

async function ended({ control, reports }: Watched, side: Side): Promise<void> {
  await until(() => reports.length > 0)
  expect(reports).toMatchObject([{ verdict: 'no-handshake', handshake: 'not-completed', side }])
  expect({ connections: control.connections, counted: control.counters['no-handshake'] }).toEqual({
    connections: 0,
    counted: 1,
  })
}

const openForever = { handshakeTimeout: 60_000 }

describe.each(tlsVersions)('%s', (version) => {
  describe.each(Object.entries(endings))('%s', (name, flight) => {
    const servers = {
      tls: (allowHalfOpen: boolean) => tlsServer(version, () => undefined, { allowHalfOpen, ...openForever }),
      https: (allowHalfOpen: boolean) => httpsServer(version, () => undefined, { allowHalfOpen, ...openForever }),
      http2: (allowHalfOpen: boolean) => http2Server(version, 5, { allowHalfOpen, ...openForever }),
    }

    describe.each([true, false])('a server, allowHalfOpen %s', (allowHalfOpen) => {
      test.each(['tls', 'https', 'http2'] as const)('%s', async (kind) => {
        const server = servers[kind](allowHalfOpen)
        const errors: (string | undefined)[] = []
        server.on('tlsClientError', (error: NodeJS.ErrnoException) => errors.push(error.code))
        const { relay, ...watched } = await controlled(
          server,
          { flushTimeout },
          { relay: cutting('client', 1, flight) },
        )
        clientOf(relay.port, { minVersion: version, maxVersion: version, allowHalfOpen: true })
        const wire = await relay.nextWire()
        await wire.seen('client', 'handshake')
        await ended(watched, 'server')
        expect(errors).toEqual(['ECONNRESET'])
        await Promise.race([wire.seen('server', 'fin'), wire.seen('server', 'rst')])
      })
    })

    test('a server that makes its TLS socket itself, over TCP with allowHalfOpen', async () => {
      const connect = async (server: net.Server) => {
        const relay = await behindRelay(server, cutting('client', 1, flight))
        clientOf(relay.port, { minVersion: version, maxVersion: version, allowHalfOpen: true })
        const wire = await relay.nextWire()
        await wire.seen('client', 'handshake')
      }
      const control = new Promise<Watched>((resolve) => {
        const server = net.createServer({ allowHalfOpen: true }, (raw) => {
          const { key, cert } = certificate
          const versions = { minVersion: version, maxVersion: version }
          const socket = new TLSSocket(raw, {
            isServer: true,
            secureContext: createSecureContext({ key, cert, ...versions }),
          })
          socket.on('error', () => undefined).on('keylog', (line: Buffer) => server.emit('keylog', line))
          onTestFinished(() => void socket.destroy())
          resolve(watch(controlClosure(socket, { flushTimeout })))
        })
        void connect(server)
      })
      await ended(await control, 'server')
    })

    describe.each([0, 1])('a client, after %s records of the server', (index) => {
      test.each(Object.keys(clients))('%s', async (kind) => {
        const server = tlsServer(version, () => undefined, { allowHalfOpen: true, ...openForever })
        const relay = await behindRelay(server, cutting('server', index, flight))
        server.on('tlsClientError', () => undefined)
        const { watched, errors } = clients[kind]?.(relay.port, version) ?? {}
        if (watched === undefined) throw new Error('Expected a client')
        const wire = await relay.nextWire()
        await wire.seen('server', 'handshake')
        await ended(watched, 'client')
        await delay(20)
        // Stock Node's own error at a close_notify there; a TLS socket that the program has made itself only closes. To
        // OpenSSL level fatal is an error as long as it does not know that this is TLS 1.3, and what was written fails.
        const isFatal = name.includes('fatal') && (version === 'TLSv1.2' || index === 0)
        // Node takes OpenSSL's SSL_ERROR_SYSCALL for an error where something waits to be written.
        const isUnheard = name.includes('user_canceled') && version === 'TLSv1.3' && index === 1 && !isOpenSsl30
        const isError = isFatal || isUnheard
        const hasWritten = kind === 'new TLSSocket()' || kind === 'https'
        const closing = kind === 'new TLSSocket()' ? [] : ['ECONNRESET']
        expect(errors).toEqual(isError && hasWritten ? ['EPROTO'] : closing)
        await Promise.race([wire.seen('client', 'fin'), wire.seen('client', 'rst')])
      })
    })
  })

  test('user_canceled alone ends no handshake', async () => {
    const { relay, report } = await controlled(
      tlsServer(version, (socket) => socket.resume()),
      { flushTimeout },
      { relay: inserting('client', [canceled]) },
    )
    const client = clientOf(relay.port, { minVersion: version, maxVersion: version })
    await once(client, 'secureConnect')
    await delay(3 * flushTimeout)
    client.resume().end()
    expect(await report()).toMatchObject({ verdict: 'clean', handshake: 'completed' })
  })
})

/** Sends a flight before the second handshake record of one side. */
function inserting(from: Side, flight: readonly Crafted[]): Omit<RelayOptions, 'port'> {
  let count = 0
  return {
    onRecord: (record) =>
      record.from === from && record.kind === 'handshake' && count++ === 1 ? [...flight, 'pass'] : 'pass',
  }
}

interface MadeClient {
  readonly watched: Watched
  readonly errors: readonly (string | undefined)[]
}

type MakeClient = (port: number, version: TlsVersion) => MadeClient

const ofSocket = (socket: TLSSocket): MadeClient => {
  const errors: (string | undefined)[] = []
  socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code))
  return { watched: watch(controlClosure(socket, { flushTimeout })), errors }
}

const { cert: ca, host: servername } = certificate

const clients: Readonly<Record<string, MakeClient>> = {
  'tls.connect()': (port, version) => ofSocket(clientOf(port, { minVersion: version, maxVersion: version })),
  'tls.connect() with allowHalfOpen': (port, version) =>
    ofSocket(clientOf(port, { minVersion: version, maxVersion: version, allowHalfOpen: true })),
  'new TLSSocket()': (port, version) => {
    const raw = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const versions = { minVersion: version, maxVersion: version }
    const socket = new TLSSocket(raw, { secureContext: createSecureContext({ ca, ...versions }) })
    onTestFinished(() => void socket.destroy())
    // The handshake begins with the first write.
    socket.write('hello')
    return ofSocket(socket)
  },
  https: (port, version) => {
    const agent = new Agent({ ca, servername, minVersion: version, maxVersion: version })
    onTestFinished(() => {
      agent.destroy()
    })
    return ofAgent(agent, port)
  },
  http2: (port, version) => {
    const socket = clientOf(port, { minVersion: version, maxVersion: version, ALPNProtocols: ['h2'] })
    const made = ofSocket(socket)
    const session = http2.connect('https://localhost', { createConnection: () => socket })
    session.on('error', () => undefined)
    onTestFinished(() => {
      session.destroy()
    })
    return made
  },
}

function ofAgent(agent: Agent, port: number): MadeClient {
  const control: ClosureControl = controlClosure(agent, { flushTimeout })
  const errors: (string | undefined)[] = []
  httpsGet({ agent, host: '127.0.0.1', port }).on('error', (error: NodeJS.ErrnoException) => errors.push(error.code))
  return { watched: watch(control), errors }
}
