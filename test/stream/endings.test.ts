// Every ending of the peer's, before our closing and behind it: mode by mode, side by side, version by version, library by
// library. What the stream does, what the reports say, and what is on the wire.
import { describe, expect, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import type { ClosureMode } from '../../lib/stream/index.js'
import { alertRecord } from '../support/tampering.js'
import { collect, once } from '../support/streams.js'
import { connectStreams, type MoreOptions, type StreamPair, streamSides } from './pair.js'

const closeNotify = 'alert warning close_notify'
const pass: MoreOptions['relay'] = { onRecord: () => 'pass' }

type Ending = 'close_notify+fin' | 'close_notify' | 'fin' | 'reset' | 'alert' | 'silent'

/** The peer ends so, as far as our side can see. */
async function endPeer({ peer, wire, far }: StreamPair, ending: Ending): Promise<void> {
  switch (ending) {
    case 'close_notify+fin':
      peer.end()
      return
    case 'close_notify':
      await closureOf(peer).closeNotify()
      return
    case 'fin':
    case 'reset':
      wire.cut(far, { afterBytes: 0, with: ending === 'fin' ? 'fin' : 'rst' })
      return
    case 'alert':
      wire.send(far, [alertRecord('fatal', 'internal_error')])
      return
    case 'silent':
  }
}

const first: readonly {
  readonly ending: Exclude<Ending, 'silent'>
  readonly verdict: string
  readonly isCut: boolean
}[] = [
  { ending: 'close_notify+fin', verdict: 'clean', isCut: false },
  { ending: 'close_notify', verdict: 'clean', isCut: false },
  { ending: 'fin', verdict: 'truncated', isCut: true },
  { ending: 'reset', verdict: 'reset', isCut: true },
  { ending: 'alert', verdict: 'alerted', isCut: true },
]

const behind: Readonly<Record<Ending, Readonly<Record<ClosureMode, string>>>> = {
  'close_notify+fin': { quiet: 'quiet', unidirectional: 'clean', bidirectional: 'clean' },
  close_notify: { quiet: 'quiet', unidirectional: 'clean', bidirectional: 'clean' },
  fin: { quiet: 'quiet', unidirectional: 'unanswered', bidirectional: 'unanswered' },
  reset: { quiet: 'reset', unidirectional: 'reset', bidirectional: 'reset' },
  alert: { quiet: 'quiet', unidirectional: 'alerted', bidirectional: 'alerted' },
  silent: { quiet: 'quiet', unidirectional: 'half-closed', bidirectional: 'timed-out' },
}
const endings: readonly Ending[] = ['close_notify+fin', 'close_notify', 'fin', 'reset', 'alert', 'silent']
const modes: readonly ClosureMode[] = ['quiet', 'unidirectional', 'bidirectional']
const rows = endings.flatMap((ending) => modes.map((mode) => ({ ending, mode, verdict: behind[ending][mode] })))

describe.each(streamSides)('$name, $version, our side is the $near', (sides) => {
  describe('the peer ends first', () => {
    test.each(first)('$ending: $verdict, after all that came was read', async ({ ending, verdict, isCut }) => {
      const pair = await connectStreams(sides, { relay: pass })
      const { local, peer, wire, far } = pair
      const collected = collect(local)
      peer.write('half an answer')
      await wire.seen(far, 'data 14')
      await endPeer(pair, ending)
      const { bytes, ended, error } = await collected
      // A RST may overtake what the kernel has not handed on; nothing else does.
      if (ending !== 'reset') expect(bytes.toString()).toContain('half an answer')
      expect({ ended, code: error?.code }).toEqual({ ended: !isCut, code: isCut ? 'ERR_TLS_TRUNCATED' : undefined })
      expect(await local.report).toMatchObject({ verdict, began: 'peer', side: sides.near, protocol: sides.version })
    })

    test('with onTruncation: report a FIN is an end, and the report tells', async () => {
      const pair = await connectStreams(sides, { onTruncation: 'report' })
      const collected = collect(pair.local)
      await endPeer(pair, 'fin')
      expect(await collected).toMatchObject({ ended: true, error: undefined })
      expect(await pair.local.report).toMatchObject({ verdict: 'truncated', tcp: { kind: 'fin' } })
    })
  })

  describe('our side closes first', () => {
    test.each(rows)('$mode, then the peer: $ending: $verdict', async ({ ending, mode, verdict }) => {
      const pair = await connectStreams(sides, { peerHalfOpen: true, relay: pass })
      const { local, peer, wire, near } = pair
      peer.resume()
      local.resume()
      const closed = once(local, 'close').catch(() => undefined)
      const done = local.shutdown({ mode, waitTimeout: ending === 'silent' ? 200 : 30_000 })
      await wire.seen(near, mode === 'quiet' ? 'fin' : closeNotify)
      if (mode === 'bidirectional') expect(wire.closing(near)).toEqual([closeNotify])
      else await done
      await endPeer(pair, ending)
      if (ending === 'silent' && mode !== 'bidirectional') local.destroy()
      await closed
      expect((await done).mode).toBe(mode)
      expect(await local.report).toMatchObject({ verdict, mode })
      const sent = wire.closing(near).filter((line) => line === closeNotify)
      expect(sent).toHaveLength(mode === 'quiet' ? 0 : 1)
    })
  })
})
