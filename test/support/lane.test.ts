import { createServer } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { certificate } from './certificate.js'
import { connectPair, tlsVersions, type PairOptions } from './pair.js'
import { opensslClient } from './peers/openssl.js'
import { lacks } from './peers/programs.js'
import { seededRandom } from './random.js'
import { startRelay } from './relay.js'
import { collect, delay, once, readExactly } from './streams.js'

async function pairFor(options: PairOptions) {
  const pair = await connectPair(options)
  onTestFinished(pair.close)
  return pair
}

describe.each(tlsVersions)('disturbing the way, %s', (version) => {
  test('hold keeps everything back, release lets it go', async () => {
    const { client, server, wire } = await pairFor({ version })
    wire.hold('server')
    server.write('held')
    await wire.seen('server', 'data 4')
    await delay(30)
    expect(client.readableLength).toBe(0)
    wire.release('server')
    expect((await readExactly(client, 4)).toString()).toBe('held')
  })

  test('hold of FIN alone passes close_notify', async () => {
    const { client, server, wire } = await pairFor({ version, allowHalfOpen: true })
    wire.hold('server', 'fin')
    client.resume()
    server.end()
    await once(client, 'end')
    client.end()
    server.resume()
    await once(server, 'close')
    // stock Node closes with both alerts through, though the relay still has the server's FIN
    wire.release('server')
    await wire.closed
    expect(wire.closing('server')).toEqual(['alert warning close_notify', 'fin'])
  })

  test('pieces that were written apart arrive together after merge', async () => {
    const { client, server, wire } = await pairFor({ version })
    wire.merge('server', 100)
    const chunks: string[] = []
    client.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
    server.write('one')
    await wire.seen('server', 'data 3')
    server.end('three')
    await wire.seen('server', 'fin')
    expect(chunks).toEqual([])
    await once(client, 'end')
    expect(chunks.join('')).toBe('onethree')
    const [one, three] = wire.eventsOf('server').filter(({ kind }) => kind === 'data')
    expect(one?.segment).not.toBe(three?.segment)
  })

  test('delay holds each direction for its time at least', async () => {
    const { client, server, wire } = await pairFor({ version, relay: { delay: { client: 0, server: 40 } } })
    const start = performance.now()
    server.resume().end('slow')
    client.resume()
    await once(client, 'end')
    expect(performance.now() - start).toBeGreaterThanOrEqual(40)
    const alert = await wire.seen('server', 'alert')
    // the client answers no sooner than the alert can have reached it
    expect((await wire.seen('client', 'alert')).at - alert.at).toBeGreaterThanOrEqual(39)
  })

  test.each([
    ['inside the header', 3],
    ['inside the record', 10],
  ])('cut %s ends TCP there, and stock Node takes it for a clean end', async (_where, afterBytes) => {
    const { client, server, wire } = await pairFor({ version })
    const received = collect(client)
    wire.cut('server', { afterBytes, with: 'fin' })
    server.resume().write('never whole')
    expect(await received).toMatchObject({ bytes: Buffer.alloc(0), ended: true, error: undefined })
  })

  test('cut with RST resets both sides', async () => {
    const { client, server, wire } = await pairFor({ version })
    const received = Promise.all([collect(client), collect(server)])
    wire.cut('server', { afterBytes: 0, with: 'rst' })
    const codes = (await received).map(({ error }) => error?.code)
    expect(codes).toEqual(['ECONNRESET', 'ECONNRESET'])
  })

  test('stall presses back on the sender', async () => {
    const { client, server, wire } = await pairFor({ version })
    const size = 32 << 20
    client.resume()
    wire.stall('server')
    const written = new Promise<void>((resolve) => server.write(Buffer.alloc(size), () => resolve()))
    const early = await Promise.race([written.then(() => 'written'), delay(200).then(() => 'pressed back')])
    expect(early).toBe('pressed back')
    expect(wire.data('server')).toHaveLength(0)
    wire.stall('server', false)
    await written
    server.end()
    await once(client, 'end')
    expect(wire.data('server')).toHaveLength(size)
  })

  test('a large transfer arrives whole, in order, and decrypts', async () => {
    const { client, server, wire } = await pairFor({ version, relay: { onRecord: () => 'pass' } })
    const sent = seededRandom(7).bytes(3_000_000)
    const received = collect(client)
    server.resume().end(sent)
    expect((await received).bytes.equals(sent)).toBe(true)
    expect(wire.data('server').equals(sent)).toBe(true)
  })
})

test.skipIf(lacks('openssl')).each([undefined, () => 'pass' as const])(
  'KeyUpdate by the peer is followed',
  async (onRecord) => {
    // OpenSSL's s_client updates its keys at the command k
    const { key, cert } = certificate
    const server = createServer({ key, cert, minVersion: 'TLSv1.3' }, (socket) => socket.resume().on('error', () => {}))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('Expected a TCP address')
    const relay = await startRelay({ port: address.port, ...(onRecord && { onRecord }) })
    server.on('keylog', (line: Buffer) => relay.keys.add(line))
    const peer = opensslClient({ version: 'TLSv1.3', port: relay.port })
    onTestFinished(async () => {
      await peer.stop()
      await relay.close()
      server.close()
    })
    const wire = await relay.nextWire()
    peer.write('a\n')
    await wire.seen('client', 'data 2')
    peer.write('k\n')
    await wire.seen('client', 'handshake key_update')
    peer.write('after\n')
    await wire.seen('client', 'data 6')
    peer.write('Q\n')
    await wire.seen('client', 'fin')
    expect(wire.summary('client').slice(0, 6)).toEqual([
      'handshake',
      'data 2',
      'key_update',
      'data 6',
      'alert warning close_notify',
      'fin',
    ])
  },
)

test('the same seed gives the same numbers, in their range', () => {
  const draw = (seed: number) => {
    const random = seededRandom(seed)
    return Array.from({ length: 1000 }, () => random.integer(1, 6))
  }
  expect(draw(1)).toEqual(draw(1))
  expect(draw(1)).not.toEqual(draw(2))
  expect([...new Set(draw(1))].sort()).toEqual([1, 2, 3, 4, 5, 6])
})
