// What is piped, or was written before: nothing leaves in the clear between the records, and nothing that was written before
// TLS is lost. pipe() of Node 26 goes past write().
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { startTls } from '../../lib/index.js'
import { tcpPair } from '../closure/tls-over.js'
import { turns } from '../support/streams.js'
import { ample, optionsOf, started, startedSides, unwrappedOnce, until } from './started.js'

/** A stream that gives each piece in its _read(), at once. */
function sourceOf(piece: string, count: number): Readable {
  let left = count
  return new Readable({
    read() {
      this.push(left-- > 0 ? Buffer.from(piece) : null)
    },
  })
}

describe.each(startedSides)('$version, our side is the $near', (side) => {
  test('what is piped into the net.Socket does not leave, and TLS goes on', async () => {
    const tls = await started(side)
    const wire: Buffer[] = []
    tls.far.on('data', (bytes: Buffer) => wire.push(bytes))
    for (let round = 0; round < 2; round++) {
      sourceOf('in the clear', 5).pipe(tls.tcp, { end: false })
      await turns(20)
      tls.socket.write('in TLS')
      await until(() => tls.peer.data === 'in TLS'.repeat(round + 1) || Buffer.concat(wire).includes('clear'))
    }
    expect(Buffer.concat(wire).includes('clear')).toBe(false)
    expect(tls.errors).toEqual([])
  })

  test('what is piped into the TLSSocket behind our alert does not disturb unwrap()', async () => {
    const tls = await started(side)
    tls.socket.resume()
    const unwrapped = tls.unwrap(ample)
    await tls.peer.until(() => tls.peer.isClosed)
    sourceOf('too late', 5).pipe(tls.socket, { end: false })
    await turns(20)
    tls.peer.send(tls.peer.closeNotify())
    expect(await unwrapped).toBe(tls.tcp)
    tls.tcp.write('clear')
    await tls.peer.until(() => tls.peer.plaintext === 'clear')
    expect(tls.errors).toEqual([])
  })

  test('what is piped into the net.Socket after unwrap() leaves', async () => {
    const tls = await unwrappedOnce(side)
    sourceOf('clear', 5).pipe(tls.tcp)
    await tls.peer.until(() => tls.peer.hasEnded)
    expect(tls.peer.plaintext).toBe('clear'.repeat(5))
  })
})

describe.each(['client', 'server'] as const)('what was written before startTls(), our side is the %s', (side) => {
  test.each([1, 2, 3])('leaves before TLS, in %i pieces', async (pieces) => {
    const { near, far } = await tcpPair()
    const written = Array.from({ length: pieces }, (_, index) => String(index).repeat(4_000_000))
    for (const piece of written) near.write(piece)
    startTls(near, optionsOf({ version: 'TLSv1.3', near: side })).socket.on('error', () => undefined)
    near.write('refused')
    const early = written.join('')
    const wire: Buffer[] = []
    let received = 0
    far.on('data', (bytes: Buffer) => {
      wire.push(bytes)
      received += bytes.length
    })
    // A client sends its ClientHello behind it.
    await until(() => received >= early.length + (side === 'client' ? 1 : 0))
    await turns(20)
    const all = Buffer.concat(wire)
    expect(String(all.subarray(0, early.length)) === early).toBe(true)
    expect(all[early.length]).toBe(side === 'client' ? 22 : undefined)
    far.destroy()
  })
})
