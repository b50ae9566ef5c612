// onDestroy: 'close_notify' where Node only destroys, and the cases in which a bare FIN stays the honest end.
import https from 'node:https'
import type { Server as HttpsServer } from 'node:https'
import type { ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { controlClosure } from '../../lib/index.js'
import { clientOf } from '../closure/servers.js'
import { closed, closeNotifyAndFin, text } from '../closure/sides.js'
import { certificate } from '../support/certificate.js'
import { tlsVersions } from '../support/pair.js'
import { once } from '../support/streams.js'
import type { Wire } from '../support/wire.js'
import {
  ample,
  connected,
  controlled,
  endingOf,
  get,
  http2Client,
  http2Server,
  httpsServer,
  stock,
  tlsServer,
  until,
  watch,
} from './harness.js'

const policies = [
  ['close_notify', closeNotifyAndFin],
  ['bare', ['fin']],
] as const

/** Ways to destroy a connection that is idle after its first response. */
const idle: readonly (readonly [string, (server: HttpsServer) => void])[] = [
  ['closeAllConnections()', (server) => server.closeAllConnections()],
  ['closeIdleConnections()', (server) => server.closeIdleConnections()],
  ['server.close(), which closes idle connections', (server) => server.close()],
  ['keepAliveTimeout', () => undefined],
]

describe.each(tlsVersions)('%s', (version) => {
  describe.each(policies)("onDestroy: '%s'", (onDestroy, ending) => {
    const policy = { onDestroy, waitTimeout: ample } as const

    test('a tls socket: destroy()', async () => {
      const { relay, report } = await controlled(
        tlsServer(version, (socket) => {
          socket.once('data', () => socket.destroy())
        }),
        policy,
      )
      const client = await connected(relay.port, version)
      client.resume().write('go')
      const wire = await relay.nextWire()
      await wire.seen('server', 'fin')
      expect(endingOf(wire, 'server')).toEqual(ending)
      expect(await report()).toMatchObject({ sent: { kind: onDestroy === 'bare' ? 'nothing' : 'close_notify' } })
    })

    test("a tls socket: destroy() of what was written: the data has left, 'close' comes, without an error", async () => {
      const events: string[] = []
      const { relay } = await controlled(
        tlsServer(version, (socket) => {
          socket.on('close', (hadError: boolean) => events.push(`close ${hadError}`))
          socket.on('error', () => events.push('error'))
          socket.write('bye', () => socket.destroy())
        }),
        policy,
      )
      const client = clientOf(relay.port, { minVersion: version })
      expect(await text(client)).toEqual({ text: 'bye', ended: true })
      await until(() => events.length > 0)
      expect(events).toEqual(['close false'])
      const wire = await relay.nextWire()
      expect(endingOf(wire, 'server')).toEqual(ending)
    })

    test('a client: for await … break', async () => {
      const relay = await stock(
        tlsServer(version, (socket) => {
          socket.write('first')
        }),
      )
      const client = clientOf(relay.port, { minVersion: version })
      const { report } = watch(controlClosure(client, policy))
      for await (const chunk of client) {
        expect(String(chunk)).toBe('first')
        break
      }
      expect(client.destroyed).toBe(true)
      await report()
      const wire = await relay.nextWire()
      await wire.seen('client', 'fin')
      expect(endingOf(wire, 'client')).toEqual(ending)
    })

    test.each(idle)('an https server: %s', async (name, close) => {
      const server = httpsServer(version, (_req, res) => res.end('ok'))
      if (name === 'keepAliveTimeout') {
        server.keepAliveTimeout = 50
        Reflect.set(server, 'keepAliveTimeoutBuffer', 0)
      }
      const { relay, report } = await controlled(server, policy)
      const client = await connected(relay.port, version)
      client.write(get('/'))
      await once(client, 'data')
      client.resume()
      close(server)
      const wire = await relay.nextWire()
      await wire.seen('server', 'fin')
      expect(endingOf(wire, 'server')).toEqual(ending)
      expect(await report()).toMatchObject({ began: 'local' })
    })

    test('an https agent: destroy() with an idle connection', async () => {
      const relay = await stock(httpsServer(version, (_req, res) => res.end('ok')))
      const agent = new https.Agent({ keepAlive: true, ca: certificate.cert, servername: certificate.host })
      onTestFinished(() => {
        agent.destroy()
      })
      const { report } = watch(controlClosure(agent, policy))
      await new Promise<void>((resolve, reject) => {
        const req = https.get({ host: '127.0.0.1', port: relay.port, agent }, (res) => {
          void text(res).then(() => setImmediate(resolve))
        })
        req.on('error', reject)
      })
      agent.destroy()
      await report()
      const wire = await relay.nextWire()
      await wire.seen('client', 'fin')
      expect(endingOf(wire, 'client')).toEqual(ending)
    })
  })

  describe('stays bare', () => {
    const policy = { onDestroy: 'close_notify', waitTimeout: ample, flushTimeout: ample } as const

    async function endingAfter(
      act: (socket: TLSSocket, wire: Wire) => void | Promise<void>,
      allowHalfOpen = false,
    ): Promise<string[]> {
      const sockets: TLSSocket[] = []
      const { relay, report } = await controlled(
        tlsServer(version, (socket) => sockets.push(socket.resume()), { allowHalfOpen }),
        policy,
      )
      const client = await connected(relay.port, version, { allowHalfOpen: true })
      await until(() => sockets.length === 1)
      const [socket] = sockets
      if (socket === undefined) throw new Error('Expected a connection')
      const gone = closed(socket)
      const wire = await relay.nextWire()
      await act(socket, wire)
      await gone
      await report()
      client.resume()
      await wire.seen('server', 'fin')
      return endingOf(wire, 'server')
    }

    test('destroy(error)', async () => {
      expect(
        await endingAfter((socket) => {
          socket.destroy(new Error('on purpose'))
        }),
      ).toEqual(['fin'])
    })

    test('data that was written and has not left', async () => {
      expect(
        await endingAfter((socket) => {
          socket.write(Buffer.alloc(20_000_000))
          socket.destroy()
        }),
      ).toEqual(expect.not.arrayContaining(closeNotifyAndFin.slice(0, 1)))
    })

    test('corked data', async () => {
      expect(
        await endingAfter((socket) => {
          socket.cork()
          socket.write('never sent')
          socket.destroy()
        }),
      ).toEqual(['fin'])
    })

    test("the peer's TCP has ended", async () => {
      expect(
        await endingAfter(async (socket, wire) => {
          const ended = once(socket, 'end')
          wire.cut('client', { afterBytes: 0, with: 'fin' })
          await ended
          socket.destroy()
        }, true),
      ).toEqual(['fin'])
    })
  })

  describe.each(['close_notify', 'bare'] as const)("onDestroy: '%s', a response that is half written", (onDestroy) => {
    const ways: readonly (readonly [string, (server: HttpsServer, res: ServerResponse) => void])[] = [
      ['closeAllConnections()', (server) => server.closeAllConnections()],
      ['destroy() of the socket', (_server, res) => void res.socket?.destroy()],
      ['destroy() of the response', (_server, res) => void res.destroy()],
    ]
    test.each(ways)('%s sends a bare FIN: the body is not passed off as whole', async (_name, destroy) => {
      const responses: ServerResponse[] = []
      const server = httpsServer(version, (_req, res) => {
        res.setHeader('Connection', 'close')
        res.useChunkedEncodingByDefault = false
        res.write('first half')
        responses.push(res)
      })
      const { relay, report } = await controlled(server, { onDestroy })
      const client = await connected(relay.port, version)
      client.write('GET / HTTP/1.0\r\n\r\n')
      await once(client, 'data')
      client.resume()
      const [res] = responses
      if (res === undefined) throw new Error('Expected a request')
      destroy(server, res)
      const wire = await relay.nextWire()
      await wire.seen('server', 'fin')
      expect(endingOf(wire, 'server')).toEqual(['fin'])
      expect(await report()).toMatchObject({ verdict: 'aborted', sent: { kind: 'nothing' } })
    })
  })

  test('a request whose body is half sent: agent.destroy() sends a bare FIN', async () => {
    const relay = await stock(
      httpsServer(version, (req) => {
        req.on('error', () => undefined).resume()
      }),
    )
    const agent = new https.Agent({ keepAlive: true, ca: certificate.cert, servername: certificate.host })
    const { report } = watch(controlClosure(agent, { onDestroy: 'close_notify' }))
    const req = https.request({ host: '127.0.0.1', port: relay.port, agent, method: 'POST' })
    req.on('error', () => undefined)
    await new Promise<void>((resolve) => req.write('first half', () => resolve()))
    const wire = await relay.nextWire()
    await wire.seen('client', 'data')
    agent.destroy()
    await report()
    await wire.seen('client', 'fin')
    expect(endingOf(wire, 'client')).toEqual(['fin'])
  })

  test('an http2 session: destroy() sends what it may, and harms nothing', async () => {
    const server = http2Server(version, 200_000)
    const sessions: { destroy(): void }[] = []
    server.on('session', (session) => sessions.push(session))
    const { relay, report } = await controlled(server, { onDestroy: 'close_notify' })
    const { session } = await http2Client(relay.port, version)
    const streams = [session.request(), session.request()]
    for (const stream of streams) stream.on('error', () => undefined).resume()
    await until(() => sessions.length === 1)
    sessions[0]?.destroy()
    expect(await report()).toMatchObject({ side: 'server' })
    const wire = await relay.nextWire()
    await wire.seen('server', 'fin')
  })
})
