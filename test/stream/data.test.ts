// Data both ways: whole, in order, and no faster than it is read.
import { createHash, randomBytes } from 'node:crypto'
import type { Readable, Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { collect, once, turns } from '../support/streams.js'
import { connectStreams, streamSides } from './pair.js'

const size = 24 * 1024 * 1024
const bytes = randomBytes(size)
const hashOf = (data: Buffer) => createHash('sha256').update(data).digest('hex')
const expected = hashOf(bytes)

// Not with `for await`: that destroys a Duplex at its end, also where it is still written to.
function hashRead(stream: Readable): Promise<string> {
  const hash = createHash('sha256')
  stream.on('data', (chunk: Buffer) => hash.update(chunk))
  return new Promise((resolve, reject) => {
    stream.once('end', () => resolve(hash.digest('hex')))
    stream.once('error', reject)
  })
}

async function writeAll(stream: Writable): Promise<void> {
  for (const piece of pieces()) {
    if (!stream.write(piece)) await once(stream, 'drain')
  }
  stream.end()
}

/** In pieces of many sizes. */
function* pieces(): Generator<Buffer> {
  let size = 1
  for (let at = 0; at < bytes.length; at += size, size = (size * 7 + 13) % 300_000) yield bytes.subarray(at, at + size)
}

describe.each(streamSides)('$name, $version, our side is the $near', (sides) => {
  test('large data passes whole in both directions at once, and both ends are clean', async () => {
    const { local, peer } = await connectStreams(sides, { allowHalfOpen: true, peerHalfOpen: true })
    const [atPeer, here] = await Promise.all([hashRead(peer), hashRead(local), writeAll(local), writeAll(peer)])
    expect([atPeer, here]).toEqual([expected, expected])
    expect(await local.report).toMatchObject({ verdict: 'clean', undeliveredBytes: 0 })
    // The client was greeted with a byte.
    const greeted = sides.near === 'client' ? [1, 0] : [0, 1]
    expect([local.bytesRead - size, local.bytesWritten - size]).toEqual(greeted)
  })
})

const [one] = streamSides.filter(
  ({ name, version, near }) => name === 'own' && version === 'TLSv1.3' && near === 'client',
)

describe('back-pressure', () => {
  if (one === undefined) throw new Error("expected the process's own library")

  test('a reader that does not read stops the peer, and gets all of it later', async () => {
    const { local, peer } = await connectStreams(one)
    const isDone = new Promise<void>((resolve) => void peer.end(bytes, () => resolve()))
    let wasDone = false
    void isDone.then(() => {
      wasDone = true
    })
    let last = -1
    while (local.bytesRead !== last) {
      last = local.bytesRead
      await turns(50)
    }
    expect(wasDone).toBe(false)
    // The mark, and what one read of the transport brings above it.
    expect(local.readableLength).toBeLessThan(4 * local.readableHighWaterMark)
    const { bytes: read, ended } = await collect(local)
    expect([hashOf(read), ended]).toEqual([expected, true])
  })

  test('a peer that does not read stops the writer: the callback waits, and write() says so', async () => {
    const { local, peer } = await connectStreams(one)
    let isWritten = false
    expect(local.write(bytes, () => (isWritten = true))).toBe(false)
    let left: number | undefined = -1
    while (local.undeliveredBytes !== left) {
      left = local.undeliveredBytes
      await turns(50)
    }
    expect(isWritten).toBe(false)
    expect(left).toBeGreaterThan(0)
    const collected = collect(peer)
    await once(local, 'drain')
    expect(isWritten).toBe(true)
    local.end()
    expect(hashOf((await collected).bytes)).toBe(expected)
  })

  test('many small writes of one tick come in order', async () => {
    const { local, peer } = await connectStreams(one)
    const collected = collect(peer)
    for (let i = 0; i < 1000; i++) local.write(`${i} `)
    local.end()
    expect((await collected).bytes.toString()).toBe(Array.from({ length: 1000 }, (_, i) => `${i} `).join(''))
  })

  test('a slow writer beneath a closing does not cost the data: end() waits while it leaves', async () => {
    const { local, peer, wire } = await connectStreams(one, { flushTimeout: 300 })
    wire.stall('client', true)
    local.resume().end(bytes)
    await turns(20)
    wire.stall('client', false)
    expect(hashOf((await collect(peer)).bytes)).toBe(expected)
    expect(await local.report).toMatchObject({ verdict: 'clean', undeliveredBytes: 0 })
  })
})
