import { once as onceEvent } from 'node:events'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { connect, type TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { type Pair, tlsVersions } from '../support/pair.js'
import { collect, once } from '../support/streams.js'
import { pairFor, turns } from './pairs.js'
import { relayedServer } from './relayed.js'

const manyBytes = 200_000
const muchTime = { flushTimeout: 600_000, waitTimeout: 600_000 } as const
const discarding = { mode: 'bidirectional', onData: 'discard', ...muchTime } as const
const delivering = { mode: 'bidirectional', onData: 'deliver', flushTimeout: 600_000 } as const

/** The peer answers our close_notify with some data and its own. */
function answersWith({ server }: Pair, bytes: number): void {
  server.resume()
  server.on('end', () => server.end(Buffer.alloc(bytes, 'a')))
}

describe.each(tlsVersions)('readers of a connection that is closed, %s', (version) => {
  const connected = () => pairFor({ version, allowHalfOpen: true })

  test.each([
    ['paused', (pair: Pair) => void pair.client.pause()],
    ['nobody at all', () => undefined],
    ['paused after a first read', (pair: Pair) => void pair.client.resume().pause()],
  ])('discard reads by itself where the reader is %s', async (_reader, prepare) => {
    const pair = await connected()
    prepare(pair)
    answersWith(pair, manyBytes)
    const report = await closureOf(pair.client).shutdown(discarding)
    expect(report).toMatchObject({ verdict: 'clean', endedBy: 'done', discardedBytes: manyBytes })
    await pair.wire.seen('client', 'fin')
  })

  test('discard reads by itself where Node has stopped reading, for the buffer of an absent reader is full', async () => {
    const pair = await connected()
    const { client, server } = pair
    server.write(Buffer.alloc(1_000_000))
    while (Reflect.get(handleOf(client), 'reading') !== false) await turns(1)
    const unread = client.readableLength
    answersWith(pair, 0)
    const report = await closureOf(client).shutdown({ ...discarding, maxDiscardBytes: 2_000_000 })
    expect(report).toMatchObject({ verdict: 'clean', endedBy: 'done', discardedBytes: 1_000_000 - unread })
  })

  test('deliver, with nobody reading and nothing sent: the alert is still seen', async () => {
    const pair = await connected()
    answersWith(pair, 0)
    expect(await closureOf(pair.client).shutdown({ ...delivering, waitTimeout: 600_000 })).toMatchObject({
      verdict: 'clean',
      received: { kind: 'close_notify' },
    })
  })

  test.each(['absent', 'paused'])('deliver, with the reader %s: the wait ends as a stalled reader', async (reader) => {
    const pair = await connected()
    if (reader === 'paused') pair.client.pause()
    answersWith(pair, manyBytes)
    const report = await closureOf(pair.client).shutdown({ ...delivering, waitTimeout: 100 })
    expect(report).toMatchObject({
      verdict: 'reader-stalled',
      endedBy: 'reader-stalled',
      received: { kind: 'nothing' },
    })
    // The data that came is still there for a reader that comes late.
    const { bytes, ended } = await collect(pair.client.resume())
    expect({ length: bytes.length, ended }).toEqual({ length: manyBytes, ended: true })
    expect(await closureOf(pair.client).report).toMatchObject({ received: { kind: 'close_notify' } })
  })

  test('deliver, with a reader that starts late but in time: it gets everything', async () => {
    const pair = await connected()
    answersWith(pair, manyBytes)
    const closing = closureOf(pair.client).shutdown({ ...delivering, waitTimeout: 600_000 })
    await pair.wire.seen('server', 'data')
    await turns(20)
    const received = collect(pair.client)
    expect(await closing).toMatchObject({ verdict: 'clean', discardedBytes: 0 })
    expect((await received).bytes).toHaveLength(manyBytes)
  })

  test("deliver to 'readable'", async () => {
    const pair = await connected()
    answersWith(pair, manyBytes)
    let length = 0
    pair.client.on('readable', () => {
      for (;;) {
        const chunk: unknown = pair.client.read()
        if (!Buffer.isBuffer(chunk)) return
        length += chunk.length
      }
    })
    expect(await closureOf(pair.client).shutdown({ ...delivering, waitTimeout: 600_000 })).toMatchObject({
      verdict: 'clean',
    })
    await closureOf(pair.client).report
    expect(length).toBe(manyBytes)
  })

  test('deliver to an async iterator that is slow', async () => {
    const pair = await connected()
    answersWith(pair, manyBytes)
    const closing = closureOf(pair.client).shutdown({ ...delivering, waitTimeout: 600_000 })
    let length = 0
    for await (const chunk of pair.client) {
      if (Buffer.isBuffer(chunk)) length += chunk.length
      await turns(3)
    }
    expect(length).toBe(manyBytes)
    expect(await closing).toMatchObject({ verdict: 'clean' })
  })

  test('an async iterator that is left early destroys the socket: the report says so', async () => {
    const pair = await connected()
    const closing = closureOf(pair.client).shutdown({ ...delivering, waitTimeout: 600_000 })
    pair.server.resume().write('x')
    for await (const _chunk of pair.client) break
    expect(await closing).toMatchObject({ endedBy: 'destroy', verdict: 'aborted' })
  })

  test('deliver through pipeline()', async () => {
    const pair = await connected()
    answersWith(pair, manyBytes)
    let length = 0
    const sink = new Writable({
      write: (chunk: Buffer, _encoding, callback) => {
        length += chunk.length
        setImmediate(callback)
      },
    })
    const closing = closureOf(pair.client).shutdown({ ...delivering, waitTimeout: 600_000 })
    await pipeline(pair.client, sink, { end: true })
    expect(length).toBe(manyBytes)
    expect(await closing).toMatchObject({ verdict: 'clean' })
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

  test('taking a closure loses nothing that a late reader would have read, when the stream is cut', async () => {
    const pair = await connected()
    const { client, server, wire } = pair
    const { report } = closureOf(client)
    server.resume()
    server.write(Buffer.alloc(20_000))
    await wire.seen('server', 'data')
    server.destroy()
    await wire.seen('server', 'fin')
    await turns(20)
    client.on('end', () => client.end())
    const { bytes, ended, error } = await collect(client)
    expect({ length: bytes.length, ended, error }).toEqual({ length: 20_000, ended: true, error: undefined })
    expect(await report).toMatchObject({ verdict: 'truncated', tcp: { kind: 'fin', cut: 'between-records' } })
  })

  test('a reader that stalls under back-pressure of ours: the flush budget runs from the call', async () => {
    const { client, wire } = await connected()
    wire.stall('client')
    client.write(Buffer.alloc(32 * 1024 * 1024))
    const report = await closureOf(client).shutdown({ mode: 'bidirectional', flushTimeout: 100 })
    expect(report).toMatchObject({ verdict: 'timed-out', endedBy: 'flush-timeout', sent: { kind: 'nothing' } })
    expect(report.undeliveredBytes).toBeGreaterThan(0)
    if (!client.closed) await once(client, 'close')
  })
})

function handleOf(socket: TLSSocket): object {
  const handle: unknown = Reflect.get(socket, '_handle')
  if (typeof handle !== 'object' || handle === null) throw new Error('Expected a handle')
  return handle
}
