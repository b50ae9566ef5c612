/** What a peer's log says of clients that close in each way, and of those that are no clients at all. */
import { connect as connectTcp, type Socket } from 'node:net'
import { connect } from 'node:tls'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { closureOf } from '../../../lib/index.js'
import { connectAs } from '../../../lib/lab/peers/connect.js'
import type { PeerLogEntry } from '../../../lib/lab/peers/log.js'
import { startPeer } from '../../../lib/lab/peers/peer.js'
import { tlsVersions } from '../../../lib/tls/versions.js'
import { certificate } from '../../support/certificate.js'
import { once } from '../../support/streams.js'
import { entryOf, meet, request, started, wholeResponse } from './meeting.js'

describe.each(tlsVersions)('%s', (version) => {
  test('a close_notify with FIN that came before that of the peer', async () => {
    const { client, wire, peer } = await meet('polite', version)
    client.write(request('keep-alive'))
    await wholeResponse(wire)
    client.end()
    const entry = await entryOf(peer)
    expect(entry).toMatchObject({
      format: 1,
      profile: 'polite',
      side: 'server',
      connection: 1,
      handshake: { kind: 'done', version, servername: 'localhost' },
      other: {
        closing: 'close_notify+fin',
        closeNotify: { order: 'before ours' },
        bytes: request('keep-alive').length,
      },
    })
    expect(entry.did.map(({ did }) => did)).toEqual(['request', 'response', 'close_notify', 'fin'])
    expect(JSON.parse(JSON.stringify(entry))).toEqual(entry)
    const times = [entry.did[0]?.at, entry.other.closeNotify?.at, entry.did[2]?.at, entry.endedAt].map(Number)
    expect(times).toEqual([...times].sort((one, other) => one - other))
  })

  test('a close_notify that came after that of the peer', async () => {
    const { client, peer, wire } = await meet('schannel', version)
    client.write(request('close'))
    await wire.seen('server', 'alert warning close_notify')
    client.end()
    expect(await entryOf(peer)).toMatchObject({
      other: { closing: 'close_notify+fin', closeNotify: { order: 'after ours' } },
    })
  })

  test('a close_notify whose FIN did not come', async () => {
    const { client, peer, wire } = await meet('answers-without-fin', version, { hold: 1000 })
    client.write(request('keep-alive'))
    await wholeResponse(wire)
    await closureOf(client).closeNotify()
    const entry = await entryOf(peer)
    expect(entry).toMatchObject({ other: { closing: 'close_notify' } })
    expect(entry.other).not.toHaveProperty('finAt')
  })

  test('a bare FIN', async () => {
    const { client, tcp, peer, wire } = await meet('polite', version)
    client.write(request('keep-alive'))
    await wholeResponse(wire)
    tcp.end()
    expect(await entryOf(peer)).toMatchObject({ other: { closing: 'fin' } })
  })

  test('RST', async () => {
    const { client, tcp, peer, wire } = await meet('polite', version)
    client.write(request('keep-alive'))
    await wholeResponse(wire)
    tcp.resetAndDestroy()
    const { did, other } = await entryOf(peer)
    expect(other).toMatchObject({ closing: 'reset', reset: { code: 'ECONNRESET' } })
    // Its answer cannot leave any more.
    expect(did.map((step) => step.did)).toEqual(['request', 'response'])
  })

  test('RST that comes together with data', async () => {
    const peer = await started('polite', { versions: [version] })
    for (let round = 1; round <= 10; round++) {
      const tcp = tcpTo(peer.port)
      const client = connect({ socket: tcp, servername: 'localhost', ca: peer.ca, maxVersion: version })
      client.on('error', () => {})
      await once(client, 'secureConnect')
      // In one turn, so that the peer's system has both before the peer reads, and nothing that the peer has to answer.
      client.write('GET / ')
      tcp.resetAndDestroy()
      await vi.waitFor(() => expect(peer.log).toHaveLength(round))
    }
    expect(peer.log.map(({ other }) => other.closing)).toEqual(Array.from({ length: 10 }, () => 'reset'))
  })

  test('a client that does not read what it asked for', async () => {
    const peer = await started('answers', { versions: [version], body: 100_000_000, hold: 300 })
    // Nobody listens for its data.
    const client = connect({ port: peer.port, host: '127.0.0.1', servername: 'localhost', ca: peer.ca })
    client.on('error', () => {})
    onTestFinished(() => void client.destroy())
    await once(client, 'secureConnect')
    client.write(request('close'))
    const { did, other } = await entryOf(peer)
    expect(did.map((step) => step.did)).toEqual(['request', 'response'])
    expect(did[1]?.bytes).toBeLessThan(100_000_000)
    expect(other.closing).toBe('open')
    expect(peer.open).toBe(0)
  })

  test('a fatal alert in the handshake', async () => {
    const peer = await started('polite', { versions: [version] })
    await connectAs('firefox', { port: peer.port, ca: certificate.cert, versions: [version] })
    expect(await entryOf(peer)).toMatchObject({
      handshake: { kind: 'failed', reason: 'alert:unknown_ca' },
      other: { closing: 'alert:unknown_ca' },
    })
  })
})

describe('what is no client', () => {
  test.each([
    { name: 'garbage', sends: Buffer.alloc(200, 0xfe), says: /./ },
    { name: 'HTTP without TLS', sends: Buffer.from('GET / HTTP/1.1\r\n\r\n'), says: /http request/ },
    { name: 'a ServerHello', sends: Buffer.from('160303000a02000006030301020304', 'hex'), says: /./ },
    { name: 'an alert', sends: Buffer.from('15030300020228', 'hex'), says: /^unexpected message$/ },
    { name: 'FIN at once', sends: Buffer.alloc(0), says: /^fin$/ },
  ])('$name is an entry with its reason', async ({ sends, says }) => {
    for (const profile of ['polite', 'user-canceled', 'close-notify-in-handshake'] as const) {
      const peer = await started(profile)
      const socket = tcpTo(peer.port)
      socket.end(sends)
      await once(socket, 'close')
      const { handshake } = await entryOf(peer)
      if (profile === 'close-notify-in-handshake' && sends.length > 0) continue
      expect(handshake.kind === 'failed' && handshake.reason).toMatch(says)
    }
  })

  test('RST at once is an entry', async () => {
    const peer = await started('polite')
    const socket = tcpTo(peer.port)
    await once(socket, 'connect')
    socket.resetAndDestroy()
    expect(await entryOf(peer)).toMatchObject({ handshake: { reason: 'reset' }, other: { closing: 'reset' } })
  })

  test('a connection on which nothing ever comes ends within its time', async () => {
    const peer = await started('polite', { timeout: 100 })
    const socket = tcpTo(peer.port)
    await once(socket, 'close')
    expect(await entryOf(peer)).toMatchObject({ handshake: { reason: 'timeout' }, did: [] })
    expect(peer.open).toBe(0)
  })

  test('a thousand at once are a thousand entries, and a client that comes then is served', async () => {
    const peer = await started('polite')
    const sockets = Array.from({ length: 1000 }, () => tcpTo(peer.port))
    for (const [index, socket] of sockets.entries()) {
      socket.on('connect', () => (index % 2 === 0 ? socket.end(Buffer.alloc(64, index)) : socket.destroy()))
    }
    await vi.waitFor(() => expect(peer.log).toHaveLength(1000), { timeout: 30_000 })
    expect(peer.open).toBe(0)
    const entry = await connectAs('firefox', { port: peer.port, ca: peer.ca, servername: 'localhost' })
    expect(entry.judgement).toMatchObject({ verdict: 'accepted' })
  })
})

describe('a client that asks nothing', () => {
  test('is sent bytes all the same', async () => {
    const { wire } = await meet('bare-fin', 'TLSv1.3', { patience: 50 })
    await wire.seen('server', 'fin')
    expect(wire.data('server')).toHaveLength(10_000)
  })

  test('and one that asks by no HTTP at once', async () => {
    const { wire, client } = await meet('bare-fin', 'TLSv1.3')
    client.write('hello\n')
    await wire.seen('server', 'fin')
    expect(wire.data('server')).toHaveLength(10_000)
  })
})

describe('startPeer()', () => {
  test('tells of each entry as soon as it is there', async () => {
    const entries: PeerLogEntry[] = []
    const peer = await started('answers', { onEntry: (entry) => entries.push(entry) })
    await connectAs('chrome', { port: peer.port })
    await entryOf(peer)
    await vi.waitFor(() => expect(entries).toEqual(peer.log))
    expect(entries).toMatchObject([{ other: { closing: 'fin' } }])
  })

  test('close() ends every connection at once, and leaves an entry of each', async () => {
    const { client, wire, peer } = await meet('silent', 'TLSv1.3')
    client.write(request('keep-alive'))
    await wholeResponse(wire)
    const unfinished = tcpTo(peer.port)
    await vi.waitFor(() => expect(peer.open).toBe(2))
    await peer.close()
    await once(unfinished, 'close')
    expect(peer.open).toBe(0)
    expect(peer.log).toHaveLength(2)
    expect(peer.log.map(({ other }) => other.closing)).toEqual(['open', 'open'])
    await expect(peer.close()).resolves.toBeUndefined()
  })

  test.each([
    { options: { port: -1 }, says: 'port' },
    { options: { port: 65_536 }, says: 'port' },
    { options: { body: 1.5 }, says: 'body' },
    { options: { body: 10, cut: 11 }, says: 'cut' },
    { options: { framing: 'none' }, says: 'framing' },
    { options: { versions: [] }, says: 'versions' },
    { options: { versions: ['TLSv1.1'] }, says: 'versions' },
    { options: { credentials: { key: '' } }, says: 'credentials' },
    { options: { onEntry: 'x' }, says: 'onEntry' },
    { options: { nonsense: 1 }, says: 'nonsense' },
  ])('refuses $options', async ({ options, says }) => {
    const message: unknown = expect.stringContaining(says)
    const code = 'ERR_CLOSURE_INVALID_ARGUMENT'
    await expect(Reflect.apply(startPeer, undefined, ['polite', options])).rejects.toMatchObject({ code, message })
  })

  test('refuses a profile that there is none of, and a version that a profile is not for', async () => {
    const code = 'ERR_CLOSURE_INVALID_ARGUMENT'
    await expect(Reflect.apply(startPeer, undefined, ['firefox'])).rejects.toMatchObject({ code })
    await expect(startPeer('fragmented-close-notify', { versions: ['TLSv1.3'] })).rejects.toMatchObject({ code })
  })

  test('rejects with the error of the system where the port is taken', async () => {
    const { port } = await started('polite')
    await expect(startPeer('silent', { port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})

function tcpTo(port: number): Socket {
  const socket = connectTcp({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  socket.resume()
  onTestFinished(() => void socket.destroy())
  return socket
}
