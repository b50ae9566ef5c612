// A socket under a policy ends also where nobody ends it: nobody reads it, its peer is silent, or its handshake is left
// half done.
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import net from 'node:net'
import { text } from 'node:stream/consumers'
import type { TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureOf, controlClosure } from '../../lib/index.js'
import { tlsVersions } from '../support/pair.js'
import { delay, once } from '../support/streams.js'
import {
  ample,
  connected,
  controlled,
  get,
  http2Server,
  httpsServer,
  modes,
  tlsServer,
  until,
  watch,
} from './harness.js'

const short = 200
const budgets = { flushTimeout: short, waitTimeout: short } as const

describe.each(tlsVersions)('%s', (version) => {
  test('silent peers that could not be waited for are ended as soon as they have everything', async () => {
    const server = tlsServer(version, (socket) => socket.resume().once('data', () => socket.end('bye')))
    const { relay, control, reports } = await controlled(server, { mode: 'bidirectional', ...budgets, maxWaiting: 1 })
    for (const client of await Promise.all(Array.from({ length: 5 }, () => silent(relay.port)))) client.write('q')
    await until(() => reports.length === 5)
    expect({ open: control.connections, refused: control.waitingRefused }).toEqual({ open: 0, refused: 4 })
    expect(reports.filter(({ waitRefused }) => waitRefused).map(({ verdict }) => verdict)).toEqual(
      Array(4).fill('half-closed'),
    )
  })

  test.each(modes)('a socket that no program reads, whose peer has sent data before its alert, %s', async (mode) => {
    const { relay, control, report } = await controlled(
      tlsServer(version, (socket) => socket.end('bye')),
      { mode, ...budgets },
    )
    const client = await connected(relay.port, version, { allowHalfOpen: true })
    client.resume().end(Buffer.alloc(100_000))
    const { verdict, endedBy } = await report()
    expect([`${verdict}, ${endedBy}`, control.connections]).toEqual([
      mode === 'bidirectional' ? 'reader-stalled, reader-stalled' : 'timed-out, linger-timeout',
      0,
    ])
  })

  test('a socket whose program has paused has the linger budget, which begins anew while it reads', async () => {
    let socket: TLSSocket | undefined
    const server = tlsServer(version, (one) => {
      socket = one
      one.once('data', () => one.pause().end('bye'))
    })
    const { relay, control, report } = await controlled(server, { ...budgets, lingerTimeout: 5 * short })
    const client = await silent(relay.port)
    client.write(Buffer.alloc(300_000))
    await delay(3 * short)
    expect(control.connections).toBe(1)
    const read = new Promise((resolve) => socket?.once('data', resolve))
    socket?.resume()
    await read
    expect(await report()).toMatchObject({ verdict: 'timed-out', endedBy: 'linger-timeout' })
  })

  test('a linger budget that is shorter than the others is kept: it is over before twice of it', async () => {
    const server = tlsServer(version, (socket) => socket.resume().once('data', () => socket.end('bye')))
    const { relay, control, reports } = await controlled(server, { mode: 'unidirectional', lingerTimeout: 2 * short })
    const client = await silent(relay.port)
    const end = new Promise((resolve) => client.once('end', resolve))
    client.resume().write('q')
    await end
    // Our FIN has come. Time that the machine takes away passes for both.
    await delay(4 * short)
    expect(reports.map(({ verdict, endedBy }) => [verdict, endedBy])).toEqual([['timed-out', 'linger-timeout']])
    expect(control.connections).toBe(0)
  })

  test("lingerTimeout: 'off' leaves a half-open connection to its program, as stock Node does", async () => {
    const server = tlsServer(version, (socket) => socket.resume().once('data', () => socket.end('bye')))
    const { relay, control } = await controlled(server, { ...budgets, lingerTimeout: 'off' })
    const client = await silent(relay.port)
    client.write('q')
    await delay(5 * short)
    expect(control.connections).toBe(1)
  })

  test('a response that says that it closes, and that the peer never reads', async () => {
    const server = httpsServer(version, (_request, response) => {
      response.on('error', () => undefined)
      response.setHeader('Connection', 'close')
      response.end(Buffer.alloc(32 << 20))
    })
    const { control, report } = await controlled(server, { mode: 'bidirectional', ...budgets })
    const address = server.address()
    const client = await silent(address !== null && typeof address === 'object' ? address.port : 0)
    client.write(get('/'))
    expect(await report()).toMatchObject({ verdict: 'timed-out', endedBy: 'flush-timeout' })
    expect(control.connections).toBe(0)
  })

  test.each([false, true])(
    'a client that waits longer for a response than its flush budget is left alone, keepAlive %s',
    async (keepAlive) => {
      const server = httpsServer(version, (_request, response) => {
        response.write('a while')
        setTimeout(() => response.end(', and the rest'), 5 * short)
      })
      onTestFinished(() => void server.close())
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const address = server.address()
      const port = address !== null && typeof address === 'object' ? address.port : 0
      const agent = new Agent({ keepAlive, rejectUnauthorized: false })
      onTestFinished(() => agent.destroy())
      const { reports } = watch(controlClosure(agent, budgets))
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        request({ host: '127.0.0.1', port, agent }, resolve).on('error', reject).end()
      })
      expect(await text(response)).toBe('a while, and the rest')
      if (!keepAlive) await until(() => reports.length > 0)
      expect(reports.filter(({ endedBy }) => endedBy === 'flush-timeout')).toEqual([])
    },
  )

  test.each(['tls', 'https', 'http2'] as const)(
    "a peer that is silent in its handshake, %s server's handshakeTimeout",
    async (kind) => {
      const more = { handshakeTimeout: short }
      const server = {
        tls: () => tlsServer(version, () => undefined, more),
        https: () => httpsServer(version, () => undefined, more),
        http2: () => http2Server(version, 5, more),
      }[kind]()
      const { relay, control, reports } = await controlled(server, { flushTimeout: ample })
      const peer = net.connect({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true })
      peer.resume().on('error', () => undefined)
      onTestFinished(() => void peer.destroy())
      await Promise.race([once(peer, 'end'), once(peer, 'close')])
      await until(() => reports.length > 0)
      expect(reports).toMatchObject([{ verdict: 'no-handshake', side: 'server' }])
      expect(control.counters['no-handshake']).toBe(1)
    },
  )

  async function silent(port: number): Promise<TLSSocket> {
    const client = await connected(port, version, { allowHalfOpen: true })
    client.pause()
    closureOf(client)
    return client
  }
})
