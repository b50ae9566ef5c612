// What was written before a closing reaches the peer, and what the peer sends before its close_notify reaches the reader.
import { describe, expect, test } from 'vitest'
import { collect, once } from '../../support/streams.js'
import { closeNotify, closeNotifyAndFin, turns, withCode } from '../sides.js'
import type { ClosingWay } from './ways.js'

const muchTime = { flushTimeout: 600_000, waitTimeout: 600_000 } as const
const halfOpen = { localHalfOpen: true, peerHalfOpen: true } as const
const modes = ['bidirectional', 'unidirectional', 'quiet'] as const

export function dataLossCases(ways: readonly ClosingWay[]): void {
  describe.each(ways)('data that must not be lost, $name, $version, our side is the $near', ({ near, connect }) => {
    test.each(modes)('data corked before the closing goes first (%s)', async (mode) => {
      const { local, peer, wire, closure } = await connect()
      const received = collect(peer)
      local.resume()
      local.cork()
      local.cork()
      local.write('corked ')
      local.write('twice')
      expect(await closure.shutdown({ mode, ...muchTime })).toMatchObject({ undeliveredBytes: 0 })
      expect((await received).bytes.toString()).toBe('corked twice')
      await wire.seen(near, 'fin')
      expect(wire.closing(near)).toEqual(mode === 'quiet' ? ['fin'] : closeNotifyAndFin)
    })

    test('many writes under back-pressure go first, in order, and the alert follows', async () => {
      const { local, peer, wire, closure } = await connect()
      const chunks = Array.from({ length: 200 }, (_, index) => Buffer.alloc(20_000, index))
      for (const chunk of chunks) local.write(chunk)
      local.resume()
      const closing = closure.shutdown({ mode: 'bidirectional', ...muchTime })
      await turns(20)
      const { bytes, ended } = await collect(peer)
      expect(ended).toBe(true)
      expect(bytes.equals(Buffer.concat(chunks))).toBe(true)
      expect(await closing).toMatchObject({ verdict: 'clean' })
      await wire.seen(near, 'fin')
      expect(wire.closing(near)).toEqual(closeNotifyAndFin)
    })

    test("the peer's data that is queued in OpenSSL when our alert is written: it is delivered, nothing breaks", async () => {
      const { local, peer, wire, far, closure, localErrors } = await connect(halfOpen)
      const parts = 40
      for (let i = 0; i < parts; i++) peer.write(Buffer.alloc(16_000, i))
      peer.resume()
      peer.on('end', () => peer.end('last'))
      wire.merge(far, 40)
      const received = collect(local)
      expect(await closure.shutdown({ mode: 'bidirectional', ...muchTime })).toMatchObject({ verdict: 'clean' })
      expect((await received).bytes).toHaveLength(parts * 16_000 + 4)
      expect(localErrors).toEqual([])
    })

    test("an end() inside 'data' while OpenSSL holds more data loses none of it", async () => {
      const { local, peer, wire, far, closure, localErrors } = await connect(halfOpen)
      peer.resume()
      await closure.closeNotify()
      if (!peer.readableEnded) await once(peer, 'end')
      // All of it in one read of ours, and end() after the first record.
      wire.hold(far)
      peer.write('first ')
      peer.write('second ')
      peer.end('third')
      await wire.seen(far, 'alert')
      const received = collect(local)
      local.once('data', () => local.end())
      wire.release(far)
      expect((await received).bytes.toString()).toBe('first second third')
      expect(localErrors).toEqual([])
      expect(await closure.report).toMatchObject({ verdict: 'clean' })
      await wire.seen(near, 'fin')
      expect(wire.closing(near)).toEqual(closeNotifyAndFin)
    })

    test('data corked before closeNotify() goes first', async () => {
      const { local, peer, wire, closure, localErrors } = await connect(halfOpen)
      peer.resume()
      const before = wire.data(near).length
      local.cork()
      local.write('corked')
      await closure.closeNotify()
      await wire.seen(near, closeNotify)
      expect(wire.data(near).subarray(before).toString()).toBe('corked')
      expect(localErrors).toEqual([])
    })

    test('a write after the alert calls back with an error, and the reading side goes on', async () => {
      const { local, peer, closure, localErrors } = await connect(halfOpen)
      peer.resume()
      const received = collect(local)
      await closure.closeNotify()
      const refused = new Promise((resolve) => {
        expect(local.write('oops', resolve)).toBe(false)
      })
      expect(await refused).toMatchObject(withCode('ERR_WRITE_AFTER_CLOSE_NOTIFY'))
      local.write('oops without a callback')
      if (!peer.readableEnded) await once(peer, 'end')
      peer.end('the rest of the data')
      if (!local.readableEnded) await once(local, 'end')
      local.end('oops at the end')
      expect(await received).toMatchObject({ ended: true, error: undefined })
      expect((await received).bytes.toString()).toBe('the rest of the data')
      expect(localErrors).toEqual([])
    })
  })
}
