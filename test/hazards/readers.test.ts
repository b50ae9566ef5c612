import { once as onceEvent } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { readerCases } from '../closure/shared/readers.js'
import { nodeWays } from '../closure/shared/ways.js'
import { tlsVersions } from '../support/pair.js'
import { pairFor, turns } from './pairs.js'
import { relayedServer } from './relayed.js'

const manyBytes = 200_000
const muchTime = { flushTimeout: 600_000, waitTimeout: 600_000 } as const
const discarding = { mode: 'bidirectional', onData: 'discard', ...muchTime } as const

readerCases(nodeWays)

describe.each(tlsVersions)('readers that Node alone has, %s', (version) => {
  test('discard reads by itself where Node has stopped reading, for the buffer of an absent reader is full', async () => {
    const { client, server } = await pairFor({ version, allowHalfOpen: true })
    server.write(Buffer.alloc(1_000_000))
    while (Reflect.get(handleOf(client), 'reading') !== false) await turns(1)
    const unread = client.readableLength
    server.resume()
    server.on('end', () => server.end())
    const report = await closureOf(client).shutdown({ ...discarding, maxDiscardBytes: 2_000_000 })
    expect(report).toMatchObject({ verdict: 'clean', endedBy: 'done', discardedBytes: 1_000_000 - unread })
  })

  test.each(['deliver', 'discard'] as const)('a socket with the onread option, %s', async (onData) => {
    const relayed = await relayedServer({ allowHalfOpen: true, minVersion: version, maxVersion: version })
    let length = 0
    const callback = (bytes: number) => {
      length += bytes
      return true
    }
    const onread = { buffer: Buffer.alloc(8192), callback }
    // The types of tls.connect do not know the option.
    const options = { ...relayed.client, minVersion: version, maxVersion: version, onread }
    const socket = connect(options)
    onTestFinished(() => void socket.destroy())
    await onceEvent(socket, 'secureConnect')
    const server = await relayed.nextServer()
    await turns(1)
    server.resume()
    server.on('end', () => server.end(Buffer.alloc(manyBytes)))
    const closure = closureOf(socket)
    const report = await closure.shutdown({ mode: 'bidirectional', onData, ...muchTime })
    expect(report).toMatchObject({ verdict: 'clean', received: { kind: 'close_notify' } })
    expect(report.discardedBytes + length).toBe(manyBytes)
    expect(report.discardedBytes).toBe(onData === 'discard' ? manyBytes : 0)
  })
})

function handleOf(socket: TLSSocket): object {
  const handle: unknown = Reflect.get(socket, '_handle')
  if (typeof handle !== 'object' || handle === null) throw new Error('Expected a handle')
  return handle
}
