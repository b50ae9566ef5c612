// RST comes between the last look at the connection and the write itself: what the kernel refuses then has not left.
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { acts } from '../closure/shared/behind-a-reset.js'
import type { TlsStream } from '../../lib/stream/index.js'
import { streamSides } from './pair.js'
import { wrapped } from './wrapped.js'

describe.each(streamSides.filter(({ name }) => name === 'own'))('$version, our side is the $near', (sides) => {
  const outcome = async (act: (local: TlsStream) => void) => {
    const { local, ours, theirs } = await wrapped(sides)
    local.on('error', () => undefined)
    atNextWrite(ours, () => void theirs.resetAndDestroy())
    act(local)
    const { sent, undeliveredBytes } = await local.report
    return { isSaidToBeSent: sent.kind === 'close_notify', undeliveredBytes }
  }

  test.each(acts.filter(({ isSilent = false }) => !isSilent))('$name', async ({ act, hasData = false }) => {
    expect(await outcome((local) => act({ local, closure: local }))).toEqual({
      isSaidToBeSent: false,
      undeliveredBytes: hasData ? undefined : 0,
    })
  })

  test('unwrap()', async () => {
    const unwrap = (local: TlsStream) => void local.unwrap().catch(() => undefined)
    expect(await outcome(unwrap)).toEqual({ isSaidToBeSent: false, undeliveredBytes: 0 })
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
