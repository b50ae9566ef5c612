// What reaches the transport, how much of it in one turn, and what waits for it.
import { Duplex } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { createContext, TlsStream } from '../../lib/stream/index.js'
import { StreamEvidence } from '../../lib/stream/evidence.js'
import { certificate } from '../support/certificate.js'
import { once, turns } from '../support/streams.js'

const { key, cert, host: servername } = certificate
const size = 8 * 1024 * 1024

interface Line {
  readonly ends: readonly [Duplex, Duplex]
  /** Of each write. */
  readonly lengths: number[]
}

/** A pipe in memory; `take` tells when a write is done. */
function line(take: (done: () => void) => void): Line {
  const lengths: number[] = []
  const made: Duplex[] = []
  const make = (other: () => Duplex | undefined) =>
    new Duplex({
      allowHalfOpen: true,
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        lengths.push(chunk.length)
        other()?.push(chunk)
        take(done)
      },
      final: (done) => {
        other()?.push(null)
        done()
      },
    })
  const [first, second] = [make(() => made[1]), make(() => made[0])]
  made.push(first, second)
  return { ends: [first, second], lengths }
}

async function secured([near, far]: readonly [Duplex, Duplex]): Promise<readonly [TlsStream, TlsStream]> {
  const local = new TlsStream(near, { context: createContext('client', { ca: cert }), servername })
  const peer = new TlsStream(far, { context: createContext('server', { key, cert }) })
  for (const stream of [local, peer]) onTestFinished(() => void stream.destroy())
  await Promise.all([once(local, 'secure'), once(peer, 'secure')])
  return [local, peer]
}

test('nothing empty is ever written to the transport, and close_notify waits for the data', async () => {
  const { ends, lengths } = line((done) => setImmediate(done))
  const [local, peer] = await secured(ends)
  let read = 0
  peer.on('data', (bytes: Buffer) => (read += bytes.length))
  for (const chunk of [Buffer.alloc(0), Buffer.alloc(size), Buffer.alloc(0)]) local.write(chunk)
  await local.closeNotify({ flushTimeout: 30_000 })
  expect([read, Math.min(...lengths) > 0]).toEqual([size, true])
})

test('a transport that takes all at once does not hold the thread', async () => {
  const { ends, lengths } = line((done) => done())
  const [local, peer] = await secured(ends)
  peer.resume()
  lengths.length = 0
  const turn = new Promise<void>((resolve) => void setImmediate(resolve))
  const written = new Promise((resolve) => void local.write(Buffer.alloc(size), resolve))
  await turn
  const inOneTurn = lengths.reduce((sum, length) => sum + length, 0)
  await written
  expect(inOneTurn).toBeLessThan(size / 2)
})

test('listeners that are added behind the constructor hear of a handshake over a transport that answers at once', async () => {
  const { ends } = line((done) => done())
  const [near, far] = ends
  const peer = new TlsStream(far, { context: createContext('server', { key, cert }) })
  // It has been read before: what it is given it gives on at once.
  near.resume()
  await turns(1)
  const local = new TlsStream(near, { context: createContext('client', { ca: cert }), servername })
  for (const stream of [local, peer]) onTestFinished(() => void stream.destroy())
  await once(local, 'secureConnect')
  expect(local.authorized).toBe(true)
})

test('warnings without limit are not kept without limit, and what ends the connection is', () => {
  const evidence = new StreamEvidence('client')
  const warning = { type: 'alert', direction: 'received', level: 'warning', name: 'user_canceled', code: 90 } as const
  for (let at = 0; at < 10_000; at++) evidence.add({ ...warning, at, version: 'TLSv1.3', recordVersion: 'TLSv1.2' })
  evidence.add({ ...warning, name: 'close_notify', code: 0, at: 10_000, version: 'TLSv1.3', recordVersion: 'TLSv1.2' })
  expect(evidence.alerts.length).toBeLessThan(200)
  expect(evidence.received()).toMatchObject({ kind: 'close_notify', userCanceledFirst: true })
})
