// What can go wrong while TLS is taken off: the net.Socket is given back after both close_notify alone, and nothing goes
// out in the clear before.
import { describe, expect, test } from 'vitest'
import { closureOf, startTls } from '../../lib/index.js'
import { withCode } from '../closure/sides.js'
import { tcpPair } from '../closure/tls-over.js'
import { readExactly, turns } from '../support/streams.js'
import { unwrapHazards } from './shared/hazards.js'
import { ample, optionsOf, started, startedSides, startedWays, until } from './started.js'

unwrapHazards(startedWays)

describe.each(startedSides)('$version, our side is the $near', (side) => {
  test('closeNotify() before it is not sent again', async () => {
    const tls = await started(side)
    const { peer } = tls
    tls.socket.resume()
    await closureOf(tls.socket).closeNotify()
    await peer.until(() => peer.isClosed)
    const unwrapped = tls.unwrap(ample)
    peer.send(peer.closeNotify())
    await unwrapped
    tls.tcp.write('clear')
    await peer.until(() => peer.plaintext === 'clear')
    expect(closureOf(tls.socket).alerts.filter(({ direction }) => direction === 'sent')).toHaveLength(1)
  })

  describe('asked again', () => {
    test('a second call has the same outcome, before and after', async () => {
      const tls = await started(side)
      const { peer } = tls
      tls.socket.resume()
      const calls = [tls.unwrap(ample), tls.unwrap(ample)]
      await peer.until(() => peer.isClosed)
      peer.send(peer.closeNotify(), 'clear')
      expect(await Promise.all([...calls, ...calls.map(() => tls.unwrap())])).toEqual([
        tls.tcp,
        tls.tcp,
        tls.tcp,
        tls.tcp,
      ])
      expect(await tls.unwrap()).toBe(tls.tcp)
      expect(String(await readExactly(tls.tcp, 5))).toBe('clear')
    })

    test('a call whose promise nobody has kept does the same', async () => {
      const tls = await started(side)
      const { peer } = tls
      tls.socket.resume()
      void tls.unwrap(ample)
      await peer.until(() => peer.isClosed)
      const again = tls.unwrap(ample)
      peer.send(peer.closeNotify())
      expect(await again).toBe(tls.tcp)
    })

    test('before the handshake is done it is refused, and nothing has changed', async () => {
      const { near, far } = await tcpPair()
      const { socket, unwrap } = startTls(near, optionsOf(side))
      socket.on('error', () => undefined)
      await expect(unwrap()).rejects.toMatchObject(withCode('ERR_CLOSURE_HANDSHAKE_PENDING'))
      const aborted = { onTimeout: 'reject', signal: AbortSignal.abort() } as const
      await expect(unwrap(aborted)).rejects.toMatchObject(withCode('ERR_CLOSURE_HANDSHAKE_PENDING'))
      expect(near.destroyed).toBe(false)
      far.destroy()
      await until(() => near.destroyed)
    })

    test('after destroy(), end() and shutdown() it is refused', async () => {
      const first = await started(side)
      first.socket.destroy()
      await expect(first.unwrap()).rejects.toMatchObject(withCode('ERR_CLOSURE_CLOSED'))
      const second = await started(side)
      second.socket.end()
      await turns(5)
      await expect(second.unwrap()).rejects.toMatchObject(withCode('ERR_CLOSURE_CLOSED'))
      const third = await started(side)
      void closureOf(third.socket).shutdown()
      await expect(third.unwrap()).rejects.toMatchObject(withCode('ERR_CLOSURE_IN_PROGRESS'))
    })

    test('wrong options change nothing', async () => {
      const tls = await started(side)
      const invalid = withCode('ERR_CLOSURE_INVALID_ARGUMENT')
      await expect(tls.unwrap({ waitTimeout: -1 })).rejects.toMatchObject(invalid)
      // @ts-expect-error: it is always bidirectional
      await expect(tls.unwrap({ mode: 'quiet' })).rejects.toMatchObject(invalid)
      // @ts-expect-error: not one of its values
      await expect(tls.unwrap({ onTimeout: 'keep' })).rejects.toMatchObject(invalid)
      expect(closureOf(tls.socket).state).toBe('open')
    })
  })
})
