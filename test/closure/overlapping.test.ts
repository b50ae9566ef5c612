// closeNotify() under way when shutdown() or unwrap() comes: our alert stays behind all that was written before.
import { describe, expect, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { ample, started, startedSides } from '../unwrap/started.js'
import { turns } from '../support/streams.js'
import { withCode } from './sides.js'

const large = 8_000_000

describe.each(startedSides)('closeNotify() under way, $version, our side is the $near', (side) => {
  test.each(['unwrap()', 'shutdown(), keep-open'])('%s', async (call) => {
    const { tcp, socket, unwrap, peer, far } = await started(side)
    far.pause()
    socket.resume()
    for (const piece of ['a', 'b', 'c']) socket.write(piece.repeat(large))
    const closure = closureOf(socket)
    const sent = closure.closeNotify({ flushTimeout: 20_000 })
    await turns(5)
    const options = { mode: 'bidirectional', afterwards: 'keep-open', ...ample } as const
    const done = call === 'unwrap()' ? unwrap(ample).then(() => 'done') : closure.shutdown(options).then(() => 'done')
    await turns(20)
    far.resume()
    await peer.until(() => peer.isClosed)
    expect(peer.data.length).toBe(3 * large)
    await sent
    peer.send(peer.closeNotify())
    expect(await done).toBe('done')
    expect(closure.alerts.filter(({ direction }) => direction === 'sent')).toHaveLength(1)
    tcp.destroy()
  })

  test('and failing: what is written later stays refused, for the closing goes on', async () => {
    const { socket, unwrap, peer, far } = await started(side)
    far.pause()
    socket.resume().write('x'.repeat(20_000_000))
    const failed = closureOf(socket).closeNotify({ flushTimeout: 50 })
    const unwrapped = unwrap(ample)
    await expect(failed).rejects.toMatchObject(withCode('ERR_CLOSURE_FLUSH_TIMEOUT'))
    const refused = new Promise((resolve) => socket.write('late', resolve))
    expect(await refused).toMatchObject(withCode('ERR_WRITE_AFTER_CLOSE_NOTIFY'))
    far.resume()
    await peer.until(() => peer.isClosed)
    peer.send(peer.closeNotify())
    await unwrapped
    expect(peer.data).toHaveLength(20_000_000)
  })
})
