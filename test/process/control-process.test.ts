// controlProcess() as a call: what it takes over, and what stop() leaves behind.
import type { Server as HttpsServer } from 'node:https'
import net from 'node:net'
import { TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { controlProcess, type ProcessPolicy, startTls } from '../../lib/index.js'
import { behindRelay, clientOf, listen } from '../closure/servers.js'
import { ample, answerAndClose, connected, get, httpsServer, tlsServer, until } from '../policy/harness.js'
import { certificate } from '../support/certificate.js'
import { collect, once, turns } from '../support/streams.js'
import { alertRecord } from '../support/tampering.js'
import { close, controlled, exchange, open, serving } from './watched.js'

test('both sides of a connection are under the policy, and are counted', async () => {
  const { control, modes } = controlled({ mode: 'bidirectional' })
  await exchange(await serving())
  expect(modes()).toEqual(['client bidirectional', 'server bidirectional'])
  expect({ clean: control.counters.clean, connections: control.connections, active: control.active }).toEqual({
    clean: 2,
    connections: 0,
    active: true,
  })
})

describe('sides', () => {
  test.each<readonly [string, ProcessPolicy, readonly string[]]>([
    ['clients alone', { servers: 'off', clients: { mode: 'quiet' } }, ['client quiet']],
    ['servers alone', { clients: 'off' }, ['server unidirectional']],
    ['none', { clients: 'off', servers: 'off' }, []],
    ['each its own', { mode: 'bidirectional', clients: { mode: 'quiet' } }, ['client quiet', 'server bidirectional']],
  ])('%s', async (_name, policy, expected) => {
    const { modes, control } = controlled(policy)
    await exchange(await serving())
    expect(modes()).toEqual(expected)
    control.stop()
    expect(control.active).toBe(false)
  })
})

describe('stop()', () => {
  test('a second call is refused until then', async () => {
    const { control } = controlled()
    expect(() => controlProcess()).toThrow(expect.objectContaining({ code: 'ERR_CLOSURE_CONTROLLED' }))
    control.stop()
    control.stop()
    const { modes } = controlled({ mode: 'quiet' })
    await exchange(await serving())
    expect(modes()).toEqual(['client quiet', 'server quiet'])
  })

  test('new connections are left alone, open ones close as Node has it, their reports still come', async () => {
    const server = await serving()
    const { control, modes } = controlled({ mode: 'bidirectional' })
    const opened = await open(server)
    control.stop()
    expect(control.active).toBe(false)
    await exchange(server)
    expect(modes()).toEqual([])
    await close(opened)
    expect(modes()).toEqual(['client uncontrolled', 'server uncontrolled'])
  })

  test('a closing that has begun goes on', async () => {
    // Its client does not read, and so does not answer.
    const server = tlsServer('TLSv1.3', (socket) => socket.end('last words'))
    const { control, reports } = controlled({ servers: { mode: 'bidirectional', waitTimeout: ample }, clients: 'off' })
    const client = await connected(await listen(server), 'TLSv1.3')
    await until(() => control.waiting === 1)
    control.stop()
    const received = collect(client)
    expect(await received).toMatchObject({ ended: true })
    await until(() => reports.length === 1)
    expect(reports).toMatchObject([{ mode: 'bidirectional', verdict: 'clean' }])
  })

  test('nothing is left on the classes and servers of Node', async () => {
    const init: unknown = Reflect.get(TLSSocket.prototype, '_init')
    const members = Reflect.ownKeys(TLSSocket.prototype)
    const server = await serving()
    const keys = Reflect.ownKeys(server.server)
    const { control } = controlled()
    await exchange(server)
    control.stop()
    expect(Reflect.get(TLSSocket.prototype, '_init') === init).toBe(true)
    expect(Reflect.ownKeys(TLSSocket.prototype)).toEqual(members)
    expect(Reflect.ownKeys(server.server)).toEqual(keys)
  })

  test('who stands on top of us stays there, and we do nothing any more', async () => {
    const descriptor = Object.getOwnPropertyDescriptor(TLSSocket.prototype, '_init')
    const { control, modes } = controlled()
    const ours: unknown = Reflect.get(TLSSocket.prototype, '_init')
    const theirs = function (this: object, ...args: readonly unknown[]): unknown {
      return typeof ours === 'function' ? Reflect.apply(ours, this, args) : undefined
    }
    Reflect.set(TLSSocket.prototype, '_init', theirs)
    onTestFinished(() => void Object.defineProperty(TLSSocket.prototype, '_init', descriptor ?? {}))
    control.stop()
    expect(Reflect.get(TLSSocket.prototype, '_init') === theirs).toBe(true)
    const server = await serving()
    await exchange(server)
    expect(modes()).toEqual([])
    expect(Object.hasOwn(server.server, 'emit')).toBe(false)
  })
})

describe('servers', () => {
  test('what was made before the call is left alone, but for the later connections of a server', async () => {
    const server = await serving()
    const old = await open(server)
    const { modes } = controlled()
    await exchange(server)
    await close(old)
    expect(modes()).toEqual(['client unidirectional', 'server unidirectional'])
  })

  test.each(['close_notify', 'user_canceled'] as const)(
    'the first handshake that is cut off by %s is ended',
    async (name) => {
      const server = tlsServer('TLSv1.3', () => undefined, { allowHalfOpen: true, handshakeTimeout: 60_000 })
      const { reports, control } = controlled({ clients: 'off', flushTimeout: 100 })
      // In place of the client's second flight.
      const flight = [
        ...(name === 'user_canceled' ? [alertRecord('warning', name)] : []),
        alertRecord('warning', 'close_notify'),
      ]
      let count = 0
      const relay = await behindRelay(server, {
        onRecord: (record) => {
          if (record.from !== 'client') return 'pass'
          count++
          return count === 1 ? 'pass' : count === 2 ? flight : 'drop'
        },
      })
      clientOf(relay.port, { minVersion: 'TLSv1.3' })
      await until(() => reports.length === 1)
      expect(reports).toMatchObject([{ side: 'server', verdict: 'no-handshake' }])
      expect(control.connections).toBe(0)
    },
  )

  test('a request behind one that ends the connection runs no handler, also on the first connection', async () => {
    const paths: (string | undefined)[] = []
    const server = httpsServer('TLSv1.3', (request, response) => {
      paths.push(request.url)
      answerAndClose(request, response)
    })
    const port = await listen(server)
    controlled({ mode: 'bidirectional', clients: 'off' })
    const client = await connected(port, 'TLSv1.3')
    const received = collect(client)
    client.write(get('/first', 'Connection: close\r\n') + get('/second'))
    await received
    expect(paths).toEqual(['/first'])
  })

  test('close() of one server spares its own closings, and touches no other server', async () => {
    const { control } = controlled({ servers: { mode: 'bidirectional', waitTimeout: ample }, clients: 'off' })
    const servers = [httpsServer('TLSv1.3', answerAndClose), httpsServer('TLSv1.3', answerAndClose)] as const
    const clients = await Promise.all(servers.map(waitingClientOf))
    await until(() => control.waiting === 2)
    const done = servers.map((server) => new Promise((resolve) => server.close(resolve)))
    servers[0].closeAllConnections()
    await done[0]
    expect(control.waiting).toBe(1)
    for (const client of clients) client.resume()
    await done[1]
    await until(() => control.connections === 0)
    expect(control.counters).toMatchObject({ clean: 1, unanswered: 0 })
  })
})

// It has its answer, and does not read the close_notify behind it.
async function waitingClientOf(server: HttpsServer): Promise<TLSSocket> {
  const client = await connected(await listen(server), 'TLSv1.3')
  client.write(get('/', 'Connection: close\r\n'))
  return client
}

test('startTls() goes there and back under it', async () => {
  const { reports } = controlled({ servers: { mode: 'bidirectional' } })
  const plain = net.createServer((raw) => {
    const { socket } = startTls(raw, { isServer: true, key: certificate.key, cert: certificate.cert })
    socket.on('error', () => undefined).resume()
  })
  const raw = net.connect(await listen(plain), '127.0.0.1')
  onTestFinished(() => void raw.destroy())
  await once(raw, 'connect')
  const { socket, unwrap } = startTls(raw, { ca: certificate.cert, servername: 'localhost' })
  await once(socket, 'secureConnect')
  socket.resume()
  await turns(1)
  expect(await unwrap()).toBe(raw)
  raw.destroy()
  await until(() => reports.length === 2)
  expect(reports.map(({ side }) => side).sort()).toEqual(['client', 'server'])
})
