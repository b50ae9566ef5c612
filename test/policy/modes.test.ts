// The modes on the wire, wherever Node would end a server's connection: nothing of the servers is changed.
import type { TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { clientOf } from '../closure/servers.js'
import { closeNotify, closeNotifyAndFin, text } from '../closure/sides.js'
import { type TlsVersion, tlsVersions } from '../support/pair.js'
import { collect, once } from '../support/streams.js'
import type { ClosureMode } from '../../lib/index.js'
import {
  ample,
  answerAndClose,
  connected,
  type Controlled,
  controlled,
  endingOf,
  get,
  http2Client,
  http2Server,
  httpsServer,
  modes,
  order,
  tlsServer,
} from './harness.js'

/** Ends the stream as the server's program does it. */
const endings: readonly (readonly [string, (socket: TLSSocket) => void])[] = [
  ['end()', (socket) => socket.end('bye')],
  [
    'destroySoon()',
    (socket) => {
      socket.write('bye')
      socket.destroySoon()
    },
  ],
]

/**
 * The server's output is held back until its last byte is sent, so that the client cannot answer before: with
 * `bidirectional` FIN must not come, in the other modes it must.
 */
async function expectEnding({ relay, report }: Controlled, mode: ClosureMode): Promise<void> {
  const wire = await relay.nextWire()
  const last = mode === 'bidirectional' ? closeNotify : 'fin'
  await wire.seen('server', last)
  expect(endingOf(wire, 'server')).toEqual(
    { quiet: ['fin'], unidirectional: closeNotifyAndFin, bidirectional: [closeNotify] }[mode],
  )
  wire.release('server')
  expect(await report()).toMatchObject({ mode, began: 'local', undeliveredBytes: 0, endedBy: 'done' })
  await wire.seen('server', 'fin')
  expect(endingOf(wire, 'server')).toEqual(mode === 'quiet' ? ['fin'] : closeNotifyAndFin)
  if (mode !== 'bidirectional') return
  const [answer, fin] = [order(wire).indexOf(`client ${closeNotify}`), order(wire).indexOf('server fin')]
  expect(answer).toBeGreaterThan(0)
  expect(answer).toBeLessThan(fin)
}

/** A stock client, and all that the server sends it from now on is held. */
async function holding({ relay }: Controlled, version: TlsVersion): Promise<TLSSocket> {
  const client = await connected(relay.port, version)
  relay.wires[0]?.hold('server')
  return client
}

describe.each(tlsVersions)('%s', (version) => {
  describe.each(modes)('%s', (mode) => {
    const policy = { mode, waitTimeout: ample, flushTimeout: ample } as const

    test.each(endings)('a tls server: %s', async (_name, end) => {
      const server = await controlled(
        tlsServer(version, (socket) => {
          socket.once('data', () => end(socket))
        }),
        policy,
      )
      const client = await holding(server, version)
      const received = collect(client)
      client.write('close')
      await expectEnding(server, mode)
      expect((await received).bytes.toString()).toBe('bye')
    })

    test.each([5, 1_000_000])('an https server: Connection: close behind %i bytes', async (size) => {
      const server = await controlled(
        httpsServer(version, (_req, res) => {
          res.setHeader('Connection', 'close')
          res.end('b'.repeat(size))
        }),
        policy,
      )
      const client = await holding(server, version)
      const received = text(client)
      client.write(get('/'))
      await expectEnding(server, mode)
      expect((await received).text.split('\r\n\r\n')[1]).toHaveLength(size)
    })

    test('an https server: the client asks for Connection: close', async () => {
      const server = await controlled(
        httpsServer(version, (_req, res) => res.end('ok')),
        policy,
      )
      const client = await holding(server, version)
      const received = text(client)
      client.write(get('/', 'Connection: close\r\n'))
      await expectEnding(server, mode)
      expect((await received).text).toMatch(/^HTTP\/1\.1 200 [\s\S]*ok/)
    })

    test('an https server: HTTP/1.0, the body ends with the connection', async () => {
      const server = await controlled(
        httpsServer(version, (_req, res) => {
          res.write('first')
          res.end('last')
        }),
        policy,
      )
      const client = await holding(server, version)
      const received = text(client)
      client.write('GET / HTTP/1.0\r\n\r\n')
      await expectEnding(server, mode)
      expect((await received).text).toMatch(/\r\n\r\nfirstlast$/)
    })

    test('an https server: keep-alive requests are served as ever, on one connection', async () => {
      const server = await controlled(
        httpsServer(version, (req, res) => (req.url === '/last' ? answerAndClose(req, res) : res.end(req.url))),
        policy,
      )
      const client = clientOf(server.relay.port, { minVersion: version, maxVersion: version })
      const received = text(client)
      for (const path of ['/1', '/2', '/3']) {
        client.write(get(path))
        await once(client, 'data')
      }
      expect(server.control.connections).toBe(1)
      client.write(get('/last'))
      expect((await received).text.match(/HTTP\/1\.1 200/g)).toHaveLength(4)
      expect(await server.report()).toMatchObject({ mode })
      expect(server.relay.wires).toHaveLength(1)
    })

    test.each(['client', 'server'] as const)("an http2 server: the %s's session.close()", async (who) => {
      const server = http2Server(version, 100_000)
      const sessions: { close(): void }[] = []
      server.on('session', (session) => sessions.push(session))
      const { relay, report } = await controlled(server, policy)
      const { session } = await http2Client(relay.port, version)
      const { bytes } = await collect(session.request())
      expect(bytes).toHaveLength(100_000)
      const [theirs] = sessions
      if (who === 'client') session.close()
      else theirs?.close()
      // Node's http2 ends a session that it is told to close with GOAWAY, and TCP with a FIN of its own.
      const final = await report()
      expect(final).toMatchObject({ mode, side: 'server', undeliveredBytes: 0 })
      expect(['clean', 'unanswered', 'half-closed', 'quiet', 'truncated', 'unreciprocated']).toContain(final.verdict)
      const wire = await relay.nextWire()
      await wire.seen('server', 'fin')
      if (final.verdict !== 'truncated') {
        expect(endingOf(wire, 'server')).toEqual(mode === 'quiet' ? ['fin'] : closeNotifyAndFin)
      }
    })
  })

  test('the default is unidirectional', async () => {
    const server = await controlled(httpsServer(version, answerAndClose))
    const client = await holding(server, version)
    client.resume().write(get('/'))
    await expectEnding(server, 'unidirectional')
  })

  test('a stream that ends while the peer has stopped reading is given up when the flush budget is over', async () => {
    const { relay, report, control } = await controlled(
      tlsServer(version, (socket) => {
        socket.resume().end(Buffer.alloc(30_000_000))
      }),
      { mode: 'bidirectional', flushTimeout: 300, waitTimeout: ample },
    )
    const client = await connected(relay.port, version)
    client.pause()
    const wire = await relay.nextWire()
    wire.stall('server')
    expect(await report()).toMatchObject({ verdict: 'timed-out', endedBy: 'flush-timeout' })
    expect(control.connections).toBe(0)
  })

  test("the client's end() first: the server answers as the policy says", async () => {
    const { relay, report } = await controlled(
      tlsServer(version, (socket) => socket.resume()),
      { mode: 'bidirectional', waitTimeout: ample },
    )
    const client = await connected(relay.port, version)
    client.resume().end('hello')
    expect(await report()).toMatchObject({ verdict: 'clean', began: 'peer' })
    const wire = await relay.nextWire()
    await wire.seen('server', 'fin')
    expect(order(wire).filter((line) => line.endsWith(closeNotify))).toEqual([
      `client ${closeNotify}`,
      `server ${closeNotify}`,
    ])
  })
})
