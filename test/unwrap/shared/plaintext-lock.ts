// Nothing is written in the clear beneath TLS: a write of the program's to the transport is refused, until the peer's close_notify
// was authenticated and unwrap() has resolved, or TLS is gone.
import { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { startTls } from '../../../lib/index.js'
import { createContext, TlsStream } from '../../../lib/stream/index.js'
import { tcpPair } from '../../closure/tls-over.js'
import { certificate } from '../../support/certificate.js'
import { turns } from '../../support/streams.js'
import { ample, bothGone, failing, leftOn, sourceOf, type Way, until, withCode } from './taken-off.js'

const refused = withCode('ERR_PLAINTEXT_UNDER_TLS')

export function plaintextLockCases(ways: readonly Way[]): void {
  describe.each(ways)('$name, $version, our side is the $near', ({ begin, put, near }) => {
    test('a write is refused, in each form, and TLS goes on', async () => {
      const { tcp, tls, peer } = await begin()
      tls.resume()
      expect(tcp.write('no callback')).toBe(false)
      expect(await new Promise((resolve) => tcp.write('plaintext', resolve))).toMatchObject(refused)
      expect(await new Promise((resolve) => tcp.write('plaintext', 'utf8', resolve))).toMatchObject(refused)
      tls.write('in TLS')
      await peer.until(() => peer.data === 'in TLS')
      expect(peer).toMatchObject({ plaintext: '', isClosed: false })
    })

    test('end() with data: the data is refused, and TLS ends in order', async () => {
      const { tcp, tls, peer } = await begin()
      tls.resume()
      const refusals: unknown[] = []
      tcp.end('the end', (...given: readonly unknown[]) => refusals.push(...given))
      await until(() => refusals.length > 0)
      expect(refusals).toMatchObject([refused])
      await peer.until(() => peer.hasEnded)
      expect(peer).toMatchObject({ isClosed: true, plaintext: '' })
    })

    test('end() calls back when FIN has left, and so does destroySoon()', async () => {
      const { tcp, tls, peer } = await begin()
      tls.resume()
      await new Promise<void>((resolve) => tcp.end(resolve))
      await peer.until(() => peer.hasEnded)
      expect(peer).toMatchObject({ isClosed: true, plaintext: '' })
      const second = await begin()
      second.tls.resume()
      second.tcp.destroySoon()
      await second.peer.until(() => second.peer.hasEnded)
      expect(second.peer).toMatchObject({ isClosed: true, plaintext: '' })
    })

    test('what is piped into it does not leave, and TLS goes on', async () => {
      const { tcp, tls, peer, far, errors } = await begin()
      const wire: Buffer[] = []
      far.on('data', (bytes: Buffer) => wire.push(bytes))
      for (let round = 0; round < 2; round++) {
        sourceOf('in the clear', 5).pipe(tcp, { end: false })
        await turns(20)
        tls.write('in TLS')
        await until(() => peer.data === 'in TLS'.repeat(round + 1) || Buffer.concat(wire).includes('clear'))
      }
      expect(Buffer.concat(wire).includes('clear')).toBe(false)
      expect(errors).toEqual([])
    })

    test.each([1, 2, 3])(
      'what was written before leaves before TLS, in %i pieces, and nothing after it',
      async (pieces) => {
        const { near: tcp, far } = await tcpPair()
        const written = Array.from({ length: pieces }, (_, index) => String(index).repeat(2_000_000))
        for (const piece of written) tcp.write(piece)
        const { tls, secured } = put(tcp, near)
        secured.catch(() => undefined)
        tls.on('error', () => undefined)
        tcp.write('refused')
        const early = written.join('')
        const wire: Buffer[] = []
        let received = 0
        far.on('data', (bytes: Buffer) => {
          wire.push(bytes)
          received += bytes.length
        })
        // A client sends its ClientHello behind it.
        await until(() => received >= early.length + (near === 'client' ? 1 : 0))
        await turns(20)
        const all = Buffer.concat(wire)
        expect(String(all.subarray(0, early.length)) === early).toBe(true)
        expect(all[early.length]).toBe(near === 'client' ? 22 : undefined)
        far.destroy()
      },
    )

    test('between the two close_notify it is refused; when unwrap() has resolved it leaves, and nothing of ours is left', async () => {
      const { tcp, tls, unwrap, peer } = await begin()
      tls.resume()
      const unwrapped = unwrap(ample)
      await peer.until(() => peer.isClosed)
      expect(await new Promise((resolve) => tcp.write('too early', resolve))).toMatchObject(refused)
      peer.send(peer.closeNotify())
      await unwrapped
      expect(leftOn(tcp)).toEqual([])
      tcp.write('clear')
      await peer.until(() => peer.plaintext !== '')
      expect(peer.plaintext).toBe('clear')
      sourceOf(' and on', 3).pipe(tcp)
      await peer.until(() => peer.hasEnded)
      expect(peer.plaintext).toBe(`clear${' and on'.repeat(3)}`)
    })

    test('after an unwrap() that was not answered in time it is still refused', async () => {
      const { tcp, tls, unwrap, peer } = await begin()
      tls.resume()
      await failing(unwrap({ ...ample, waitTimeout: 20, onTimeout: 'reject' }))
      expect(await new Promise((resolve) => tcp.write('too early', resolve))).toMatchObject(refused)
      await turns(5)
      expect(peer.plaintext).toBe('')
    })

    test('a method of others on top of ours: it sees what TLS writes, and works afterwards', async () => {
      const { tcp, tls, unwrap, peer } = await begin()
      const beneath = tcp.write.bind(tcp)
      let calls = 0
      Object.defineProperty(tcp, 'write', {
        configurable: true,
        writable: true,
        value: (...args: readonly unknown[]): unknown => {
          calls++
          return Reflect.apply(beneath, undefined, args)
        },
      })
      tls.resume().write('in TLS')
      await peer.until(() => peer.data === 'in TLS')
      expect(calls).toBeGreaterThan(0)
      expect(await new Promise((resolve) => tcp.write('plaintext', resolve))).toMatchObject(refused)
      const unwrapped = unwrap(ample)
      await peer.until(() => peer.isClosed)
      peer.send(peer.closeNotify())
      await unwrapped
      tcp.write('clear')
      await peer.until(() => peer.plaintext === 'clear')
    })

    test('through what inherits from the net.Socket it is refused, too', async () => {
      const { tcp, tls, peer } = await begin()
      tls.resume()
      const heir: unknown = Object.create(tcp)
      if (!(heir instanceof Socket)) throw new Error('Expected what inherits from a net.Socket to be one')
      expect(await new Promise((resolve) => heir.write('plaintext', resolve))).toMatchObject(refused)
      tls.write('in TLS')
      await peer.until(() => peer.data === 'in TLS')
      expect(peer.plaintext).toBe('')
    })

    test('a method of others that stays on top while TLS is put on again: nothing passes in the clear, and TLS does', async () => {
      const { tcp, tls, unwrap, peer, far } = await begin()
      const beneath = tcp.write.bind(tcp)
      Object.defineProperty(tcp, 'write', {
        configurable: true,
        writable: true,
        value: (...args: readonly unknown[]): unknown => Reflect.apply(beneath, undefined, args),
      })
      tls.resume()
      const unwrapped = unwrap(ample)
      await peer.until(() => peer.isClosed)
      peer.send(peer.closeNotify())
      await unwrapped
      const wire: Buffer[] = []
      far.on('data', (bytes: Buffer) => wire.push(bytes))
      const second = put(tcp, near)
      second.secured.catch(() => undefined)
      second.tls.on('error', () => undefined)
      expect(await new Promise((resolve) => tcp.write('plaintext', resolve))).toMatchObject(refused)
      // A client begins, a server waits.
      if (near === 'client') await until(() => wire.length > 0)
      await turns(5)
      expect(Buffer.concat(wire)[0]).toBe(near === 'client' ? 22 : undefined)
      second.tls.destroy()
      await until(() => tcp.closed)
    })

    test.each(['tls', 'tcp'] as const)('%s.destroy() leaves nothing of ours', async (which) => {
      const ours = await begin()
      ours[which].destroy()
      await bothGone(ours)
      // Node's own error, as of any socket that is destroyed.
      const late = await new Promise((resolve) => ours.tcp.write('late', resolve))
      expect(late).toMatchObject({ code: 'ERR_STREAM_DESTROYED' })
    })

    test('TLS is not put on a second time, by neither way, and both can be when it is off', async () => {
      const { tcp, tls, unwrap, peer, far } = await begin()
      const again = withCode('ERR_TLS_ALREADY_STARTED')
      const options = { servername: certificate.host, ca: certificate.cert }
      const context = createContext('client', { ca: certificate.cert })
      expect(() => startTls(tcp, options)).toThrow(expect.objectContaining(again))
      expect(() => new TlsStream(tcp, { context, servername: certificate.host })).toThrow(
        expect.objectContaining(again),
      )
      tls.resume()
      const unwrapped = unwrap(ample)
      await peer.until(() => peer.isClosed)
      peer.send(peer.closeNotify())
      await unwrapped
      const second = put(tcp, near)
      second.secured.catch(() => undefined)
      second.tls.on('error', () => undefined)
      far.destroy()
      await until(() => tcp.destroyed)
    })
  })
}
