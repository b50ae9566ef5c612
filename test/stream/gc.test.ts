// Streams that somebody closes, that somebody forgets, and that are cut in their handshake: what goes with the garbage, and that no
// handle and no timer stays.
import { beforeAll, describe, expect, test } from 'vitest'
import { type ClosureReport, createContext, TlsStream } from '../../lib/stream/index.js'
import { certificate } from '../support/certificate.js'
import { collected, collectGarbage, settled } from '../support/garbage.js'
import { once, turns } from '../support/streams.js'
import { memoryPair, overUnkept } from './memory.js'
import { type StreamSides, streamSides } from './pair.js'
import { unkept, unkeptTcpPair } from './wrapped.js'

const sides = streamSides.filter(({ near }) => near === 'client')
const modes = ['quiet', 'unidirectional', 'bidirectional'] as const

interface Remains {
  readonly report: Promise<ClosureReport>
  readonly streams: readonly WeakRef<TlsStream>[]
}

/** A connection over TCP, both ends streams, that closes in that way; gives what does not keep it. */
async function closed(one: StreamSides, mode: (typeof modes)[number]): Promise<Remains> {
  const { client, server } = await unkeptTcpPair()
  const [local, peer] = [unkept(client, one), unkept(server, { ...one, near: 'server' })]
  for (const stream of [local, peer]) stream.on('error', () => undefined).resume()
  await Promise.all([once(local, 'secure'), once(peer, 'secure')])
  local.write('hello')
  const over = Promise.all([local, peer].map((stream) => new Promise((resolve) => stream.once('close', resolve))))
  await local.shutdown({ mode })
  await over
  return { report: local.report, streams: [new WeakRef(local), new WeakRef(peer)] }
}

// The first connection of a process makes things that stay.
beforeAll(async () => {
  const [one] = sides
  if (one !== undefined) await closed(one, 'unidirectional')
})

describe.each(sides)('$name, $version', (one) => {
  test.each(modes)('a report that is kept keeps no stream, %s, and no handle and no timer stays', async (mode) => {
    const before = process.getActiveResourcesInfo().length
    const { report, streams } = await closed(one, mode)
    for (const stream of streams) await collected(stream)
    expect((await report).mode).toBe(mode)
    // Those of the listener and of this test come and go.
    await settled(() => process.getActiveResourcesInfo().length <= before)
  })
})

test('streams over a Duplex that nobody closes go, and so does what they were about to do', async () => {
  const refs = await Promise.all(Array.from({ length: 20 }, forgotten))
  for (const ref of refs.flat()) await collected(ref)
})

async function forgotten(): Promise<readonly WeakRef<TlsStream>[]> {
  const [client, server] = overUnkept(memoryPair())
  await Promise.all([once(client, 'secure'), once(server, 'secure')])
  client.write(Buffer.alloc(100_000))
  await client.closeNotify({ flushTimeout: 20 }).catch(() => undefined)
  await turns(1)
  return [new WeakRef(client), new WeakRef(server)]
}

test('streams that are dropped in their handshake go', async () => {
  const refs = Array.from({ length: 50 }, () => {
    const context = createContext('client', { ca: certificate.cert })
    return new WeakRef(new TlsStream(memoryPair()[0], { context, servername: certificate.host }))
  })
  for (const ref of refs) await collected(ref)
})

test('a closing that nobody holds runs to its end', async () => {
  const { client, server } = await unkeptTcpPair()
  const [one] = sides
  if (one === undefined) throw new Error('expected a library')
  const peer = unkept(server, { ...one, near: 'server' })
  const verdict = peer.report
  peer.resume()
  unheld(client, one)
  for (let i = 0; i < 20; i++) {
    collectGarbage()
    await turns(2)
  }
  expect(await verdict).toMatchObject({ verdict: 'clean', began: 'peer' })
})

function unheld(...args: Parameters<typeof unkept>): void {
  const local = unkept(...args)
  local.resume().once('secure', () => void local.shutdown({ mode: 'bidirectional' }))
}
