// user_canceled, and the close_notify that RFC 8446 section 6.1 wants behind it: a socket under a policy ends as it does
// for a close_notify alone. OpenSSL 3.2 and newer, that of Node 22, keeps that close_notify from Node in TLS 1.3.
import { Agent, get as httpsGet } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureOf, type ClosurePolicy, type ClosureReport, controlClosure } from '../../lib/index.js'
import { behindRelay, clientOf } from '../closure/servers.js'
import { closeNotify, turns } from '../closure/sides.js'
import { certificate } from '../support/certificate.js'
import { type TlsVersion, tlsVersions } from '../support/pair.js'
import { delay, once } from '../support/streams.js'
import { alertRecord, type Crafted, dataRecord, type TamperRecord } from '../support/tampering.js'
import type { Side, Wire } from '../support/wire.js'
import {
  ample,
  connected,
  controlled,
  get,
  http2Client,
  http2Server,
  httpsServer,
  modes,
  tlsServer,
  until,
  watch,
} from './harness.js'

const canceled = alertRecord('warning', 'user_canceled')
const closed = alertRecord('warning', 'close_notify')
const data = dataRecord('more')

/** A flight of records for each segment of TCP. */
const endings = {
  'in one segment': [[canceled, closed]],
  'in two segments': [[canceled], [closed]],
  'several of them': [
    [canceled, canceled],
    [canceled, closed],
  ],
  'data before it': [[data, canceled, closed]],
  'data between them': [[canceled, data, closed]],
  'data between them, in three segments': [[canceled], [data], [closed]],
} satisfies Record<string, readonly (readonly Crafted[])[]>
type Ending = keyof typeof endings

/** The same records without user_canceled. */
const alone = (ending: Ending): readonly (readonly Crafted[])[] =>
  endings[ending].map((flight) => flight.filter((record) => record !== canceled))

const budgets = { flushTimeout: 100, waitTimeout: ample, lingerTimeout: ample } as const

interface Made {
  readonly socket: TLSSocket
  readonly wire: Wire
  readonly report: () => Promise<ClosureReport>
}

type Make = (version: TlsVersion, policy: ClosurePolicy) => Promise<Made>

async function ofServer(
  server: Parameters<typeof controlled>[0],
  policy: ClosurePolicy,
  connect: (port: number) => Promise<TLSSocket>,
): Promise<Made> {
  const sockets: TLSSocket[] = []
  server.on('secureConnection', (socket: TLSSocket) => sockets.push(socket))
  const { relay, report } = await controlled(server, policy, { relay: { onRecord: () => 'pass' } })
  await connect(relay.port)
  await until(() => sockets.length === 1)
  const [socket] = sockets
  if (socket === undefined) throw new Error('Expected a connection')
  return { socket, report, wire: await relay.nextWire() }
}

/** The controlled end, and what a program does with it. */
const servers = {
  tls: (version, policy) =>
    ofServer(
      tlsServer(version, (socket) => socket.resume()),
      policy,
      (port) => peerOf(port, version),
    ),
  'tls with allowHalfOpen': (version, policy) =>
    ofServer(
      tlsServer(version, (socket) => socket.resume().once('end', () => socket.end('bye')), { allowHalfOpen: true }),
      policy,
      (port) => peerOf(port, version),
    ),
  'tls, read late': (version, policy) =>
    ofServer(
      tlsServer(version, (socket) => void setTimeout(() => socket.resume(), 300)),
      policy,
      (port) => peerOf(port, version),
    ),
  'https in a request': (version, policy) => {
    const server = httpsServer(version, (request) => void request.on('error', () => undefined).resume())
    return ofServer(server, policy, async (port) => {
      const client = await peerOf(port, version)
      const request = once(server, 'request')
      client.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nbegun')
      await request
      return client
    })
  },
  'https between requests': (version, policy) =>
    ofServer(
      httpsServer(version, (_request, response) => response.end('ok')),
      policy,
      async (port) => {
        const client = await peerOf(port, version)
        client.write(get('/'))
        await once(client, 'data')
        return client
      },
    ),
  http2: (version, policy) =>
    ofServer(http2Server(version), policy, async (port) => {
      const { socket } = await http2Client(port, version)
      await turns(10)
      return socket
    }),
} satisfies Record<string, Make>

/** A stock client that reads on behind our close_notify, and ends TCP when we have. */
async function peerOf(port: number, version: TlsVersion): Promise<TLSSocket> {
  const client = await connected(port, version, { allowHalfOpen: true })
  return client.resume().once('end', () => client.end())
}

async function ofClient(
  server: Parameters<typeof behindRelay>[0],
  connect: (port: number) => Promise<{ readonly socket: TLSSocket; readonly report: Made['report'] }>,
): Promise<Made> {
  server.on('secureConnection', (socket: TLSSocket) => {
    socket.on('error', () => undefined).once('end', () => socket.end())
    onTestFinished(() => void socket.destroy())
  })
  const relay = await behindRelay(server, { onRecord: () => 'pass' })
  return { ...(await connect(relay.port)), wire: await relay.nextWire() }
}

const clients = {
  tls: (version, policy) =>
    ofClient(
      tlsServer(version, (socket) => socket.resume(), { allowHalfOpen: true }),
      async (port) => {
        const socket = await connected(port, version)
        return { socket: socket.resume(), report: watch(controlClosure(socket, policy)).report }
      },
    ),
  'tls with allowHalfOpen': (version, policy) =>
    ofClient(
      tlsServer(version, (socket) => socket.resume(), { allowHalfOpen: true }),
      async (port) => {
        const socket = await connected(port, version, { allowHalfOpen: true })
        socket.resume().once('end', () => socket.end('bye'))
        return { socket, report: watch(controlClosure(socket, policy)).report }
      },
    ),
  'https in a response': (version, policy) => {
    const server = httpsServer(
      version,
      (_request, response) => void response.writeHead(200, { 'Content-Length': 100 }).write('begun'),
      { allowHalfOpen: true },
    )
    return ofClient(server, async (port) => {
      const { cert: ca, host: servername } = certificate
      const agent = new Agent({ keepAlive: true, ca, servername })
      onTestFinished(() => {
        agent.destroy()
      })
      const { report } = watch(controlClosure(agent, policy))
      const request = httpsGet({ agent, host: '127.0.0.1', port }, (response) => {
        response.on('error', () => undefined).resume()
      })
      request.on('error', () => undefined)
      await once(request, 'response')
      const { socket } = request
      if (!isTls(socket)) throw new Error('Expected a connection')
      return { socket, report }
    })
  },
  http2: (version, policy) =>
    ofClient(http2Server(version, 5, { allowHalfOpen: true }), async (port) => {
      const { socket } = await http2Client(port, version)
      return { socket, report: watch(controlClosure(socket, policy)).report }
    }),
} satisfies Record<string, Make>

function isTls(socket: object | null): socket is TLSSocket {
  return socket !== null && 'encrypted' in socket
}

/** How the controlled end ends when its peer sends that, and keeps TCP open. */
async function endOf(
  make: Make,
  version: TlsVersion,
  from: Side,
  flights: readonly (readonly Crafted[])[],
  policy: ClosurePolicy,
) {
  const { socket, wire, report } = await make(version, policy)
  await wire.seen('client', 'handshake')
  await turns(5)
  const events: string[] = []
  for (const event of ['end', 'close'] as const) socket.once(event, () => events.push(event))
  socket.once('error', (error: Error) => events.push(`error ${error.message}`))
  for (const flight of flights) {
    wire.send(from, flight)
    await turns(5)
    await delay(20)
  }
  const { verdict, received, sent, began, alerts } = await report()
  await until(() => socket.destroyed)
  await turns(2)
  return {
    events,
    verdict,
    began,
    sent: sent.kind,
    received: received.kind,
    bytesRead: socket.bytesRead > 0,
    closing: wire.closing(from === 'client' ? 'server' : 'client').filter((line) => line !== 'rst'),
    userCanceledFirst: received.kind === 'close_notify' && received.userCanceledFirst,
    canceled: alerts.filter(({ name, direction }) => name === 'user_canceled' && direction === 'received').length,
  }
}

describe.each(tlsVersions)('%s', (version) => {
  describe.each([
    ['server', servers, 'client'],
    ['client', clients, 'server'],
  ] as const)('%s', (_side, makes: Readonly<Record<string, Make>>, from) => {
    describe.each(Object.entries(makes))('%s', (kind, make) => {
      const takesData = kind.startsWith('tls') || kind.includes(' in a ')
      const all: readonly Ending[] = Object.keys(endings).filter(isEnding)

      test.each(all.filter((ending) => takesData || !ending.includes('data')))('%s', async (ending) => {
        const run = async (policy: ClosurePolicy) => {
          const [end, expected] = await Promise.all([
            endOf(make, version, from, endings[ending], policy),
            endOf(make, version, from, alone(ending), policy),
          ])
          const count = endings[ending].flat().filter((record) => record === canceled).length
          expect(expected.received).toBe('close_notify')
          expect(end).toEqual({ ...expected, userCanceledFirst: true, canceled: count })
        }
        await Promise.all(modes.map((mode) => run({ ...budgets, mode })))
      })
    })
  })

  test('user_canceled alone ends nothing: data goes on both ways, and the report has the alert', async () => {
    const echo = tlsServer(version, (socket) => socket.on('data', (chunk: Buffer) => void socket.write(chunk)))
    const { relay, control, report } = await controlled(echo, budgets, { relay: { onRecord: () => 'pass' } })
    const client = await connected(relay.port, version)
    const wire = await relay.nextWire()
    await wire.seen('client', 'handshake')
    await turns(5)
    wire.send('client', [canceled])
    // Some looks at the socket.
    await delay(4 * budgets.flushTimeout)
    const echoed = new Promise((resolve) => client.once('data', resolve))
    client.write('still here')
    expect([String(await echoed), control.connections]).toEqual(['still here', 1])
    client.resume().end()
    expect(await report()).toMatchObject({
      verdict: 'clean',
      received: { kind: 'close_notify', userCanceledFirst: true },
    })
  })

  test('user_canceled in the handshake, and close_notify long after it', async () => {
    let handshakes = 0
    const isLate = (record: TamperRecord) => record.from === 'client' && record.kind === 'handshake' && handshakes++ > 0
    const { relay, report } = await controlled(
      tlsServer(version, (socket) => socket.resume()),
      budgets,
      { relay: { onRecord: (record) => (isLate(record) ? [canceled, 'pass'] : 'pass') } },
    )
    const client = await peerOf(relay.port, version)
    const wire = await relay.nextWire()
    await wire.seen('client', 'handshake')
    await turns(5)
    wire.send('client', [closed])
    expect(await report()).toMatchObject({ verdict: 'clean', began: 'peer', received: { kind: 'close_notify' } })
    await until(() => client.destroyed)
  })

  test('a closing of our own that waits hears the answer behind user_canceled, long before its budget ends', async () => {
    const server = tlsServer(version, (socket) => socket.resume().once('data', () => socket.end('bye')))
    const { relay, control, report } = await controlled(
      server,
      { ...budgets, mode: 'bidirectional' },
      { relay: { onRecord: (record) => (record.from === 'client' && record.kind === 'alert' ? 'drop' : 'pass') } },
    )
    const client = clientOf(relay.port, { minVersion: version, maxVersion: version, allowHalfOpen: true })
    await once(client, 'secureConnect')
    client.resume().write('close')
    const wire = await relay.nextWire()
    await wire.seen('server', closeNotify)
    await until(() => control.waiting === 1)
    wire.send('client', [canceled, closed])
    await wire.seen('server', 'fin')
    client.end()
    expect(await report()).toMatchObject({
      verdict: 'clean',
      endedBy: 'done',
      received: { kind: 'close_notify', userCanceledFirst: true },
    })
  })

  test('a socket that is only looked at stays as Node has it', async () => {
    const sockets: TLSSocket[] = []
    const server = tlsServer(version, (socket) => {
      sockets.push(socket.resume())
      closureOf(socket)
    })
    const relay = await behindRelay(server, { onRecord: () => 'pass' })
    await connected(relay.port, version, { allowHalfOpen: true })
    const wire = await relay.nextWire()
    await wire.seen('server', 'handshake')
    await until(() => sockets.length === 1)
    wire.send('client', [canceled, closed])
    await delay(300)
    const [socket] = sockets
    if (socket === undefined) throw new Error('Expected a connection')
    const isHeard = version === 'TLSv1.2' || process.versions.openssl.startsWith('3.0.')
    expect([socket.readableEnded, closureOf(socket).getShutdown() & 2]).toEqual([isHeard, 2])
    socket.destroy()
    expect(await closureOf(socket).report).toMatchObject({
      received: { kind: 'close_notify', userCanceledFirst: true },
    })
  })
})

function isEnding(name: string): name is Ending {
  return name in endings
}
