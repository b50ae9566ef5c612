// The bounds of a closing of Node's own sockets, and what is left open afterwards.
import { describe, expect, test } from 'vitest'
import { once } from '../support/streams.js'
import { shutdownLimits } from './shared/shutdown-limits.js'
import { nodeWays } from './shared/ways.js'
import { closeNotify, closeNotifyAndFin, connectSides, sides, turns } from './sides.js'

shutdownLimits(nodeWays)

const mode = 'bidirectional'

describe.each(sides)('$version, our side is the $near', (options) => {
  const { near } = options

  describe("afterwards: 'keep-open'", () => {
    const afterwards = 'keep-open'
    const overDuplex = true

    test.each([false, true])('leaves TCP open after both alerts (allowHalfOpen: %s)', async (localHalfOpen) => {
      const { local, peer, wire, closure, far } = await connectSides(options, {
        localHalfOpen,
        peerHalfOpen: true,
        overDuplex,
      })
      wire.hold(far, 'fin')
      local.resume()
      peer.resume()
      local.write('last')
      const done = closure.shutdown({ mode, afterwards })
      await once(peer, 'end')
      peer.end()
      expect(await done).toMatchObject({ verdict: 'clean', endedBy: 'done', tcp: { kind: 'open' } })
      await turns(10)
      expect(local.destroyed).toBe(false)
      expect(wire.summary(near).slice(-2)).toEqual(['data 4', closeNotify])
      local.end()
      await wire.seen(near, 'fin')
      expect(wire.closing(near)).toEqual(closeNotifyAndFin)
      expect(await closure.report).toMatchObject({ verdict: 'clean' })
    })

    test('can be destroyed later, which sends no second alert', async () => {
      const { local, peer, wire, closure } = await connectSides(options, { peerHalfOpen: true, overDuplex })
      local.resume()
      peer.resume()
      expect(await closure.shutdown({ mode: 'unidirectional', afterwards })).toMatchObject({ verdict: 'half-closed' })
      await wire.seen(near, closeNotify)
      await turns(10)
      expect(wire.closing(near)).toEqual([closeNotify])
      local.destroy()
      await wire.seen(near, 'fin')
      expect(wire.closing(near).slice(0, 2)).toEqual(closeNotifyAndFin)
      expect(await closure.report).toMatchObject({ sent: { kind: 'close_notify' } })
    })

    test('gives up on a silent peer by ending TCP', async () => {
      const { local, wire, closure } = await connectSides(options, { peerHalfOpen: true, overDuplex })
      local.resume()
      const report = await closure.shutdown({ mode, afterwards, waitTimeout: 30 })
      expect(report).toMatchObject({ verdict: 'timed-out', endedBy: 'wait-timeout' })
      await wire.seen(near, 'fin')
      expect(local.destroyed).toBe(true)
    })

    test('quiet leaves TCP open and the wire empty', async () => {
      const { local, peer, wire, closure } = await connectSides(options, { peerHalfOpen: true, overDuplex })
      local.resume()
      peer.resume()
      expect(await closure.shutdown({ mode: 'quiet', afterwards })).toMatchObject({ endedBy: 'done', quiet: true })
      await turns(10)
      expect(wire.closing(near)).toEqual([])
      expect(local.destroyed).toBe(false)
      local.end()
      await wire.seen(near, 'fin')
      expect(wire.closing(near)).toEqual(['fin'])
    })
  })
})
