// closeNotify(): our alert alone, TCP open, reading goes on.
import { describe, expect, test } from 'vitest'
import { once, readExactly } from '../../support/streams.js'
import { closeNotify, closeNotifyAndFin, text, turns, withCode, write } from '../sides.js'
import type { ClosingWay } from './ways.js'

export function closeNotifyCases(ways: readonly ClosingWay[]): void {
  describe.each(ways)('closeNotify(), $name, $version, our side is the $near', ({ name, near, connect }) => {
    test('puts the alert alone on the wire, and data of the peer is still read', async () => {
      const { local, peer, wire, closure } = await connect({ peerHalfOpen: true })
      peer.resume()
      await closure.closeNotify()
      await wire.seen(near, closeNotify)
      await once(peer, 'end')
      peer.write('still here')
      expect((await readExactly(local, 10)).toString()).toBe('still here')
      expect(wire.closing(near)).toEqual([closeNotify])
      expect(local.destroyed).toBe(false)

      local.end()
      await wire.seen(near, 'fin')
      local.resume()
      peer.end()
      expect(wire.closing(near)).toEqual(closeNotifyAndFin)
      expect(await closure.report).toMatchObject({
        verdict: 'clean',
        // end() of a TlsStream closes as its options say.
        mode: name === 'closureOf()' ? 'uncontrolled' : 'unidirectional',
        sent: { kind: 'close_notify' },
        received: { kind: 'close_notify' },
        began: 'local',
      })
    })

    test('sends corked data and pending writes first', async () => {
      const { local, peer, wire, closure } = await connect()
      const received = text(peer)
      local.write(Buffer.alloc(3_000_000, 'p'))
      local.cork()
      local.write('corked')
      await closure.closeNotify({ flushTimeout: 20_000 })
      expect(await received).toEqual({ text: 'p'.repeat(3_000_000) + 'corked', ended: true })
      expect(wire.closing(near)[0]).toBe(closeNotify)
    })

    test('a later write calls back with an error, harms nothing, and nothing of it is on the wire', async () => {
      const { local, peer, wire, closure, localErrors } = await connect({ peerHalfOpen: true })
      const atPeer = text(peer)
      local.write('before')
      const sent = closure.closeNotify()
      // From the call on, not from the alert on: what comes later would stand behind it.
      const duringCall = new Promise<unknown>((resolve) => local.write('during', resolve))
      await sent
      const after = new Promise<unknown>((resolve) => local.write('after', resolve))
      expect([await duringCall, await after]).toMatchObject([
        withCode('ERR_WRITE_AFTER_CLOSE_NOTIFY'),
        withCode('ERR_WRITE_AFTER_CLOSE_NOTIFY'),
      ])
      expect([local.destroyed, local.writable, localErrors]).toEqual([false, true, []])
      await write(peer, 'and back')
      expect((await readExactly(local, 8)).toString()).toBe('and back')
      local.end()
      local.resume()
      await wire.seen(near, 'fin')
      peer.end()
      expect(await atPeer).toEqual({ text: 'before', ended: true })
      expect(wire.data(near).toString().replace('!', '')).toBe('before')
      expect(await closure.report).toMatchObject({ verdict: 'clean', undeliveredBytes: 0 })
    })

    test('a later end(data) calls back with an error and still sends FIN', async () => {
      const { local, peer, wire, closure, localErrors } = await connect()
      local.resume()
      peer.resume()
      await closure.closeNotify()
      const refused = new Promise<unknown>((resolve) => {
        local.end('late', (...args: readonly unknown[]) => resolve(args[0]))
      })
      expect(await refused).toMatchObject(withCode('ERR_WRITE_AFTER_CLOSE_NOTIFY'))
      await wire.seen(near, 'fin')
      expect(wire.closing(near).slice(0, 2)).toEqual(closeNotifyAndFin)
      expect(localErrors).toEqual([])
      expect(await closure.report).toMatchObject({ verdict: 'clean' })
    })

    test('the callback of a later end() without data is called as ever', async () => {
      const { local, peer, closure } = await connect()
      local.resume()
      peer.resume()
      await closure.closeNotify()
      await new Promise<void>((resolve) => local.end(() => resolve()))
      expect(local.writableFinished).toBe(true)
    })

    test('a second call, before and after the first is done, sends nothing more', async () => {
      const { closure, wire } = await connect({ peerHalfOpen: true })
      await Promise.all([closure.closeNotify(), closure.closeNotify({ flushTimeout: 1 })])
      await closure.closeNotify()
      await wire.seen(near, closeNotify)
      await turns(10)
      expect(wire.closing(near)).toEqual([closeNotify])
    })

    test('a write that does not leave in time rejects the call, and writing goes on as if nothing had been asked', async () => {
      const { local, peer, wire, closure } = await connect()
      wire.stall(near)
      const length = 24 * 1024 * 1024
      local.write(Buffer.alloc(length, 'd'))
      await expect(closure.closeNotify({ flushTimeout: 30 })).rejects.toMatchObject(
        withCode('ERR_CLOSURE_FLUSH_TIMEOUT'),
      )
      expect(local.destroyed).toBe(false)
      const atPeer = text(peer)
      local.write('more')
      wire.stall(near, false)
      await closure.closeNotify({ flushTimeout: 50_000 })
      const { text: received } = await atPeer
      expect([received.length, received.slice(-4)]).toEqual([length + 4, 'more'])
      expect(wire.closing(near)[0]).toBe(closeNotify)
    })

    test("after the peer's close_notify it makes both sides closed, with TCP open", async () => {
      const { local, peer, wire, closure } = await connect({ localHalfOpen: true })
      local.resume()
      peer.end()
      await once(local, 'end')
      await turns()
      await closure.closeNotify()
      await wire.seen(near, closeNotify)
      expect(wire.closing(near)).toEqual([closeNotify])
      local.end()
      expect(await closure.report).toMatchObject({ verdict: 'clean', began: 'peer' })
    })

    test('shutdown() afterwards waits and sends FIN, and no second alert', async () => {
      const { local, peer, wire, closure } = await connect({ peerHalfOpen: true })
      const received = text(local)
      peer.resume()
      await closure.closeNotify()
      await once(peer, 'end')
      const done = closure.shutdown({ mode: 'bidirectional' })
      await turns(10)
      expect(wire.closing(near)).toEqual([closeNotify])
      peer.end('late')
      expect(await done).toMatchObject({ verdict: 'clean', endedBy: 'done' })
      await wire.seen(near, 'fin')
      expect(wire.closing(near).slice(0, 2)).toEqual(closeNotifyAndFin)
      expect(await received).toEqual({ text: 'late', ended: true })
    })

    test('closeNotify() after shutdown() is refused', async () => {
      const { local, peer, closure } = await connect({ peerHalfOpen: true })
      local.resume()
      const done = closure.shutdown({ mode: 'bidirectional', waitTimeout: 50_000 })
      await expect(closure.closeNotify()).rejects.toMatchObject(withCode('ERR_CLOSURE_IN_PROGRESS'))
      peer.resume().end()
      await done
    })

    test('closeNotify() after end() and after destroy() is refused', async () => {
      const { local, wire, closure } = await connect({ peerHalfOpen: true })
      local.end()
      await wire.seen(near, 'fin')
      await expect(closure.closeNotify()).rejects.toMatchObject(withCode('ERR_CLOSURE_CLOSED'))
      local.destroy()
      await expect(closure.closeNotify()).rejects.toMatchObject(withCode('ERR_CLOSURE_CLOSED'))
      expect(wire.closing(near).slice(0, 2)).toEqual(closeNotifyAndFin)
    })

    test('destroy() while it drains rejects it', async () => {
      const { local, wire, closure } = await connect()
      wire.stall(near)
      local.write(Buffer.alloc(24 * 1024 * 1024))
      const sent = closure.closeNotify({ flushTimeout: 50_000 })
      await turns()
      local.destroy()
      await expect(sent).rejects.toMatchObject(withCode('ERR_CLOSURE_CLOSED'))
    })

    test('a peer whose FIN came first still gets the alert', async () => {
      const { local, wire, closure, far } = await connect({ localHalfOpen: true })
      local.resume()
      wire.cut(far, { afterBytes: 0, with: 'fin' })
      await once(local, 'end')
      await turns()
      await closure.closeNotify()
      local.end()
      await wire.seen(near, 'fin')
      expect(wire.closing(near)).toEqual([closeNotify, 'fin'])
      expect(await closure.report).toMatchObject({ verdict: 'truncated' })
    })
  })
}
