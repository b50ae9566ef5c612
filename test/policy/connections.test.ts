// `perConnection`, for one connection that is to differ, and stop(), with what it leaves alone.
import type { TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import type { ClosureControl, ConnectionPolicy } from '../../lib/index.js'
import { clientOf } from '../closure/servers.js'
import { closeNotifyAndFin, turns } from '../closure/sides.js'
import { certificate, otherCertificate } from '../support/certificate.js'
import { type TlsVersion, tlsVersions } from '../support/pair.js'
import { collect, once } from '../support/streams.js'
import { describeEvent } from '../support/wire.js'
import {
  accepted,
  ample,
  answerAndClose,
  connected,
  controlled,
  endingOf,
  get,
  httpsServer,
  modes,
  order,
  stock,
  tlsServer,
  until,
} from './harness.js'

describe.each(tlsVersions)('perConnection, %s', (version) => {
  test('is asked once per connection, with its socket secured, and overrides the policy', async () => {
    const asked: unknown[] = []
    const byName: Readonly<Record<string, ConnectionPolicy | undefined>> = {
      localhost: { mode: 'quiet' },
      'other.test': undefined,
    }
    const sni = Object.fromEntries([certificate, otherCertificate].map(({ host, key, cert }) => [host, { key, cert }]))
    const server = tlsServer(version, (socket) => socket.resume().end('bye'))
    for (const [host, context] of Object.entries(sni)) server.addContext(host, context)
    const { relay, report, control } = await controlled(server, {
      mode: 'unidirectional',
      perConnection: (socket) => {
        const { servername } = socket
        asked.push([servername, socket.getProtocol()])
        return typeof servername === 'string' ? byName[servername] : undefined
      },
    })
    for (const { host, cert: ca } of [certificate, otherCertificate]) {
      const client = clientOf(relay.port, { servername: host, ca, minVersion: version })
      expect((await collect(client)).bytes.toString()).toBe('bye')
    }
    expect(await report()).toMatchObject({ mode: 'quiet', verdict: 'quiet' })
    expect(await report()).toMatchObject({ mode: 'unidirectional', verdict: 'clean' })
    expect(asked).toEqual([
      ['localhost', version],
      ['other.test', version],
    ])
    const endings = [await relay.nextWire(), await relay.nextWire()].map((wire) => endingOf(wire, 'server'))
    expect(endings).toEqual([['fin'], closeNotifyAndFin])
    expect(control.counters).toMatchObject({ quiet: 1, clean: 1 })
  })

  test("budgets that it names count, those that it leaves out are the policy's", async () => {
    const { relay, report } = await controlled(
      tlsServer(version, (socket) => {
        socket.once('data', () => socket.end('bye'))
      }),
      { mode: 'bidirectional', waitTimeout: ample, perConnection: () => ({ waitTimeout: 50 }) },
    )
    const client = await connected(relay.port, version)
    // The client hears nothing, and so never answers.
    const wire = await relay.nextWire()
    wire.hold('server')
    client.resume().write('close')
    expect(await report()).toMatchObject({ mode: 'bidirectional', verdict: 'timed-out', endedBy: 'wait-timeout' })
  })
})

describe.each(tlsVersions)('stop(), %s', (version) => {
  test.each(modes)('of a server in mode %s: later connections are left alone', async (mode) => {
    const sockets: TLSSocket[] = []
    const { relay, control, reports, report } = await controlled(
      tlsServer(version, (socket) => sockets.push(socket.resume())),
      { mode, waitTimeout: ample },
    )
    const early = await connected(relay.port, version)
    early.resume()
    ;(await accepted(sockets)).end()
    expect(await report()).toMatchObject({ mode })
    control.stop()

    const late = await connected(relay.port, version)
    late.resume()
    await until(() => sockets.length === 2)
    expect(control.connections).toBe(0)
    const socket = await accepted(sockets.slice(1))
    // Nothing of ours is on it.
    expect(ownMethods(socket)).toEqual(ownMethods(await plainServerSocket(version)))
    socket.end()
    await once(late, 'close')
    await relay.nextWire()
    expect(endingOf(await relay.nextWire(), 'server')).toEqual(closeNotifyAndFin)
    expect(reports).toHaveLength(1)
  })

  test.each([
    ['stop()', (control: ClosureControl) => control.stop()],
    ['Symbol.dispose', (control: ClosureControl) => control[Symbol.dispose]()],
    ['using', usingAndLeaving],
  ] as const)('by %s: an open connection passes through to Node, and its report is still made', async (_name, end) => {
    const sockets: TLSSocket[] = []
    const { relay, control, report } = await controlled(
      tlsServer(version, (socket) => sockets.push(socket.resume())),
      { mode: 'quiet', onDestroy: 'close_notify' },
    )
    const clients = [await connected(relay.port, version), await connected(relay.port, version)]
    for (const client of clients) client.resume()
    await until(() => sockets.length === 2)
    end(control)
    const closings = clients.map((client) => once(client, 'close'))
    const [ends, goes] = sockets
    ends?.end()
    goes?.destroy()
    await Promise.all(closings)
    const wires = [await relay.nextWire(), await relay.nextWire()]
    expect(wires.map((wire) => endingOf(wire, 'server'))).toEqual([closeNotifyAndFin, ['fin']])
    expect([await report(), await report()].map(({ mode }) => mode)).toEqual(['uncontrolled', 'uncontrolled'])
  })

  test('a closing that is under way goes to its end', async () => {
    const { relay, control, report } = await controlled(
      tlsServer(version, (socket) => socket.resume().end('bye')),
      { mode: 'bidirectional', waitTimeout: ample },
    )
    const client = clientOf(relay.port, { minVersion: version, maxVersion: version })
    const wire = await relay.nextWire()
    wire.hold('client', 'fin')
    await once(client, 'secureConnect')
    await until(() => control.waiting === 1)
    control.stop()
    client.resume()
    expect(await report()).toMatchObject({ mode: 'bidirectional', verdict: 'clean', endedBy: 'done' })
    await wire.seen('server', 'fin')
    expect(order(wire).indexOf('client alert warning close_notify')).toBeLessThan(order(wire).indexOf('server fin'))
  })

  test('an override that somebody put on top of ours stays in force', async () => {
    const calls: string[] = []
    const sockets: TLSSocket[] = []
    const { relay, control } = await controlled(
      tlsServer(version, (socket) => sockets.push(socket.resume())),
      { mode: 'bidirectional', onDestroy: 'close_notify', onTruncation: 'error' },
    )
    const client = await connected(relay.port, version)
    client.resume()
    const socket = await accepted(sockets)
    const names = ['end', 'destroy', 'destroySoon', 'push', 'emit', 'write', '_final', '_destroy'] as const
    const mine = new Map<string, unknown>()
    for (const name of names) {
      const previous: unknown = Reflect.get(socket, name)
      if (typeof previous !== 'function') throw new Error(`Expected a method ${name}`)
      const own = function (this: unknown, ...args: unknown[]): unknown {
        calls.push(name)
        return Reflect.apply(previous, this, args)
      }
      mine.set(name, own)
      Reflect.set(socket, name, own)
    }
    control.stop()
    for (const [name, own] of mine) expect(Reflect.get(socket, name), name).toBe(own)
    client.write('hello')
    await once(socket, 'data')
    socket.write('there')
    socket.end()
    await once(client, 'close')
    await until(() => socket.destroyed)
    expect(calls).toEqual(expect.arrayContaining(['write', 'push', 'emit', 'end', '_final', '_destroy']))
    const [wire] = relay.wires
    expect(wire?.closing('server').slice(0, 2)).toEqual(closeNotifyAndFin)
  })

  test('of an https server, between two requests on one connection: the second is answered by stock Node', async () => {
    const { relay, control } = await controlled(
      httpsServer(version, (req, res) => (req.url === '/last' ? answerAndClose(req, res) : res.end('ok'))),
      { mode: 'bidirectional', waitTimeout: ample },
    )
    const client = await connected(relay.port, version)
    client.write(get('/first'))
    await once(client, 'data')
    control.stop()
    const wire = await relay.nextWire()
    // A client that cannot answer: a bidirectional closing would hold FIN.
    wire.hold('client')
    await turns(3)
    wire.release('client')
    client.write(get('/last'))
    await wire.seen('server', 'fin')
    const events = wire.events.map((event) => `${event.from} ${describeEvent(event)}`)
    expect(events.filter((line) => line.startsWith('server ')).slice(-2)).toEqual(
      closeNotifyAndFin.map((line) => `server ${line}`),
    )
  })
})

function usingAndLeaving(control: ClosureControl): void {
  using stopped = control
  expect(stopped.connections).toBeGreaterThan(0)
}

/** The socket of a connection to a server that never was under a policy. */
async function plainServerSocket(version: TlsVersion): Promise<TLSSocket> {
  const sockets: TLSSocket[] = []
  const relay = await stock(tlsServer(version, (socket) => sockets.push(socket.resume())))
  await connected(relay.port, version)
  return accepted(sockets)
}

function ownMethods(socket: TLSSocket): (string | symbol)[] {
  return Reflect.ownKeys(socket).filter((key) => typeof Reflect.get(socket, key) === 'function')
}
