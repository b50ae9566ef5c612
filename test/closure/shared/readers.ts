// Readers of a connection that is closed: present, absent, paused, late and slow ones.
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { collect, once } from '../../support/streams.js'
import { turns } from '../sides.js'
import type { Closable, ClosingWay } from './ways.js'

const manyBytes = 200_000
const muchTime = { flushTimeout: 600_000, waitTimeout: 600_000 } as const
const discarding = { mode: 'bidirectional', onData: 'discard', ...muchTime } as const
const delivering = { mode: 'bidirectional', onData: 'deliver', flushTimeout: 600_000 } as const

/** The peer answers our close_notify with some data and its own. */
function answersWith(peer: TLSSocket, bytes: number): void {
  peer.resume()
  peer.on('end', () => peer.end(Buffer.alloc(bytes, 'a')))
}

export function readerCases(ways: readonly ClosingWay[]): void {
  describe.each(ways)(
    'readers of a connection that is closed, $name, $version, our side is the $near',
    ({ name, near, connect }) => {
      const connected = () => connect({ localHalfOpen: true, peerHalfOpen: true })

      test.each([
        ['paused', ({ local }: Closable) => void local.pause()],
        ['nobody at all', () => undefined],
        ['paused after a first read', ({ local }: Closable) => void local.resume().pause()],
      ])('discard reads by itself where the reader is %s', async (_reader, prepare) => {
        const pair = await connected()
        prepare(pair)
        answersWith(pair.peer, manyBytes)
        const report = await pair.closure.shutdown(discarding)
        expect(report).toMatchObject({ verdict: 'clean', endedBy: 'done', discardedBytes: manyBytes })
        await pair.wire.seen(pair.near, 'fin')
      })

      test('deliver, with nobody reading and nothing sent: the alert is still seen', async () => {
        const pair = await connected()
        answersWith(pair.peer, 0)
        expect(await pair.closure.shutdown({ ...delivering, waitTimeout: 600_000 })).toMatchObject({
          verdict: 'clean',
          received: { kind: 'close_notify' },
        })
      })

      test.each(['absent', 'paused'])(
        'deliver, with the reader %s: the wait ends as a stalled reader',
        async (reader) => {
          const pair = await connected()
          if (reader === 'paused') pair.local.pause()
          answersWith(pair.peer, manyBytes)
          const report = await pair.closure.shutdown({ ...delivering, waitTimeout: 100 })
          expect(report).toMatchObject({
            verdict: 'reader-stalled',
            endedBy: 'reader-stalled',
            received: { kind: 'nothing' },
          })
          // The data that came is still there for a reader that comes late.
          const { bytes, ended } = await collect(pair.local.resume())
          expect({ length: bytes.length, ended }).toEqual({ length: manyBytes, ended: true })
          expect(await pair.closure.report).toMatchObject({ received: { kind: 'close_notify' } })
        },
      )

      test('deliver, with a reader that starts late but in time: it gets everything', async () => {
        const pair = await connected()
        answersWith(pair.peer, manyBytes)
        const closing = pair.closure.shutdown({ ...delivering, waitTimeout: 600_000 })
        await pair.wire.seen(pair.far, 'data')
        await turns(20)
        const received = collect(pair.local)
        expect(await closing).toMatchObject({ verdict: 'clean', discardedBytes: 0 })
        expect((await received).bytes).toHaveLength(manyBytes)
      })

      test("deliver to 'readable'", async () => {
        const pair = await connected()
        answersWith(pair.peer, manyBytes)
        let length = 0
        pair.local.on('readable', () => {
          for (;;) {
            const chunk: unknown = pair.local.read()
            if (!Buffer.isBuffer(chunk)) return
            length += chunk.length
          }
        })
        expect(await pair.closure.shutdown({ ...delivering, waitTimeout: 600_000 })).toMatchObject({
          verdict: 'clean',
        })
        await pair.closure.report
        expect(length).toBe(manyBytes)
      })

      test('deliver to an async iterator that is slow', async () => {
        const pair = await connected()
        answersWith(pair.peer, manyBytes)
        const closing = pair.closure.shutdown({ ...delivering, waitTimeout: 600_000 })
        let length = 0
        for await (const chunk of pair.local) {
          if (Buffer.isBuffer(chunk)) length += chunk.length
          await turns(3)
        }
        expect(length).toBe(manyBytes)
        expect(await closing).toMatchObject({ verdict: 'clean' })
      })

      test('an async iterator that is left early destroys the socket: the report says so', async () => {
        const pair = await connected()
        const closing = pair.closure.shutdown({ ...delivering, waitTimeout: 600_000 })
        pair.peer.resume().write('x')
        for await (const _chunk of pair.local) break
        expect(await closing).toMatchObject({ endedBy: 'destroy', verdict: 'aborted' })
      })

      test('deliver through pipeline()', async () => {
        const pair = await connected()
        answersWith(pair.peer, manyBytes)
        let length = 0
        const sink = new Writable({
          write: (chunk: Buffer, _encoding, callback) => {
            length += chunk.length
            setImmediate(callback)
          },
        })
        const closing = pair.closure.shutdown({ ...delivering, waitTimeout: 600_000 })
        await pipeline(pair.local, sink, { end: true })
        expect(length).toBe(manyBytes)
        expect(await closing).toMatchObject({ verdict: 'clean' })
      })

      test('taking a closure loses nothing that a late reader would have read, when the stream is cut', async () => {
        const pair = await connected()
        const { local, peer, wire, closure } = pair
        const { report } = closure
        peer.resume()
        peer.write(Buffer.alloc(20_000))
        await wire.seen(pair.far, 'data')
        peer.destroy()
        await wire.seen(pair.far, 'fin')
        await turns(20)
        local.on('end', () => local.end())
        const { bytes, ended, error } = await collect(local)
        expect({ length: bytes.length, ended, error }).toEqual({ length: 20_000, ended: true, error: undefined })
        expect(await report).toMatchObject({
          verdict: 'truncated',
          tcp: name.endsWith('boringssl') ? { kind: 'fin' } : { kind: 'fin', cut: 'between-records' },
        })
      })

      test('a reader that stalls under back-pressure of ours: the flush budget runs from the call', async () => {
        const { local, wire, closure } = await connected()
        wire.stall(near)
        local.write(Buffer.alloc(32 * 1024 * 1024))
        const report = await closure.shutdown({ mode: 'bidirectional', flushTimeout: 100 })
        expect(report).toMatchObject({ verdict: 'timed-out', endedBy: 'flush-timeout', sent: { kind: 'nothing' } })
        expect(report.undeliveredBytes).toBeGreaterThan(0)
        if (!local.closed) await once(local, 'close')
      })
    },
  )
}
