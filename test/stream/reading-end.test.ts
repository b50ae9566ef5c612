// How the peer's stream ends for a program that does not read, that still writes, or that has left first.
import { describe, expect, test } from 'vitest'
import { TruncationError } from '../../lib/stream/index.js'
import { once, turns } from '../support/streams.js'
import { connectStreams, streamSides } from './pair.js'
import { wrapped } from './wrapped.js'

const own = streamSides.filter(({ name }) => name === 'own')

describe.each(own)('$version, our side is the $near', (sides) => {
  test('a stream that nobody reads ends and closes all the same', async () => {
    const { local, peer } = await connectStreams(sides)
    peer.resume()
    const closed = once(local, 'close')
    local.end('bye')
    await closed
    expect(await local.report).toMatchObject({ verdict: 'clean' })
  })

  test('a RST with data unread fails the write that is under way, and the stream', async () => {
    const { local, peer, wire, near, far, localErrors } = await connectStreams(sides)
    wire.stall(near, true)
    const written = new Promise<unknown>((resolve) => void local.write(Buffer.alloc(32 * 1024 * 1024), resolve))
    peer.write('unread')
    while (local.readableLength === 0) await turns(1)
    const closed = new Promise((resolve) => void local.once('close', resolve))
    wire.cut(far, { afterBytes: 0, with: 'rst' })
    expect(await closed).toBe(true)
    expect(await written).toBeInstanceOf(TruncationError)
    expect(localErrors).toEqual([await written])
    expect(await local.report).toMatchObject({ verdict: 'reset' })
  })

  test('behind a record that cannot be decrypted nothing is kept, and a write fails', async () => {
    const { local, end, ours } = await wrapped(sides)
    const failed = new Promise<unknown>((resolve) => void local.once('error', resolve))
    const damaged = Buffer.concat([Buffer.from([23, 3, 3, 0, 40]), Buffer.alloc(40)])
    end.send(end.sealed('unread'), damaged)
    while (local.readableLength === 0) await turns(1)
    const size = 64 * 1024 * 1024
    end.send(Buffer.alloc(size))
    let last = -1
    while (ours.bytesRead !== last) {
      last = ours.bytesRead
      await turns(50)
    }
    expect(ours.bytesRead).toBeLessThan(size / 2)
    expect(local.destroyed).toBe(false)
    local.write('into nothing')
    expect(await failed).toBeInstanceOf(TruncationError)
  })

  test('a peer that goes by FIN alone after our own end() is no error', async () => {
    const { local, wire, near, far, localErrors } = await connectStreams(sides, { peerHalfOpen: true })
    const closed = once(local, 'close')
    local.resume().end('the whole answer')
    await wire.seen(near, 'fin')
    wire.cut(far, { afterBytes: 0, with: 'fin' })
    await closed
    expect(localErrors).toEqual([])
    expect(await local.report).toMatchObject({ verdict: 'unanswered', tcp: { kind: 'fin' } })
  })

  test('it is one where data has come since, and where the closing waits for close_notify', async () => {
    for (const closing of ['unidirectional', 'bidirectional'] as const) {
      const pair = await connectStreams(sides, { peerHalfOpen: true, closing })
      const { local, peer, wire, near, far, localErrors } = pair
      const closed = new Promise((resolve) => void local.once('close', resolve))
      local.resume().end('a question')
      await wire.seen(near, closing === 'unidirectional' ? 'fin' : 'alert')
      if (closing === 'unidirectional') {
        peer.write('half an ans')
        await wire.seen(far, 'data 11')
        while (!local.bytesRead) await turns(1)
      }
      wire.cut(far, { afterBytes: 0, with: 'fin' })
      await closed
      expect(localErrors).toEqual([expect.objectContaining({ code: 'ERR_TLS_TRUNCATED' })])
    }
  })
})
