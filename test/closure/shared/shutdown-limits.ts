// The bounds of a closing: budgets, back-pressure, readers that stall, signals.
import { describe, expect, test } from 'vitest'
import { once, readExactly } from '../../support/streams.js'
import { closed, closeNotify, closeNotifyAndFin, text, turns, withCode, write } from '../sides.js'
import type { ClosingWay } from './ways.js'

const mode = 'bidirectional'

export function shutdownLimits(ways: readonly ClosingWay[]): void {
  describe.each(ways)('$name, $version, our side is the $near', ({ near, connect }) => {
    describe('flushTimeout', () => {
      test('ends a closing that back-pressure holds up, and nothing is lost silently', async () => {
        const { local, peer, wire, closure } = await connect()
        wire.stall(near)
        const chunk = Buffer.alloc(256 * 1024, 'd')
        let written = near === 'server' ? 1 : 0
        while (written < 24 * 1024 * 1024) {
          local.write(chunk)
          written += chunk.length
        }
        const report = await closure.shutdown({ mode, flushTimeout: 100 })
        expect(report).toMatchObject({
          verdict: 'timed-out',
          endedBy: 'flush-timeout',
          sent: { kind: 'nothing' },
          received: { kind: 'nothing' },
        })
        expect(local.destroyed).toBe(true)
        // What the kernel had taken still arrives, and FIN behind it; the peer cannot count a part of a record.
        peer.resume()
        wire.stall(near, false)
        await wire.seen(near, 'fin')
        const arrived = wire.data(near).length
        expect(report.undeliveredBytes).toBeGreaterThan(0)
        expect(arrived).toBeLessThan(written)
        expect(arrived + (report.undeliveredBytes ?? Number.NaN)).toBe(written)
        expect(wire.closing(near)).not.toContain(closeNotify)
      })

      test('is not used up when the peer starts to read in time: all data, then the alert', async () => {
        const { local, peer, wire, closure } = await connect()
        wire.stall(near)
        local.write(Buffer.alloc(8 * 1024 * 1024, 'd'))
        const done = closure.shutdown({ mode, flushTimeout: 20_000 })
        await turns(10)
        expect(wire.closing(near)).toEqual([])
        local.resume()
        const received = text(peer)
        wire.stall(near, false)
        expect(await done).toMatchObject({ verdict: 'clean', undeliveredBytes: 0 })
        expect((await received).text.length).toBe(8 * 1024 * 1024)
        await wire.seen(near, 'fin')
        expect(wire.closing(near).slice(0, 2)).toEqual(closeNotifyAndFin)
      })

      test('bounds unidirectional and quiet alike', async () => {
        for (const mode of ['unidirectional', 'quiet'] as const) {
          const { local, wire, closure } = await connect()
          wire.stall(near)
          local.write(Buffer.alloc(24 * 1024 * 1024, 'd'))
          const report = await closure.shutdown({ mode, flushTimeout: 50 })
          expect(report).toMatchObject({ verdict: 'timed-out', endedBy: 'flush-timeout', sent: { kind: 'nothing' } })
          expect(report.undeliveredBytes).toBeGreaterThan(0)
        }
      })

      test('counts a write that is refused after the call as the program was told, not as undelivered', async () => {
        const { local, peer, closure } = await connect()
        const received = text(peer)
        local.resume().write('before')
        const done = closure.shutdown({ mode })
        await turns()
        const refused = new Promise<unknown>((resolve) => local.write('after', resolve))
        expect(await refused).toMatchObject(withCode('ERR_WRITE_AFTER_CLOSE_NOTIFY'))
        expect(await done).toMatchObject({ verdict: 'clean', undeliveredBytes: 0 })
        expect(await received).toEqual({ text: 'before', ended: true })
      })
    })

    describe('maxDiscardBytes', () => {
      test('ends the wait at the byte that is too many', async () => {
        const { local, peer, wire, closure } = await connect({ peerHalfOpen: true })
        peer.resume()
        const done = closure.shutdown({ mode, onData: 'discard', maxDiscardBytes: 50_000 })
        await once(peer, 'end')
        peer.write(Buffer.alloc(400_000))
        const report = await done
        expect(report).toMatchObject({ verdict: 'flooded', endedBy: 'discard-limit', sent: { kind: 'close_notify' } })
        expect(report.discardedBytes).toBeGreaterThan(50_000)
        expect(local.destroyed).toBe(true)
        expect(wire.closing(near)[0]).toBe(closeNotify)
      })

      test('allows exactly that many', async () => {
        const { peer, closure } = await connect({ peerHalfOpen: true })
        peer.resume()
        const done = closure.shutdown({ mode, onData: 'discard', maxDiscardBytes: 50_000 })
        await once(peer, 'end')
        peer.end(Buffer.alloc(50_000))
        expect(await done).toMatchObject({ verdict: 'clean', discardedBytes: 50_000 })
      })
    })

    describe('a reader that stalls', () => {
      test('ends the wait as such, and its data can be read afterwards', async () => {
        const { local, peer, wire, closure } = await connect({ peerHalfOpen: true })
        local.pause()
        peer.resume()
        const done = closure.shutdown({ mode, waitTimeout: 100 })
        await once(peer, 'end')
        const late = Buffer.alloc(300_000, 'l')
        peer.end(late)
        expect(await done).toMatchObject({
          verdict: 'reader-stalled',
          endedBy: 'reader-stalled',
          sent: { kind: 'close_notify' },
          received: { kind: 'nothing' },
        })
        expect(local.destroyed).toBe(false)
        await wire.seen(near, 'fin')
        const received = text(local)
        local.resume()
        expect((await received).text.length).toBe(late.length)
        // With the data the alert that stood behind it came too: the facts have the last word.
        expect(await closure.report).toMatchObject({ verdict: 'clean', endedBy: 'reader-stalled' })
      })

      test('does not stall a closing that discards', async () => {
        const { local, peer, closure } = await connect({ peerHalfOpen: true })
        local.pause()
        peer.resume()
        const done = closure.shutdown({ mode, onData: 'discard', waitTimeout: 20_000 })
        await once(peer, 'end')
        peer.end(Buffer.alloc(300_000))
        expect(await done).toMatchObject({ verdict: 'clean', discardedBytes: 300_000 })
      })
    })

    describe('signal', () => {
      test('aborted before the call ends the closing before anything is sent', async () => {
        const { local, wire, closure } = await connect()
        const report = await closure.shutdown({ mode, signal: AbortSignal.abort() })
        expect(report).toMatchObject({ verdict: 'aborted', endedBy: 'signal', sent: { kind: 'nothing' } })
        expect(local.destroyed).toBe(true)
        await wire.seen(near, 'fin')
        expect(wire.closing(near)).toEqual(['fin'])
      })

      test('ends a closing that has just been asked for', async () => {
        const { local, closure } = await connect()
        const controller = new AbortController()
        const done = closure.shutdown({ mode, signal: controller.signal })
        controller.abort()
        expect(await done).toMatchObject({ verdict: 'aborted', endedBy: 'signal', sent: { kind: 'nothing' } })
        expect(local.destroyed).toBe(true)
      })

      test('ends the draining, and what was not delivered is counted', async () => {
        const { local, wire, closure } = await connect()
        wire.stall(near)
        local.write(Buffer.alloc(24 * 1024 * 1024))
        const controller = new AbortController()
        const done = closure.shutdown({ mode, flushTimeout: 50_000, signal: controller.signal })
        await turns(10)
        controller.abort()
        const report = await done
        expect(report).toMatchObject({ verdict: 'aborted', endedBy: 'signal', sent: { kind: 'nothing' } })
        expect(report.undeliveredBytes).toBeGreaterThan(0)
      })

      test('ends the waiting, after our alert', async () => {
        const { local, wire, closure } = await connect({ peerHalfOpen: true })
        const controller = new AbortController()
        const done = closure.shutdown({ mode, waitTimeout: 50_000, signal: controller.signal })
        await wire.seen(near, closeNotify)
        // The relay is in this process and sees the alert before Node has heard that it left.
        await turns(5)
        controller.abort()
        expect(await done).toMatchObject({ verdict: 'aborted', endedBy: 'signal', sent: { kind: 'close_notify' } })
        expect(local.destroyed).toBe(true)
        await wire.seen(near, 'fin')
        expect(wire.closing(near)).toEqual(closeNotifyAndFin)
      })

      test('changes nothing once the closing is over', async () => {
        const { local, peer, closure } = await connect()
        local.resume()
        peer.resume()
        const controller = new AbortController()
        expect(await closure.shutdown({ mode, signal: controller.signal })).toMatchObject({ verdict: 'clean' })
        controller.abort()
        expect(await closure.report).toMatchObject({ verdict: 'clean', endedBy: 'done' })
      })
    })

    describe('destroy() by somebody else', () => {
      test('while we wait ends the closing as aborted', async () => {
        const { local, wire, closure } = await connect({ peerHalfOpen: true })
        const close = closed(local)
        const done = closure.shutdown({ mode, waitTimeout: 50_000 })
        await wire.seen(near, closeNotify)
        // The relay is in this process and sees the alert before Node has heard that it left.
        await turns(5)
        local.destroy()
        expect(await done).toMatchObject({ verdict: 'aborted', endedBy: 'destroy', sent: { kind: 'close_notify' } })
        expect(await close).toBe(false)
      })

      test('while we drain ends the closing, and what was not delivered is counted', async () => {
        const { local, wire, closure } = await connect()
        wire.stall(near)
        local.write(Buffer.alloc(24 * 1024 * 1024))
        const done = closure.shutdown({ mode, flushTimeout: 50_000 })
        await turns(10)
        local.destroy()
        const report = await done
        expect(report).toMatchObject({ verdict: 'aborted', endedBy: 'destroy', sent: { kind: 'nothing' } })
        expect(report.undeliveredBytes).toBeGreaterThan(0)
      })
    })

    test('corked data goes before the alert', async () => {
      const { local, peer, wire, closure } = await connect()
      const received = text(peer)
      local.resume()
      local.cork()
      local.cork()
      local.write('a')
      local.write('b')
      expect(await closure.shutdown({ mode })).toMatchObject({ verdict: 'clean' })
      expect(await received).toEqual({ text: 'ab', ended: true })
      await wire.seen(near, 'fin')
      expect(wire.closing(near).slice(0, 2)).toEqual(closeNotifyAndFin)
    })

    test('data that nobody had read before the call is still there after it', async () => {
      const { local, peer, closure, far, wire } = await connect()
      await write(peer, 'early')
      await wire.seen(far, 'data 5')
      const done = closure.shutdown({ mode: 'unidirectional' })
      expect(await readExactly(local, 5)).toEqual(Buffer.from('early'))
      expect(await done).toMatchObject({ sent: { kind: 'close_notify' } })
      peer.resume()
      local.resume()
      expect(await closure.report).toMatchObject({ verdict: 'clean' })
    })
  })
}
