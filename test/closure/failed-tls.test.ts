// TLS fails while shutdown() waits, and TCP stays open: what came before is not lost.
import { describe, expect, test } from 'vitest'
import { collect } from '../support/streams.js'
import { damagedRecord } from '../support/tampering.js'
import { connectSides, sides } from './sides.js'

describe.each(sides)('$version, our side is the $near', (sides) => {
  test.each(['read later', 'read at once'] as const)('data before it, which is %s', async (when) => {
    const { local, peer, wire, far, near, closure } = await connectSides(sides, {
      localHalfOpen: true,
      peerHalfOpen: true,
      relay: { onRecord: () => 'pass' },
    })
    const atOnce = when === 'read at once' ? collect(local) : undefined
    const done = closure.shutdown({ mode: 'bidirectional', waitTimeout: 600_000, onData: 'deliver' })
    await wire.seen(near, 'alert warning close_notify')
    peer.write('the last words')
    await wire.seen(far, 'data 14')
    wire.send(far, [damagedRecord])
    expect((await done).endedBy).toBe('openssl-error')
    if (atOnce === undefined) {
      expect(local.destroyed).toBe(false)
      expect(String(local.read())).toBe('the last words')
    } else {
      expect(String((await atOnce).bytes)).toBe('the last words')
    }
    local.destroy()
    expect((await closure.report).verdict).toBe('aborted')
  })
})
