// An answer that comes when no call waits any more: the net.Socket stays TLS's until somebody asks, or destroys.
import { describe, expect, test } from 'vitest'
import { turns } from '../support/streams.js'
import { ample, bothGone, failing, started, startedSides, unwrappedOnce, until } from './started.js'

describe.each(startedSides)('$version, our side is the $near', (side) => {
  test.each(['TLSSocket', 'net.Socket'] as const)('destroy() of the %s destroys both', async (which) => {
    const tls = await started(side)
    tls.socket.resume()
    await failing(tls.unwrap({ ...ample, waitTimeout: 10, onTimeout: 'reject' }))
    tls.peer.send(tls.peer.closeNotify())
    await until(() => tls.socket.readableEnded)
    await turns(10)
    expect([tls.socket.destroyed, tls.tcp.destroyed]).toEqual([false, false])
    const destroyed = which === 'TLSSocket' ? tls.socket : tls.tcp
    destroyed.destroy()
    await bothGone(tls)
    await expect(tls.unwrap(ample)).rejects.toMatchObject({ code: 'ERR_UNWRAP_FAILED' })
  })

  test('after a success every later call has its outcome, whatever its budget and its signal', async () => {
    const tls = await unwrappedOnce(side)
    for (const onTimeout of ['destroy', 'reject'] as const) {
      expect(await tls.unwrap({ flushTimeout: 0, waitTimeout: 0, onTimeout })).toBe(tls.tcp)
      expect(await tls.unwrap({ signal: AbortSignal.abort(), onTimeout })).toBe(tls.tcp)
    }
    expect(tls.tcp.destroyed).toBe(false)
  })

  test('end() of the TLSSocket, with nobody waiting, sends FIN, and a later call is told that the connection is gone', async () => {
    const tls = await started(side)
    tls.socket.resume()
    await failing(tls.unwrap({ ...ample, waitTimeout: 10, onTimeout: 'reject' }))
    tls.peer.send(tls.peer.closeNotify())
    await until(() => tls.socket.readableEnded)
    tls.socket.end()
    await tls.peer.until(() => tls.peer.hasEnded)
    await bothGone(tls)
    await expect(tls.unwrap(ample)).rejects.toMatchObject({ code: 'ERR_UNWRAP_FAILED' })
  })
})
