// One side has closed, and the other has not yet.
import { describe, expect, test } from 'vitest'
import { collect, once } from '../../support/streams.js'
import { closeNotify, closeNotifyAndFin, turns } from '../sides.js'
import type { ClosingWay } from './ways.js'

const muchTime = { flushTimeout: 600_000, waitTimeout: 600_000 } as const
const both = [true, false] as const

export function halfOpenCases(ways: readonly ClosingWay[]): void {
  describe.each(ways)('half-open connections, $name, $version, our side is the $near', ({ name, near, connect }) => {
    describe.each(both)('our allowHalfOpen: %s', (localHalfOpen) => {
      test.each(both)('bidirectional closing delivers what the peer sends last (its own: %s)', async (peerHalfOpen) => {
        const { local, peer, wire, far, closure } = await connect({ localHalfOpen, peerHalfOpen })
        const received = collect(local)
        peer.resume()
        if (peerHalfOpen) peer.on('end', () => peer.end('late'))
        const closing = closure.shutdown({ mode: 'bidirectional', ...muchTime })
        expect(await closing).toMatchObject({ verdict: 'clean', discardedBytes: 0 })
        expect((await received).bytes.toString()).toBe(peerHalfOpen ? 'late' : '')
        await wire.closed
        expect([wire.closing(near), wire.closing(far)]).toEqual([closeNotifyAndFin, closeNotifyAndFin])
      })

      test('a peer that closes first is answered, and the report says that it began', async () => {
        const { local, peer, wire, far, closure } = await connect({ localHalfOpen })
        local.resume()
        peer.resume()
        local.on('end', () => local.end())
        peer.end('bye')
        expect(await closure.report).toMatchObject({
          verdict: 'clean',
          began: 'peer',
          // end() of a TlsStream closes as its options say.
          mode: name === 'closureOf()' ? 'uncontrolled' : 'unidirectional',
        })
        await wire.closed
        expect([wire.closing(near), wire.closing(far)]).toEqual([closeNotifyAndFin, closeNotifyAndFin])
      })

      test('after closeNotify() TCP stays open until the peer has finished', async () => {
        const { local, peer, wire, far, closure } = await connect({ localHalfOpen, peerHalfOpen: true })
        const received = collect(local)
        peer.resume()
        await closure.closeNotify()
        if (!peer.readableEnded) await once(peer, 'end')
        peer.write('one ')
        await wire.seen(far, 'data')
        await turns(5)
        expect(wire.closing(near)).toEqual([closeNotify])
        peer.end('two')
        if (!local.readableEnded) await once(local, 'end')
        local.end()
        expect(await received).toMatchObject({ ended: true, error: undefined })
        expect((await received).bytes.toString()).toBe('one two')
        expect(await closure.report).toMatchObject({ verdict: 'clean' })
        await wire.closed
        expect(wire.closing(near)).toEqual(closeNotifyAndFin)
      })
    })
  })
}
