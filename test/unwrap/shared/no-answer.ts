// What comes in place of the peer's close_notify, at every step: the connection ends, and nothing is given back.
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { tcpPair } from '../../closure/tls-over.js'
import { once, turns } from '../../support/streams.js'
import { ample, bothGone, failing, type OnTcp, until, type Way } from './taken-off.js'

export function noAnswerCases(ways: readonly Way[]): void {
  describe.each(ways)('$name, $version, our side is the $near', (way) => {
    describe('what is no answer', () => {
      const answers: readonly { readonly answer: string; readonly send: (tls: OnTcp) => void }[] = [
        { answer: 'plaintext', send: ({ peer }) => peer.send('HTTP/1.1 400 Bad Request\r\n\r\n') },
        {
          answer: 'what looks like a record',
          send: ({ peer }) => peer.send(Buffer.from([23, 3, 3, 0, 30]), 'x'.repeat(30)),
        },
        { answer: 'a close_notify in the clear', send: ({ peer }) => peer.send(Buffer.from([21, 3, 3, 0, 2, 1, 0])) },
        {
          answer: 'a close_notify whose last byte is wrong',
          send: ({ peer }) => {
            const alert = peer.closeNotify()
            peer.send(alert.subarray(0, -1), Buffer.of((alert.at(-1) ?? 0) ^ 1))
          },
        },
      ]
      test.each(answers)('$answer', async ({ send }) => {
        const tls = await way.begin()
        tls.tls.resume()
        const unwrapped = failing(tls.unwrap({ ...ample, waitTimeout: 2000 }))
        await tls.peer.until(() => tls.peer.isClosed)
        send(tls)
        tls.far.end()
        expect(await unwrapped).toMatchObject({ code: 'ERR_UNWRAP_FAILED' })
        await bothGone(tls)
      })
    })

    test('what is no TLS, while nobody unwraps, is an error on both sides', async () => {
      const tls = await way.begin()
      tls.tls.resume()
      tls.peer.send('HTTP/1.1 400 Bad Request\r\n\r\n')
      await until(() => tls.errors.length > 0)
      expect(tls.errors).toHaveLength(1)
    })

    describe('the end of TCP', () => {
      const ends: readonly { readonly end: string; readonly act: (far: Socket) => void }[] = [
        { end: 'FIN', act: (far) => void far.end() },
        { end: 'RST', act: (far) => void far.resetAndDestroy() },
      ]
      describe.each(ends)('$end', ({ end, act }) => {
        test('in the handshake', async () => {
          const { near, far } = await tcpPair()
          const { tls, unwrap, secured } = way.put(near, way.near)
          secured.catch(() => undefined)
          tls.on('error', () => undefined)
          act(far)
          await until(() => near.destroyed && tls.destroyed)
          await expect(unwrap()).rejects.toMatchObject({ name: 'ClosureError', origin: 'caller' })
        })

        test('before unwrap() is called', async () => {
          const tls = await way.begin()
          act(tls.far)
          tls.tls.resume()
          await until(() => tls.tls.readableEnded || tls.tls.destroyed)
          await expect(tls.unwrap(ample)).rejects.toBeInstanceOf(Error)
          await bothGone(tls)
        })

        test('before our alert is out', async () => {
          const tls = await way.begin()
          tls.far.pause()
          tls.tls.resume().write('x'.repeat(20_000_000))
          const unwrapped = failing(tls.unwrap({ flushTimeout: 300, waitTimeout: 20_000 }))
          await turns(5)
          act(tls.far)
          const { code } = await unwrapped
          // A FIN behind which nobody reads is no end to startTls(): the flush budget is. To a TlsStream it is a cut.
          const isWaited = end === 'FIN' && way.name === 'startTls()'
          expect(code).toBe(isWaited ? 'ERR_UNWRAP_TIMEOUT' : 'ERR_UNWRAP_FAILED')
          await bothGone(tls)
        })

        test('in place of the answer', async () => {
          const tls = await way.begin()
          tls.tls.resume()
          const unwrapped = failing(tls.unwrap(ample))
          await tls.peer.until(() => tls.peer.isClosed)
          act(tls.far)
          const { code, report } = await unwrapped
          expect(code).toBe('ERR_UNWRAP_FAILED')
          expect(report).toMatchObject({
            received: { kind: 'nothing' },
            tcp: { kind: end === 'FIN' ? 'fin' : 'reset' },
          })
          await bothGone(tls)
        })

        test.each([1, 5, 9])('inside the answer, after %i bytes of it', async (bytes) => {
          const tls = await way.begin()
          tls.tls.resume()
          const unwrapped = failing(tls.unwrap(ample))
          await tls.peer.until(() => tls.peer.isClosed)
          tls.peer.send(tls.peer.closeNotify().subarray(0, bytes))
          await turns(5)
          act(tls.far)
          const { code, report } = await unwrapped
          expect(code).toBe('ERR_UNWRAP_FAILED')
          // BoringSSL does not tell.
          const cut = way.name.endsWith('boringssl') ? {} : { cut: bytes < 5 ? 'inside-header' : 'inside-record' }
          expect(report.tcp).toMatchObject(end === 'FIN' ? { kind: 'fin', ...cut } : { kind: 'reset' })
          await bothGone(tls)
        })

        test('behind the answer it belongs to the net.Socket', async () => {
          const tls = await way.begin()
          tls.tls.resume()
          const unwrapped = tls.unwrap(ample)
          await tls.peer.until(() => tls.peer.isClosed)
          tls.peer.send(tls.peer.closeNotify())
          await unwrapped
          const heard = Promise.race([
            once(tls.tcp.resume(), 'end').then(() => 'FIN'),
            once(tls.tcp, 'error').then(() => 'RST'),
          ])
          const reset = heard.catch((error: unknown) => (error instanceof Error ? 'RST' : 'FIN'))
          act(tls.far)
          expect(await reset).toBe(end)
        })
      })
    })
  })
}
