import { describe, expect, onTestFinished, test } from 'vitest'
import { connectPair, tlsVersions, type PairOptions } from './pair.js'
import { collect, once, readExactly } from './streams.js'

const cleanEnd = ['alert warning close_notify', 'fin']

async function pairFor(options: PairOptions) {
  const pair = await connectPair(options)
  onTestFinished(pair.close)
  return pair
}

describe.each(tlsVersions)("stock Node's closings on the wire, %s", (version) => {
  test('end() sends close_notify, then FIN, and the peer that reads answers alike', async () => {
    const { client, server, wire } = await pairFor({ version })
    const received = collect(server)
    client.resume().end('hello')
    await wire.closed
    expect(wire.summary('client')).toEqual(['handshake', 'data 5', ...cleanEnd])
    expect(wire.summary('server')).toEqual(['handshake', ...cleanEnd])
    expect(wire.data('client').toString()).toBe('hello')
    expect((await received).bytes.toString()).toBe('hello')
  })

  test('end() of the server is seen in its own direction', async () => {
    const { client, server, wire } = await pairFor({ version })
    client.resume()
    server.resume().end('bye')
    await wire.closed
    expect(wire.summary('server')).toEqual(['handshake', 'data 3', ...cleanEnd])
    expect(wire.closing('client')).toEqual(cleanEnd)
  })

  test('destroy() sends a bare FIN, and the peer takes it for a clean end', async () => {
    const { client, server, wire, errors } = await pairFor({ version })
    const received = collect(server)
    server.write('welcome')
    await readExactly(client, 7)
    client.write('hello', () => client.destroy())
    expect(await received).toMatchObject({ ended: true, error: undefined })
    expect(wire.summary('client').slice(0, 3)).toEqual(['handshake', 'data 5', 'fin'])
    expect(errors.server).toEqual([])
  })

  test('destroy() with bytes unread in the kernel sends RST', async () => {
    const { client, server, wire } = await pairFor({ version })
    client.pause()
    wire.hold('server')
    server.write('unread')
    await wire.seen('server', 'data 6')
    wire.release('server')
    client.destroy()
    await wire.seen('client', 'rst')
    expect(wire.summary('client')).toEqual(['handshake', 'rst'])
  })

  test("half-close: data flows after the other side's close_notify", async () => {
    const { client, server, wire } = await pairFor({ version, allowHalfOpen: true })
    const received = collect(client)
    client.end()
    server.resume()
    await once(server, 'end')
    server.end('late')
    expect((await received).bytes.toString()).toBe('late')
    await wire.closed
    const order = wire.events.flatMap((event) => (event.kind === 'alert' || event.kind === 'data' ? [event] : []))
    expect(order.map(({ from, kind }) => `${from} ${kind}`)).toEqual(['client alert', 'server data', 'server alert'])
  })
})
