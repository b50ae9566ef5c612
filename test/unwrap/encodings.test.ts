// setEncoding() of the net.Socket, as programs of line protocols use it: TLS has bytes, the program has text.
import { describe, expect, test } from 'vitest'
import { startTls } from '../../lib/index.js'
import { withCode } from '../closure/sides.js'
import { tcpPair } from '../closure/tls-over.js'
import { turns } from '../support/streams.js'
import { ample, optionsOf, started, startedSides, textOf, until } from './started.js'

describe.each(startedSides)('$version, our side is the $near', (side) => {
  test.each(['utf8', 'hex'] as const)('it rests while TLS is on: %s', async (encoding) => {
    const heard: unknown[] = []
    const tls = await started(side, (tcp) => {
      tcp.setEncoding(encoding).on('data', (text) => heard.push(text))
    })
    const { tcp, socket, peer } = tls
    expect(tcp.readableEncoding).toBeNull()
    socket.resume()
    const unwrapped = tls.unwrap(ample)
    await peer.until(() => peer.isClosed)
    peer.send(peer.sealed('bye'), peer.closeNotify(), 'zäh')
    await unwrapped
    expect(tcp.readableEncoding).toBe(encoding)
    await until(() => heard.length > 0)
    expect(heard).toEqual([encoding === 'hex' ? '7ac3a468' : 'zäh'])
  })
})

test('text that nobody has read is refused, half a character too, and the net.Socket is as it was', async () => {
  for (const early of ['unread', Buffer.from([0xc3])]) {
    const { near, far } = await tcpPair()
    near.setEncoding('utf8')
    // The text that waits is read up; half a character stays with the decoder.
    if (early !== 'unread') near.on('data', () => undefined)
    far.write(early)
    while (near.bytesRead === 0) {
      near.read(0)
      await turns(1)
    }
    expect(() => startTls(near, optionsOf({ version: 'TLSv1.3', near: 'client' }))).toThrow(
      expect.objectContaining(withCode('ERR_CLOSURE_INVALID_ARGUMENT')),
    )
    expect([near.readableEncoding, Object.hasOwn(near, 'write')]).toEqual(['utf8', false])
    if (early !== 'unread') {
      const read = textOf(near)
      far.write(Buffer.from([0xa4]))
      await until(() => read.text === 'ä')
    }
  }
})
