// The peer's FIN has come, without close_notify, and data before it still waits to be read when our side ends. The peer has not
// gone because we had: where truncation is an error, the stream does not end as if it were whole.
import type { TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { type ClosurePolicy, closureOf, controlClosure } from '../../../lib/index.js'
import { connectStock, type Sides, sides } from '../../closure/sides.js'
import { turns } from '../../support/streams.js'

const modes = ['quiet', 'unidirectional', 'bidirectional'] as const
const acts = {
  'end()': (socket: TLSSocket) => void socket.end(),
  'end() with data': (socket: TLSSocket) => void socket.end('the last words'),
} as const

describe.each(sides)('$version, our side is the $near', (sides) => {
  type Ends = Pick<Sides, 'local' | 'peer' | 'wire' | 'far'>

  /** What the reader is told once it reads, after both have ended in that order. */
  const told = async (policy: ClosurePolicy | undefined, inOrder: (ends: Ends) => Promise<void>) => {
    const ends = await connectStock(sides, { peerHalfOpen: true })
    const { local, peer } = ends
    if (policy !== undefined) controlClosure(local, policy)
    const events: string[] = []
    local.on('end', () => events.push('end'))
    local.on('error', (error: NodeJS.ErrnoException) => events.push(error.code ?? error.name))
    peer.resume().write('half a message')
    while (local.readableLength === 0) await turns(1)
    await inOrder(ends)
    const closed = new Promise((resolve) => local.once('close', resolve))
    local.on('data', (bytes: Buffer) => events.push(String(bytes)))
    await closed
    return events
  }

  const peerLeaves = async ({ peer, wire, far }: Ends): Promise<void> => {
    closureOf(peer).setQuietShutdown(true)
    peer.end()
    await wire.seen(far, 'fin')
    // It is read, though what came before waits.
    await turns(5)
  }

  describe.each(Object.entries(acts))('%s', (_name, act) => {
    const behind = async (ends: Ends): Promise<void> => {
      await peerLeaves(ends)
      act(ends.local)
      await turns(3)
    }

    test.each(modes)("behind the peer's FIN, under '%s' where truncation is an error", async (mode) => {
      const policy = { mode, onTruncation: 'error', waitTimeout: 100 } as const
      expect(await told(policy, behind)).toEqual(['half a message', 'ERR_TLS_TRUNCATED'])
    })

    test("behind the peer's FIN, where it is reported, is told as in stock", async () => {
      expect(await told({ mode: 'unidirectional', onTruncation: 'report' }, behind)).toEqual(
        await told(undefined, behind),
      )
    })

    test.each(['quiet', 'unidirectional'] as const)("before it, under '%s': the peer may just go", async (mode) => {
      const before = async (ends: Ends): Promise<void> => {
        act(ends.local)
        await ends.wire.seen(sides.near, 'fin')
        await peerLeaves(ends)
      }
      expect(await told({ mode, onTruncation: 'error' }, before)).toEqual(['half a message', 'end'])
    })
  })
})
