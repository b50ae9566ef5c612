// end() in the same tick, before Node has asked for FIN: what is to leave TCP open comes too late, and changes nothing.
import { describe, expect, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { duplexOver } from '../hazards/transports.js'
import { tlsVersions } from '../support/pair.js'
import { once } from '../support/streams.js'
import { withCode } from './sides.js'
import { tcpPair, tlsOver, ways } from './tls-over.js'

describe.each(tlsVersions)('after end(), %s', (version) => {
  describe.each(ways)('$way', (way) => {
    test.each([{ call: 'closeNotify()' }, { call: 'shutdown(), keep-open' }])(
      '$call is refused, and what was written is delivered',
      async ({ call }) => {
        const { near, far } = await tcpPair()
        const { socket, peer } = await tlsOver(way, version, duplexOver(near, 'plain'), far)
        const errors: Error[] = []
        socket.on('error', (error: Error) => errors.push(error))
        const closure = closureOf(socket)
        socket.resume().end('bye')
        const refused = call === 'closeNotify()' ? closure.closeNotify() : closure.shutdown({ afterwards: 'keep-open' })
        await expect(refused).rejects.toMatchObject(withCode('ERR_CLOSURE_CLOSED'))
        await peer.until(() => peer.hasEnded)
        expect(peer).toMatchObject({ data: 'bye', isClosed: true, plaintext: '' })
        const closed = once(socket, 'close')
        peer.send(peer.closeNotify())
        peer.stream.end()
        await closed
        expect(errors).toEqual([])
      },
    )
  })
})
