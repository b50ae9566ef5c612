// After unwrap(): the TLSSocket has come to its end in both directions, and the net.Socket tells of an end of TCP that came
// while it belonged to TLS.
import { finished } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import { once, turns } from '../support/streams.js'
import { ample, started, startedSides, until } from './started.js'

describe.each(startedSides)('$version, our side is the $near', (side) => {
  test.each([false, true])('stream.finished() has no error; unread data before: %s', async (isUnread) => {
    const tls = await started(side)
    const over = finished(tls.socket)
    if (!isUnread) tls.socket.resume()
    const unwrapped = tls.unwrap(ample)
    await tls.peer.until(() => tls.peer.isClosed)
    tls.peer.send(tls.peer.sealed('for a late reader'), tls.peer.closeNotify(), 'clear')
    await unwrapped
    if (isUnread) tls.socket.resume()
    await over
    await until(() => tls.socket.closed)
    await turns(5)
    tls.tcp.write('still open')
    await tls.peer.until(() => tls.peer.plaintext === 'still open')
    expect(tls.peer.hasEnded).toBe(false)
  })

  test.each([false, true])("FIN right behind the peer's close_notify, allowHalfOpen: %s", async (allowHalfOpen) => {
    let ends = 0
    const tls = await started(side, (tcp) => {
      tcp.allowHalfOpen = allowHalfOpen
      tcp.on('end', () => ends++)
    })
    const { tcp, socket, unwrap, peer, far } = tls
    socket.resume()
    const unwrapped = unwrap(ample)
    await peer.until(() => peer.isClosed)
    far.cork()
    peer.send(peer.closeNotify())
    far.end()
    await unwrapped
    await once(tcp.resume(), 'end')
    await turns(5)
    expect(ends).toBe(1)
    if (allowHalfOpen) {
      expect(peer.hasEnded).toBe(false)
      tcp.end('clear')
    }
    await peer.until(() => peer.hasEnded)
    expect(peer.plaintext).toBe(allowHalfOpen ? 'clear' : '')
    await until(() => tcp.closed)
  })
})
