// What a stream says of itself at its end: one that was cut has not been read to its end, however it is read. Node's own, which
// takes a FIN for an end, stands beside it.
import { once as onceEvent } from 'node:events'
import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import tls from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { closureOf } from '../../lib/index.js'
import { certificate } from '../support/certificate.js'
import { once, turns } from '../support/streams.js'
import { connectStreams, portOf, streamSides } from './pair.js'

type Take = (chunk: unknown) => void

/** Reads to the end. */
interface Reader {
  readonly how: string
  readonly read: (stream: Readable, take: Take) => Promise<unknown>
}

function byPieces(how: string, size: number | undefined): Reader {
  const read = async (stream: Readable, take: Take): Promise<unknown> => {
    stream.on('readable', () => {
      for (let chunk: unknown = stream.read(size); chunk !== null; chunk = stream.read(size)) take(chunk)
    })
    return onceEvent(stream, 'end')
  }
  return { how, read }
}

const forAwait: Reader = {
  how: 'for await',
  read: async (stream, take) => {
    for await (const chunk of stream) take(chunk)
  },
}

const readers: readonly Reader[] = [
  forAwait,
  { how: "'data'", read: (stream, take) => onceEvent(stream.on('data', take), 'end') },
  byPieces('read()', undefined),
  byPieces('read(1)', 1),
  byPieces('read(1000), more than there is', 1000),
  { how: 'pipeline()', read: (stream, take) => pipeline(stream, new PassThrough().on('data', take)) },
]

async function readBy({ read }: Reader, stream: Readable) {
  const events: string[] = []
  let text = ''
  for (const event of ['end', 'error', 'close']) stream.on(event, () => events.push(event))
  const closed = new Promise((resolve) => void stream.once('close', resolve))
  const outcome: unknown = await read(stream, (chunk) => (text += String(chunk))).catch((error: unknown) => error)
  await closed
  const { readableEnded, readableAborted } = stream
  const code: unknown = outcome instanceof Error ? Reflect.get(outcome, 'code') : undefined
  return { text, code, events, readableEnded, readableAborted }
}

function hasEnd(stream: Readable): boolean {
  return Reflect.get(Object(Reflect.get(stream, '_readableState')), 'ended') === true
}

const libraries = ['own', 'openssl-1.1.1', 'boringssl']
const clients = streamSides.filter(({ near, name }) => near === 'client' && libraries.includes(name))

describe.each(clients)('$name, $version', (sides) => {
  test.each(readers)('cut, and read by $how', async (reader) => {
    const { local, peer, wire, far } = await connectStreams(sides)
    const text = 'half an answer'
    peer.write(text)
    await wire.seen(far, `data ${text.length}`)
    while (local.readableLength < text.length) await turns(1)
    wire.cut(far, { afterBytes: 0, with: 'fin' })
    // It has come, and stands behind what is to be read.
    while (!hasEnd(local)) await turns(1)
    expect(await readBy(reader, local)).toEqual({
      ...{ text, code: 'ERR_TLS_TRUNCATED', events: ['error', 'close'] },
      ...{ readableEnded: false, readableAborted: true },
    })
  })

  test.each(sides.name === 'own' ? readers : [])('whole, and read by $how', async (reader) => {
    const { local, peer } = await connectStreams(sides)
    const text = 'an answer'
    peer.end(text)
    expect(await readBy(reader, local)).toEqual({
      ...{ text, code: undefined, events: ['end', 'close'] },
      ...{ readableEnded: true, readableAborted: false },
    })
  })

  test('cut with nothing to read', async () => {
    const { local, wire, far } = await connectStreams(sides)
    const closed = new Promise((resolve) => void local.once('close', resolve))
    local.resume()
    wire.cut(far, { afterBytes: 0, with: 'fin' })
    await closed
    expect([local.readableEnded, local.readableAborted]).toEqual([false, true])
  })
})

test("Node's own stream that a FIN has cut is one that has ended", async () => {
  const server = tls.createServer({ key: certificate.key, cert: certificate.cert }, (socket) => {
    socket.on('error', () => undefined)
    socket.write('half an answer', () => void closureOf(socket).shutdown({ mode: 'quiet' }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const stock = tls.connect({ port: portOf(server), host: '127.0.0.1', ca: certificate.cert, servername: 'localhost' })
  const { text, readableEnded, readableAborted } = await readBy(forAwait, stock)
  expect([text, readableEnded, readableAborted]).toEqual(['half an answer', true, false])
})
