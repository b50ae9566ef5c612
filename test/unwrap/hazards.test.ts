// What can go wrong while TLS is taken off: the net.Socket is given back after both close_notify alone, and nothing goes
// out in the clear before. The cases of swift-nio-ssl's UnwrappingTests are among them.
import { describe, expect, test } from 'vitest'
import { closureOf, startTls } from '../../lib/index.js'
import { withCode } from '../closure/sides.js'
import { tcpPair } from '../closure/tls-over.js'
import { delay, once, readExactly, turns } from '../support/streams.js'
import { ample, bothGone, failing, optionsOf, started, startedSides, textOf, until } from './started.js'

describe.each(startedSides)('$version, our side is the $near', (side) => {
  describe('the order of things', () => {
    test('what was written before is delivered, and our alert comes behind it', async () => {
      const tls = await started(side)
      const { peer, far } = tls
      const large = 'x'.repeat(5_000_000)
      far.pause()
      tls.socket.resume().write(large)
      const unwrapped = tls.unwrap(ample)
      await turns(20)
      expect(peer.isClosed).toBe(false)
      // The peer goes on in the clear before our alert is out.
      peer.send(peer.closeNotify(), 'in the clear')
      await turns(20)
      far.resume()
      await peer.until(() => peer.isClosed)
      expect(peer.data.length).toBe(large.length)
      expect(String(await readExactly(await unwrapped, 12))).toBe('in the clear')
    })

    test('a write after unwrap() is refused, and disturbs nothing', async () => {
      const tls = await started(side)
      const { peer } = tls
      const read = textOf(tls.socket)
      const unwrapped = tls.unwrap(ample)
      const refused = new Promise((resolve) => tls.socket.write('late', resolve))
      expect(await refused).toMatchObject(withCode('ERR_WRITE_AFTER_CLOSE_NOTIFY'))
      await peer.until(() => peer.isClosed)
      peer.send(peer.sealed('still in TLS'), peer.closeNotify())
      await unwrapped
      expect(read.text).toBe('still in TLS')
      expect(peer).toMatchObject({ data: '', plaintext: '' })
    })

    test('the TLSSocket keeps what its reader has not read, and goes when it has', async () => {
      const tls = await started(side)
      const { peer } = tls
      const unwrapped = tls.unwrap(ample)
      await peer.until(() => peer.isClosed)
      peer.send(peer.sealed('for a late reader'), peer.closeNotify(), 'in the clear')
      const tcp = await unwrapped
      expect(String(await readExactly(tcp, 12))).toBe('in the clear')
      expect(tls.socket.destroyed).toBe(false)
      const read = textOf(tls.socket)
      await once(tls.socket, 'close')
      expect(read.text).toBe('for a late reader')
      expect(tcp).toMatchObject({ destroyed: false, writable: true })
    })

    test('onData: discard reads to the alert where nobody else does', async () => {
      const tls = await started(side)
      const { peer } = tls
      tls.socket.pause()
      const unwrapped = tls.unwrap({ ...ample, onData: 'discard' })
      await peer.until(() => peer.isClosed)
      peer.send(...Array.from({ length: 20 }, () => peer.sealed(Buffer.alloc(16_384))), peer.closeNotify(), 'clear')
      expect(String(await readExactly(await unwrapped, 5))).toBe('clear')
    })

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

    test('end() meanwhile sends FIN behind both alerts', async () => {
      const tls = await started(side)
      const { peer } = tls
      tls.socket.resume()
      const unwrapped = tls.unwrap(ample)
      await peer.until(() => peer.isClosed)
      tls.socket.end()
      await turns(10)
      expect(peer.hasEnded).toBe(false)
      peer.send(peer.closeNotify(), 'last words')
      const tcp = await unwrapped
      await peer.until(() => peer.hasEnded)
      expect(String(await readExactly(tcp, 10))).toBe('last words')
      expect(tcp.writableEnded).toBe(true)
    })
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

  test('both sides at once', async () => {
    const { near, far } = await tcpPair()
    const other = side.near === 'client' ? 'server' : 'client'
    const ends = [startTls(near, optionsOf(side)), startTls(far, optionsOf({ ...side, near: other }))]
    await Promise.all(ends.map(({ socket }) => once(socket.resume(), 'secureConnect')))
    await turns(5)
    expect(await Promise.all(ends.map(({ unwrap }) => unwrap(ample)))).toEqual([near, far])
    near.write('there')
    far.write('back.')
    expect([String(await readExactly(far, 5)), String(await readExactly(near, 5))]).toEqual(['there', 'back.'])
  })

  describe('a peer that never answers', () => {
    test('is given waitTimeout, and the connection is destroyed', async () => {
      const tls = await started(side)
      tls.socket.resume()
      const error = await failing(tls.unwrap({ ...ample, waitTimeout: 30 }))
      expect(error).toMatchObject({ code: 'ERR_UNWRAP_TIMEOUT', origin: 'connection', name: 'UnwrapError' })
      expect(error.report).toMatchObject({
        verdict: 'timed-out',
        endedBy: 'wait-timeout',
        sent: { kind: 'close_notify' },
      })
      await bothGone(tls)
      expect(tls.peer).toMatchObject({ isClosed: true, plaintext: '' })
    })

    test("with onTimeout: 'reject' the connection stays, in TLS, and a later call has what comes late", async () => {
      const tls = await started(side)
      const { peer } = tls
      const read = textOf(tls.socket)
      const options = { ...ample, waitTimeout: 30, onTimeout: 'reject' } as const
      for (let call = 0; call < 3; call++) {
        const error = await failing(tls.unwrap(options))
        expect(error).toMatchObject({ code: 'ERR_UNWRAP_TIMEOUT', report: { sent: { kind: 'close_notify' } } })
        const refused = new Promise((resolve) => tls.tcp.write('too early', resolve))
        expect(await refused).toMatchObject(withCode('ERR_PLAINTEXT_UNDER_TLS'))
      }
      expect(tls.socket.destroyed).toBe(false)
      peer.send(peer.sealed('late'), peer.closeNotify(), 'clear')
      expect(await tls.unwrap({ ...options, waitTimeout: 20_000 })).toBe(tls.tcp)
      expect(read.text).toBe('late')
      expect(String(await readExactly(tls.tcp, 5))).toBe('clear')
      expect(peer.plaintext).toBe('')
    })

    test('where it is our reader that stalls, nothing is given back either', async () => {
      const tls = await started(side)
      tls.socket.pause()
      const unwrapped = failing(tls.unwrap({ ...ample, waitTimeout: 100 }))
      await tls.peer.until(() => tls.peer.isClosed)
      const large = Array.from({ length: 20 }, () => tls.peer.sealed(Buffer.alloc(16_384)))
      tls.peer.send(...large, tls.peer.closeNotify(), 'clear')
      expect(await unwrapped).toMatchObject({ code: 'ERR_UNWRAP_TIMEOUT', report: { verdict: 'reader-stalled' } })
      await bothGone(tls)
    })

    test("after onTimeout: 'reject' a call that destroys does so", async () => {
      const tls = await started(side)
      tls.socket.resume()
      await failing(tls.unwrap({ ...ample, waitTimeout: 10, onTimeout: 'reject' }))
      expect(await failing(tls.unwrap({ ...ample, waitTimeout: 10 }))).toMatchObject({ code: 'ERR_UNWRAP_TIMEOUT' })
      await bothGone(tls)
    })

    test('a peer that does not even read is given flushTimeout', async () => {
      for (const onTimeout of ['destroy', 'reject'] as const) {
        const tls = await started(side)
        tls.far.pause()
        tls.socket.resume().write('x'.repeat(20_000_000))
        const error = await failing(tls.unwrap({ waitTimeout: 20_000, flushTimeout: 50, onTimeout }))
        expect(error).toMatchObject({ code: 'ERR_UNWRAP_TIMEOUT', report: { sent: { kind: 'nothing' } } })
        expect(tls.socket.destroyed).toBe(onTimeout === 'destroy')
        tls.socket.destroy()
        await bothGone(tls)
      }
    })

    test.each(['destroy', 'reject'] as const)('a signal ends it, onTimeout: %s', async (onTimeout) => {
      for (const isBefore of [true, false]) {
        const tls = await started(side)
        tls.socket.resume()
        const abort = new AbortController()
        if (isBefore) abort.abort(new Error('enough'))
        const unwrapped = failing(tls.unwrap({ ...ample, onTimeout, signal: abort.signal }))
        if (!isBefore) await tls.peer.until(() => tls.peer.isClosed)
        abort.abort(new Error('enough'))
        expect(await unwrapped).toMatchObject({ code: 'ERR_UNWRAP_ABORTED', cause: { message: 'enough' } })
        await bothGone(tls)
      }
    })

    test('a budget that is met does nothing later', async () => {
      const tls = await started(side)
      const { peer } = tls
      tls.socket.resume()
      const unwrapped = tls.unwrap({ flushTimeout: 200, waitTimeout: 200 })
      const patient = tls.unwrap({ flushTimeout: 200, waitTimeout: 200, onTimeout: 'reject' })
      await peer.until(() => peer.isClosed)
      peer.send(peer.closeNotify())
      await Promise.all([unwrapped, patient])
      await delay(300)
      tls.tcp.write('clear')
      await peer.until(() => peer.plaintext === 'clear')
      expect(tls.tcp.destroyed).toBe(false)
    })
  })

  describe('destroyed meanwhile', () => {
    test.each(['socket', 'tcp'] as const)('%s.destroy() ends it', async (which) => {
      for (const when of ['at once', 'later'] as const) {
        const tls = await started(side)
        tls.socket.resume()
        const unwrapped = failing(tls.unwrap(ample))
        if (when === 'later') await tls.peer.until(() => tls.peer.isClosed)
        tls[which].destroy()
        expect(await unwrapped).toMatchObject({ code: 'ERR_UNWRAP_FAILED', report: { endedBy: 'destroy' } })
        await bothGone(tls)
      }
    })
  })
})

describe.each(startedSides.filter(({ version }) => version === 'TLSv1.3'))('TLS 1.3, our side is the $near', (side) => {
  test('key updates that ask for an answer come between the alerts', async () => {
    const tls = await started(side)
    const { peer } = tls
    const read = textOf(tls.socket)
    const unwrapped = tls.unwrap(ample)
    await peer.until(() => peer.isClosed)
    peer.send(peer.keyUpdate(), peer.sealed('new key'), peer.keyUpdate(), peer.closeNotify(), 'clear')
    expect(String(await readExactly(await unwrapped, 5))).toBe('clear')
    expect(read.text).toBe('new key')
  })
})

test('session tickets that come between the alerts belong to TLS', async () => {
  const { near: tcp, far } = await tcpPair()
  const { EngineEnd } = await import('../support/engine-end.js')
  const { socket, unwrap } = startTls(tcp, optionsOf({ version: 'TLSv1.3', near: 'client' }))
  let tickets = 0
  socket.on('session', () => tickets++)
  const peer = new EngineEnd(far, { side: 'server', version: 'TLSv1.3' })
  await once(socket.resume(), 'secureConnect')
  // In the same turn: the tickets are written when the client's Finished has come.
  far.cork()
  const unwrapped = unwrap(ample)
  await peer.until(() => peer.isClosed)
  expect(tickets).toBe(0)
  peer.send(peer.closeNotify(), 'clear')
  far.uncork()
  expect(String(await readExactly(await unwrapped, 5))).toBe('clear')
  expect(tickets).toBe(2)
})
