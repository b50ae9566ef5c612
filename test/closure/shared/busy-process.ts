// The process is busy for longer than the peer is waited for, and its answer comes meanwhile: it came in time.
import { describe, expect, test } from 'vitest'
import { block } from '../../support/block.js'
import type { ClosingWay } from './ways.js'

const short = 500

export function inABusyProcess(ways: readonly ClosingWay[]): void {
  describe.each(ways)('a busy process, $name, $version, our side is the $near', ({ connect }) => {
    test.each([
      { what: 'the answer', data: '', onData: 'deliver' },
      { what: 'data and the answer', data: 'answered', onData: 'deliver' },
      { what: 'data to discard and the answer', data: 'answered', onData: 'discard' },
    ] as const)('$what', async ({ data, onData }) => {
      const { local, peer, far, wire, closure } = await connect({ peerHalfOpen: true })
      const read: Buffer[] = []
      if (onData === 'deliver') local.on('data', (chunk: Buffer) => read.push(chunk))
      const asked = new Promise((resolve) => peer.resume().once('end', resolve))
      const done = closure.shutdown({ mode: 'bidirectional', waitTimeout: short, onData })
      await asked
      wire.hold(far)
      peer.end(data)
      await wire.seen(far, 'fin')
      wire.release(far)
      block(short)
      const { verdict, endedBy, discardedBytes } = await done
      expect({ verdict, endedBy, discardedBytes, read: Buffer.concat(read).toString() }).toEqual({
        verdict: 'clean',
        endedBy: 'done',
        discardedBytes: onData === 'discard' ? data.length : 0,
        read: onData === 'deliver' ? data : '',
      })
    })
  })
}
