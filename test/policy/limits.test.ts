// maxWaiting, the signal, and what is counted, told and published.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureChannel, type ClosureReport } from '../../lib/index.js'
import { closeNotify } from '../closure/sides.js'
import { answerEach, lastWords, talkAndEnd, waitedIn } from '../support/late-acknowledgements.js'
import { tlsVersions } from '../support/pair.js'
import { once } from '../support/streams.js'
import type { Wire } from '../support/wire.js'
import {
  ample,
  answerAndClose,
  connected,
  controlled,
  endingOf,
  get,
  http2Client,
  http2Server,
  httpsServer,
  tlsServer,
  until,
} from './harness.js'

describe.each(tlsVersions)('maxWaiting, %s', (version) => {
  /** Connections whose peers hear nothing and so never answer; the server ends each as soon as it has been written to. */
  async function silentPeers(count: number, policy: Parameters<typeof controlled>[1]) {
    const server = await controlled(
      tlsServer(version, (socket) => {
        socket.once('data', () => socket.end('bye'))
      }),
      { mode: 'bidirectional', waitTimeout: ample, ...policy },
    )
    const peers: { readonly client: TLSSocket; readonly wire: Wire }[] = []
    for (let i = 0; i < count; i++) {
      const client = await connected(server.relay.port, version)
      const wire = await server.relay.nextWire()
      wire.hold('server')
      client.resume().write('close')
      await wire.seen('server', closeNotify)
      peers.push({ client, wire })
    }
    return { ...server, peers }
  }

  test('so many sockets wait at one time; beyond them a closing does not wait, and its report says so; a place that is free is taken', async () => {
    const { control, peers, report, relay } = await silentPeers(5, { maxWaiting: 2 })
    const [first, second, ...refused] = peers
    for (const { wire } of refused) await wire.seen('server', 'fin')
    expect([first, second].map((peer) => peer !== undefined && endingOf(peer.wire, 'server'))).toEqual([
      [closeNotify],
      [closeNotify],
    ])
    expect({ waiting: control.waiting, refused: control.waitingRefused }).toEqual({ waiting: 2, refused: 3 })
    for (const { wire } of refused) wire.release('server')
    const reports = [await report(), await report(), await report()]
    const asked = { mode: 'bidirectional', waitRefused: true }
    expect(reports).toMatchObject([asked, asked, asked])

    first?.wire.release('server')
    expect(await report()).toMatchObject({ mode: 'bidirectional', verdict: 'clean' })
    expect(control.waiting).toBe(1)
    const next = await connected(relay.port, version)
    const wire = await relay.nextWire()
    wire.hold('server')
    next.resume().write('close')
    await wire.seen('server', closeNotify)
    await until(() => control.waiting === 2)
    expect(control.waitingRefused).toBe(3)
    for (const held of [second?.wire, wire]) held?.release('server')
    expect([(await report()).verdict, (await report()).verdict]).toEqual(['clean', 'clean'])
    expect({ waiting: control.waiting, connections: control.connections }).toEqual({ waiting: 0, connections: 0 })
  })

  test('0: nobody waits', async () => {
    const { control, peers, report } = await silentPeers(1, { maxWaiting: 0 })
    await peers[0]?.wire.seen('server', 'fin')
    expect({ waiting: control.waiting, refused: control.waitingRefused }).toEqual({ waiting: 0, refused: 1 })
    peers[0]?.wire.release('server')
    expect(await report()).toMatchObject({ mode: 'bidirectional', waitRefused: true })
  })

  test('a wait that a budget ends gives its place back', async () => {
    const { control, report } = await silentPeers(2, { maxWaiting: 2, waitTimeout: 100 })
    expect([(await report()).verdict, (await report()).verdict]).toEqual(['timed-out', 'timed-out'])
    expect({ waiting: control.waiting, connections: control.connections }).toEqual({ waiting: 0, connections: 0 })
  })

  test('the signal ends all closings that are under way, and later ones at once', async () => {
    const abort = new AbortController()
    const { control, report, relay } = await silentPeers(2, { signal: abort.signal })
    expect(control.waiting).toBe(2)
    abort.abort()
    expect([await report(), await report()].map(({ endedBy }) => endedBy)).toEqual(['signal', 'signal'])
    expect({ waiting: control.waiting, connections: control.connections }).toEqual({ waiting: 0, connections: 0 })

    const client = await connected(relay.port, version)
    const wire = await relay.nextWire()
    wire.hold('server')
    client.resume().write('close')
    expect(await report()).toMatchObject({ endedBy: 'signal' })
    expect(control.connections).toBe(0)
  })

  test('a signal that was aborted before lets connections open, and ends their closings', async () => {
    const { relay, report } = await controlled(httpsServer(version, answerAndClose), {
      mode: 'bidirectional',
      signal: AbortSignal.abort(),
    })
    const client = await connected(relay.port, version)
    client.resume().write(get('/'))
    expect(await report()).toMatchObject({ endedBy: 'signal' })
  })
})

describe.each(tlsVersions)('the events, %s', (version) => {
  test("'closure' comes once per connection, with its socket; counters and connections agree", async () => {
    const sockets: TLSSocket[] = []
    const { relay, control, reports } = await controlled(
      tlsServer(version, (socket) => {
        sockets.push(socket)
        socket.once('data', (chunk) => {
          if (String(chunk) === 'destroy') socket.destroy()
          else socket.end()
        })
      }),
    )
    const told: TLSSocket[] = []
    control.on('closure', (_report: ClosureReport, socket: TLSSocket) => told.push(socket))
    for (const how of ['end', 'destroy', 'end']) {
      const client = await connected(relay.port, version)
      await until(() => control.connections === 1)
      client.resume().write(how)
      await until(() => client.destroyed && control.connections === 0)
    }
    await until(() => reports.length === 3)
    expect(told).toEqual(sockets)
    expect(reports.map(({ verdict }) => verdict)).toEqual(['clean', 'aborted', 'clean'])
    const { counters } = control
    expect(counters).toMatchObject({ clean: 2, aborted: 1, truncated: 0, 'timed-out': 0 })
    expect(Object.values(counters).reduce((sum, count) => sum + count)).toBe(3)
  })

  test('a connection whose handshake fails is counted and reported, as one without a handshake', async () => {
    const { relay, control, reports } = await controlled(tlsServer(version, (socket) => socket.resume()))
    const other = version === 'TLSv1.2' ? 'TLSv1.3' : 'TLSv1.2'
    await expect(connected(relay.port, other)).rejects.toThrow()
    const client = await connected(relay.port, version)
    client.resume().end()
    await until(() => reports.length === 2)
    expect(reports).toMatchObject([{ verdict: 'no-handshake', side: 'server' }, { verdict: 'clean' }])
    expect(control.counters).toMatchObject({ clean: 1, 'no-handshake': 1 })
  })

  test('a listener that throws is an uncaught exception of its own, and harms no closing', async () => {
    const thrown: unknown[] = []
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => thrown.push(error))
    onTestFinished(() => {
      process.removeAllListeners('uncaughtException')
      for (const listener of listeners) process.on('uncaughtException', listener)
    })
    const { relay, control, reports } = await controlled(tlsServer(version, (socket) => socket.resume()))
    control.once('closure', () => {
      throw new Error('on purpose')
    })
    for (let i = 0; i < 2; i++) {
      const client = await connected(relay.port, version)
      client.resume().end()
      await until(() => client.destroyed && control.connections === 0)
    }
    await until(() => reports.length === 2)
    expect(thrown).toMatchObject([{ message: 'on purpose' }])
  })

  test('each report is published once on the diagnostics channel, with its socket and target', async () => {
    const messages: unknown[] = []
    const listener = (message: unknown) => messages.push(message)
    subscribe(closureChannel, listener)
    onTestFinished(() => {
      unsubscribe(closureChannel, listener)
    })
    expect(closureChannel).toBe('close-notify:closure')
    const servers = [
      { server: tlsServer(version, (socket) => socket.resume()), h2: false },
      { server: httpsServer(version, answerAndClose), h2: false },
      { server: http2Server(version), h2: true },
    ]
    for (const { server, h2 } of servers) {
      const { relay, report, control } = await controlled(server)
      const told: unknown[] = []
      control.on('closure', (_report, socket) => told.push(socket))
      if (h2) {
        const { session } = await http2Client(relay.port, version)
        session.close()
      } else {
        const client = await connected(relay.port, version)
        client.resume().write(get('/'))
        if (server === servers[0]?.server) client.end()
      }
      const closure = await report()
      await until(() => messages.length > 0)
      expect(messages).toHaveLength(1)
      const [message] = messages.splice(0)
      expect(message).toMatchObject({ report: closure })
      expect(told).toHaveLength(1)
      expect(Reflect.get(Object(message), 'socket')).toBe(told[0])
      expect(Reflect.get(Object(message), 'target')).toBe(server)
    }
  })

  test('the counters cannot be written, and reports serialise', async () => {
    const { relay, control, report } = await controlled(tlsServer(version, (socket) => socket.resume()))
    const client = await connected(relay.port, version)
    client.resume().end()
    await once(client, 'close')
    const final = await report()
    expect(JSON.parse(JSON.stringify(final))).toEqual(final)
    Reflect.set(control.counters, 'clean', 1000)
    expect(control.counters.clean).toBe(1)
  })
})

describe.each(tlsVersions)('waitTimeout, %s', (version) => {
  test.for(lastWords)("runs once, though the peer's TCP acknowledges $name only after a delay", async ({ last }) => {
    const waitTimeout = 500
    const server = tlsServer(version, (socket) => talkAndEnd(socket, last))
    const { relay, report } = await controlled(server, { mode: 'bidirectional', waitTimeout })
    answerEach(await connected(relay.port, version, { allowHalfOpen: true }))
    const final = await report()
    expect(final.endedBy).toBe('wait-timeout')
    expect(waitedIn(final) / waitTimeout).toBeLessThan(1.7)
  })
})
