// RST comes between the last look at the connection and the write itself: what the kernel refuses then has not left.
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { TlsStream } from '../../lib/stream/index.js'
import { streamSides } from './pair.js'
import { wrapped } from './wrapped.js'

const modes = ['unidirectional', 'bidirectional'] as const
const acts: readonly { readonly name: string; readonly act: (local: TlsStream) => void; readonly hasData?: boolean }[] =
  [
    ...modes.map((mode) => ({
      name: `shutdown('${mode}')`,
      act: (local: TlsStream) => void local.shutdown({ mode }),
    })),
    { name: 'closeNotify()', act: (local) => void local.closeNotify().catch(() => undefined) },
    { name: 'unwrap()', act: (local) => void local.unwrap().catch(() => undefined) },
    { name: 'end()', act: (local) => void local.end() },
    { name: 'end() with data', act: (local) => void local.end('refused, too'), hasData: true },
    {
      name: 'write() and shutdown()',
      act: (local) => {
        local.write('refused, too')
        void local.shutdown()
      },
      hasData: true,
    },
  ]

describe.each(streamSides.filter(({ name }) => name === 'own'))('$version, our side is the $near', (sides) => {
  test.each(acts)('$name', async ({ act, hasData = false }) => {
    const { local, ours, theirs } = await wrapped(sides)
    local.on('error', () => undefined)
    atNextWrite(ours, () => void theirs.resetAndDestroy())
    act(local)
    const { sent, undeliveredBytes } = await local.report
    expect({ isSaidToBeSent: sent.kind === 'close_notify', undeliveredBytes }).toEqual({
      isSaidToBeSent: false,
      undeliveredBytes: hasData ? undefined : 0,
    })
  })
})

/** Does it in the stack of the socket's next write, right before the kernel is given that. */
function atNextWrite(socket: Socket, act: () => void): void {
  const handle: unknown = Reflect.get(socket, '_handle')
  if (typeof handle !== 'object' || handle === null) throw new Error('Expected a socket with a handle')
  for (const name of ['writeBuffer', 'writev']) {
    const write: unknown = Reflect.get(handle, name)
    if (typeof write !== 'function') throw new Error(`Expected a handle with ${name}()`)
    Reflect.set(handle, name, (...args: readonly unknown[]) => {
      act()
      const status: unknown = Reflect.apply(write, handle, args)
      return status
    })
  }
}
