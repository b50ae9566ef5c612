// RST is in the kernel, and nobody has read it yet: what is written now is refused, and none of it is said to have left.
import { describe, expect, test } from 'vitest'
import type { Closable, ClosingWay } from './ways.js'

export interface Act {
  readonly name: string
  readonly act: (ours: Pick<Closable, 'local' | 'closure'>) => void
  /** Whether it writes data, of which nobody knows afterwards how much the kernel had taken. */
  readonly hasData?: boolean
  /** Whether it writes nothing at all: FIN alone. */
  readonly isSilent?: boolean
}

/** Ways to end a connection. */
export const acts: readonly Act[] = [
  { name: "shutdown('unidirectional')", act: ({ closure }) => void closure.shutdown({ mode: 'unidirectional' }) },
  { name: "shutdown('bidirectional')", act: ({ closure }) => void closure.shutdown({ mode: 'bidirectional' }) },
  { name: "shutdown('quiet')", act: ({ closure }) => void closure.shutdown({ mode: 'quiet' }), isSilent: true },
  { name: 'closeNotify()', act: ({ closure }) => void closure.closeNotify().catch(() => undefined) },
  { name: 'end()', act: ({ local }) => void local.end() },
  { name: 'end() with data', act: ({ local }) => void local.end('refused, too'), hasData: true },
  {
    name: 'write() and shutdown()',
    act: ({ local, closure }) => {
      local.write('refused, too')
      void closure.shutdown()
    },
    hasData: true,
  },
]

export function behindAReset(ways: readonly ClosingWay[]): void {
  describe.each(ways)('behind RST, $name, $version, our side is the $near', ({ connect }) => {
    describe.each([
      { reader: 'reads', doesRead: true },
      { reader: 'does not read', doesRead: false },
    ])('the program $reader', ({ doesRead }) => {
      test.each(acts)('$name', async ({ act, hasData = false }) => {
        const ours = await connect()
        if (doesRead) ours.local.resume()
        void ours.wire.close()
        act(ours)
        const { sent, received, tcp, verdict, undeliveredBytes } = await ours.closure.report
        expect({ isSaidToBeSent: sent.kind === 'close_notify', received, verdict, undeliveredBytes }).toEqual({
          isSaidToBeSent: false,
          received: { kind: 'nothing' },
          verdict: 'reset',
          undeliveredBytes: hasData ? undefined : 0,
        })
        expect(tcp).toMatchObject({ kind: 'reset', code: 'ECONNRESET' })
      })
    })
  })
}
