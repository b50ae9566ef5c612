// pipe() of Node 26 hands data to _write() of an idle stream, past its write(), which refuses what comes behind our alert.
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { once } from '../support/streams.js'
import { closeNotify, closeNotifyAndFin, connectSides, sides, turns } from './sides.js'

describe.each(sides)('closeNotify(), $version, our side is the $near', ({ version, near }) => {
  test('what is piped behind it is not on the wire, and does not disturb the reading', async () => {
    const { local, peer, wire, closure, localErrors } = await connectSides({ version, near }, { peerHalfOpen: true })
    peer.resume()
    await closure.closeNotify()
    await once(peer, 'end')
    let left = 5
    const source = new Readable({
      read() {
        this.push(left-- > 0 ? Buffer.from('too late') : null)
      },
    })
    source.pipe(local, { end: false })
    await turns(20)
    expect(wire.closing(near)).toEqual([closeNotify])
    local.resume().end()
    peer.end()
    await wire.seen(near, 'fin')
    expect(wire.closing(near)).toEqual(closeNotifyAndFin)
    expect(localErrors).toEqual([])
    expect(await closure.report).toMatchObject({ verdict: 'clean' })
  })
})
