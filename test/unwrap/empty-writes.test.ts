// Empty writes: TLSWrap hands them to a stream of JavaScript without counting them, and Node's process ends by an
// assertion when OpenSSL answers the peer meanwhile.
import type { TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startTls } from '../../lib/index.js'
import { tcpPair } from '../closure/tls-over.js'
import { once, turns } from '../support/streams.js'
import { ample, optionsOf, started, startedSides, textOf, until } from './started.js'

describe.each(startedSides)('$version, our side is the $near', (side) => {
  test.each(['write', 'end'] as const)(
    '%s() of nothing, while the peer sends what OpenSSL answers by an alert',
    async (call) => {
      const { socket, peer, errors } = await started(side)
      let isAsked = false
      socket.on('data', () => {
        isAsked = true
        socket[call]('')
      })
      peer.send(peer.sealed('x'), Buffer.from([23, 3, 3, 0, 40]), Buffer.alloc(40, 1))
      await until(() => errors.length > 0 || socket.destroyed)
      await turns(5)
      expect(isAsked).toBe(true)
    },
  )

  test('an empty write calls back, and what follows it leaves', async () => {
    const { socket, peer } = await started(side)
    const written: string[] = []
    socket.write('', () => written.push('empty'))
    socket.write('data', () => written.push('data'))
    await new Promise<void>((resolve) => socket.write(Buffer.alloc(0), () => resolve()))
    expect(written).toEqual(['empty', 'data'])
    await peer.until(() => peer.data === 'data')
  })
})

// It begins by two empty writes.
test.each(['client', 'server'] as const)('renegotiation, TLS 1.2, our %s begins', async (near) => {
  const version = 'TLSv1.2'
  const far = near === 'client' ? 'server' : 'client'
  const { near: nearTcp, far: farTcp } = await tcpPair()
  const ours = startTls(nearTcp, optionsOf({ version, near }))
  const theirs = startTls(farTcp, optionsOf({ version, near: far }))
  for (const { socket } of [ours, theirs]) onTestFinished(() => void socket.on('error', () => undefined).destroy())
  await Promise.all([ours, theirs].map(({ socket }) => once(socket, 'secureConnect')))
  const read = textOf(theirs.socket)
  ours.socket.resume()
  expect(await renegotiated(ours.socket)).toBeNull()
  ours.socket.write('under new keys')
  await until(() => read.text === 'under new keys')
  expect(await Promise.all([ours.unwrap(ample), theirs.unwrap(ample)])).toEqual([nearTcp, farTcp])
})

function renegotiated(socket: TLSSocket): Promise<Error | null> {
  return new Promise((resolve) => void socket.renegotiate({}, resolve))
}
