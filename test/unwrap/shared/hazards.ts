// What can go wrong while TLS is taken off: the net.Socket is given back after both close_notify alone, and nothing goes
// out in the clear before. The cases of swift-nio-ssl's UnwrappingTests are among them.
import { describe, expect, test } from 'vitest'
import { tcpPair } from '../../closure/tls-over.js'
import { EngineEnd } from '../../support/engine-end.js'
import { delay, once, readExactly, turns } from '../../support/streams.js'
import { ample, bothGone, failing, sourceOf, textOf, type Way, until, withCode } from './taken-off.js'

export function unwrapHazards(ways: readonly Way[]): void {
  describe.each(ways)('$name, $version, our side is the $near', (way) => {
    describe('the order of things', () => {
      test('what was written before is delivered, and our alert comes behind it', async () => {
        const tls = await way.begin()
        const { peer, far } = tls
        const large = 'x'.repeat(5_000_000)
        far.pause()
        tls.tls.resume().write(large)
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
        const tls = await way.begin()
        const { peer } = tls
        const read = textOf(tls.tls)
        const unwrapped = tls.unwrap(ample)
        const refused = new Promise((resolve) => tls.tls.write('late', resolve))
        expect(await refused).toMatchObject(withCode('ERR_WRITE_AFTER_CLOSE_NOTIFY'))
        await peer.until(() => peer.isClosed)
        peer.send(peer.sealed('still in TLS'), peer.closeNotify())
        await unwrapped
        expect(read.text).toBe('still in TLS')
        expect(peer).toMatchObject({ data: '', plaintext: '' })
      })

      test('what is piped into TLS behind our alert does not disturb unwrap()', async () => {
        const tls = await way.begin()
        const { peer } = tls
        tls.tls.resume()
        const unwrapped = tls.unwrap(ample)
        await peer.until(() => peer.isClosed)
        sourceOf('too late', 5).pipe(tls.tls, { end: false })
        await turns(20)
        peer.send(peer.closeNotify())
        expect(await unwrapped).toBe(tls.tcp)
        tls.tcp.write('clear')
        await peer.until(() => peer.plaintext === 'clear')
        expect(tls.errors).toEqual([])
      })

      test('TLS keeps what its reader has not read, and goes when it has', async () => {
        const tls = await way.begin()
        const { peer } = tls
        const unwrapped = tls.unwrap(ample)
        await peer.until(() => peer.isClosed)
        peer.send(peer.sealed('for a late reader'), peer.closeNotify(), 'in the clear')
        const tcp = await unwrapped
        expect(String(await readExactly(tcp, 12))).toBe('in the clear')
        expect(tls.tls.destroyed).toBe(false)
        const read = textOf(tls.tls)
        await once(tls.tls, 'close')
        expect(read.text).toBe('for a late reader')
        expect(tcp).toMatchObject({ destroyed: false, writable: true })
      })

      test('onData: discard reads to the alert where nobody else does', async () => {
        const tls = await way.begin()
        const { peer } = tls
        tls.tls.pause()
        const unwrapped = tls.unwrap({ ...ample, onData: 'discard' })
        await peer.until(() => peer.isClosed)
        peer.send(...Array.from({ length: 20 }, () => peer.sealed(Buffer.alloc(16_384))), peer.closeNotify(), 'clear')
        expect(String(await readExactly(await unwrapped, 5))).toBe('clear')
      })

      test('end() meanwhile sends FIN behind both alerts', async () => {
        const tls = await way.begin()
        const { peer } = tls
        tls.tls.resume()
        const unwrapped = tls.unwrap(ample)
        await peer.until(() => peer.isClosed)
        tls.tls.end()
        await turns(10)
        expect(peer.hasEnded).toBe(false)
        peer.send(peer.closeNotify(), 'last words')
        const tcp = await unwrapped
        await peer.until(() => peer.hasEnded)
        expect(String(await readExactly(tcp, 10))).toBe('last words')
        expect(tcp.writableEnded).toBe(true)
      })
    })

    test('both sides at once', async () => {
      const { near, far } = await tcpPair()
      const other = way.near === 'client' ? 'server' : 'client'
      const ends = [way.put(near, way.near), way.put(far, other)]
      for (const { tls } of ends) tls.resume()
      await Promise.all(ends.map(({ secured }) => secured))
      await turns(5)
      expect(await Promise.all(ends.map(({ unwrap }) => unwrap(ample)))).toEqual([near, far])
      near.write('there')
      far.write('back.')
      expect([String(await readExactly(far, 5)), String(await readExactly(near, 5))]).toEqual(['there', 'back.'])
    })

    describe('a peer that never answers', () => {
      test('is given waitTimeout, and the connection is destroyed', async () => {
        const tls = await way.begin()
        tls.tls.resume()
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
        const tls = await way.begin()
        const { peer } = tls
        const read = textOf(tls.tls)
        const options = { ...ample, waitTimeout: 30, onTimeout: 'reject' } as const
        for (let call = 0; call < 3; call++) {
          const error = await failing(tls.unwrap(options))
          expect(error).toMatchObject({ code: 'ERR_UNWRAP_TIMEOUT', report: { sent: { kind: 'close_notify' } } })
          const refused = new Promise((resolve) => tls.tcp.write('too early', resolve))
          expect(await refused).toMatchObject(withCode('ERR_PLAINTEXT_UNDER_TLS'))
        }
        expect(tls.tls.destroyed).toBe(false)
        peer.send(peer.sealed('late'), peer.closeNotify(), 'clear')
        expect(await tls.unwrap({ ...options, waitTimeout: 20_000 })).toBe(tls.tcp)
        expect(read.text).toBe('late')
        expect(String(await readExactly(tls.tcp, 5))).toBe('clear')
        expect(peer.plaintext).toBe('')
      })

      test('an answer that comes while nobody waits is kept for the next call, and so are errors', async () => {
        for (const isReset of [false, true]) {
          const tls = await way.begin()
          const { peer } = tls
          tls.tls.resume()
          await failing(tls.unwrap({ ...ample, waitTimeout: 10, onTimeout: 'reject' }))
          peer.send(peer.closeNotify(), 'clear')
          await until(() => tls.tls.readableEnded)
          await turns(20)
          const refused = new Promise((resolve) => tls.tcp.write('too early', resolve))
          expect(await refused).toMatchObject(withCode('ERR_PLAINTEXT_UNDER_TLS'))
          if (isReset) {
            tls.far.resetAndDestroy()
            await bothGone(tls)
            const code: unknown = expect.stringMatching(/^ERR_(UNWRAP_FAILED|CLOSURE_CLOSED)$/)
            await expect(tls.unwrap(ample)).rejects.toMatchObject({ code })
            continue
          }
          // An answer that is there is one, whatever the budget.
          const tcp = await tls.unwrap({ waitTimeout: 0, flushTimeout: 0, onTimeout: 'reject' })
          expect(String(await readExactly(tcp, 5))).toBe('clear')
        }
      })

      test('what a call drops that gives up is in the report', async () => {
        const tls = await way.begin()
        const { peer } = tls
        const dropped = failing(tls.unwrap({ ...ample, waitTimeout: 100, onData: 'discard', onTimeout: 'reject' }))
        await peer.until(() => peer.isClosed)
        peer.send(peer.sealed('nobody wants this'))
        const { report } = await dropped
        expect(report.discardedBytes).toBe(17)
        tls.tls.destroy()
        expect((await tls.report()).discardedBytes).toBe(17)
      })

      test('where it is our reader that stalls, nothing is given back either', async () => {
        const tls = await way.begin()
        tls.tls.pause()
        const unwrapped = failing(tls.unwrap({ ...ample, waitTimeout: 100 }))
        await tls.peer.until(() => tls.peer.isClosed)
        const large = Array.from({ length: 20 }, () => tls.peer.sealed(Buffer.alloc(16_384)))
        tls.peer.send(...large, tls.peer.closeNotify(), 'clear')
        expect(await unwrapped).toMatchObject({ code: 'ERR_UNWRAP_TIMEOUT', report: { verdict: 'reader-stalled' } })
        await bothGone(tls)
      })

      test("after onTimeout: 'reject' a call that destroys does so", async () => {
        const tls = await way.begin()
        tls.tls.resume()
        await failing(tls.unwrap({ ...ample, waitTimeout: 10, onTimeout: 'reject' }))
        expect(await failing(tls.unwrap({ ...ample, waitTimeout: 10 }))).toMatchObject({ code: 'ERR_UNWRAP_TIMEOUT' })
        await bothGone(tls)
      })

      test('a peer that does not even read is given flushTimeout', async () => {
        for (const onTimeout of ['destroy', 'reject'] as const) {
          const tls = await way.begin()
          tls.far.pause()
          tls.tls.resume().write('x'.repeat(20_000_000))
          const error = await failing(tls.unwrap({ waitTimeout: 20_000, flushTimeout: 50, onTimeout }))
          expect(error).toMatchObject({ code: 'ERR_UNWRAP_TIMEOUT', report: { sent: { kind: 'nothing' } } })
          expect(tls.tls.destroyed).toBe(onTimeout === 'destroy')
          tls.tls.destroy()
          await bothGone(tls)
        }
      })

      test.each(['destroy', 'reject'] as const)('a signal ends it, onTimeout: %s', async (onTimeout) => {
        for (const isBefore of [true, false]) {
          const tls = await way.begin()
          tls.tls.resume()
          const abort = new AbortController()
          if (isBefore) abort.abort(new Error('enough'))
          const unwrapped = failing(tls.unwrap({ ...ample, onTimeout, signal: abort.signal }))
          if (!isBefore) await tls.peer.until(() => tls.peer.isClosed)
          abort.abort(new Error('enough'))
          expect(await unwrapped).toMatchObject({ code: 'ERR_UNWRAP_ABORTED', cause: { message: 'enough' } })
          await bothGone(tls)
        }
      })

      test.each(['destroy', 'reject'] as const)('a budget that is met does nothing later, %s', async (onTimeout) => {
        const tls = await way.begin()
        const { peer } = tls
        tls.tls.resume()
        const unwrapped = tls.unwrap({ flushTimeout: 200, waitTimeout: 200, onTimeout })
        await peer.until(() => peer.isClosed)
        peer.send(peer.closeNotify())
        await unwrapped
        await delay(300)
        tls.tcp.write('clear')
        await peer.until(() => peer.plaintext === 'clear')
        expect(tls.tcp.destroyed).toBe(false)
      })
    })

    describe('destroyed meanwhile', () => {
      test.each(['tls', 'tcp'] as const)('%s.destroy() ends it', async (which) => {
        for (const when of ['at once', 'later'] as const) {
          const tls = await way.begin()
          tls.tls.resume()
          const unwrapped = failing(tls.unwrap(ample))
          if (when === 'later') await tls.peer.until(() => tls.peer.isClosed)
          tls[which].destroy()
          expect(await unwrapped).toMatchObject({ code: 'ERR_UNWRAP_FAILED', report: { endedBy: 'destroy' } })
          await bothGone(tls)
        }
      })
    })
  })

  describe.each(ways.filter(({ version }) => version === 'TLSv1.3'))('$name, TLS 1.3, our side is the $near', (way) => {
    test('key updates that ask for an answer come between the alerts', async () => {
      const tls = await way.begin()
      const { peer } = tls
      const read = textOf(tls.tls)
      const unwrapped = tls.unwrap(ample)
      await peer.until(() => peer.isClosed)
      peer.send(peer.keyUpdate(), peer.sealed('new key'), peer.keyUpdate(), peer.closeNotify(), 'clear')
      expect(String(await readExactly(await unwrapped, 5))).toBe('clear')
      expect(read.text).toBe('new key')
    })
  })

  test.each(ways.filter(({ version, near }) => version === 'TLSv1.3' && near === 'client'))(
    '$name: session tickets that come between the alerts belong to TLS',
    async ({ name, put }) => {
      const { near: tcp, far } = await tcpPair()
      const { tls, unwrap, secured } = put(tcp, 'client')
      let tickets = 0
      tls.on('session', () => tickets++)
      const peer = new EngineEnd(far, { side: 'server', version: 'TLSv1.3' })
      tls.resume()
      await secured
      // In the same turn: the tickets are written when the client's Finished has come.
      far.cork()
      const unwrapped = unwrap(ample)
      await peer.until(() => peer.isClosed)
      expect(tickets).toBe(0)
      peer.send(peer.closeNotify(), 'clear')
      far.uncork()
      expect(String(await readExactly(await unwrapped, 5))).toBe('clear')
      // BoringSSL takes none of them behind its own close_notify.
      expect(tickets).toBe(name.endsWith('boringssl') ? 0 : 2)
    },
  )
}
