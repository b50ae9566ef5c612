/**
 * The SSLs that were used last keep the memory of their records, and the others give theirs back: whatever is in there then
 * is not lost.
 */
import { Duplex } from 'node:stream'
import { expect, onTestFinished, test, vi } from 'vitest'
import { loadOpenSSL } from '../../lib/openssl/index.js'
import { Ssl } from '../../lib/openssl/ssl.js'
import { certificate } from '../support/certificate.js'
import { seededRandom } from '../support/random.js'
import { once, turns } from '../support/streams.js'
import { createContext, TlsStream } from '../../lib/stream/index.js'

const random = seededRandom(14)
const clientContext = createContext('client', { ca: certificate.cert })
const serverContext = createContext('server', { cert: certificate.cert, key: certificate.key })

/** Two ends of a pipe, whose bytes go over in small pieces, one when step() is called. */
class SteppedPair {
  readonly ends: readonly [Duplex, Duplex]
  readonly #under: { readonly to: number; readonly piece: Buffer }[] = []

  constructor(pieceSize: number) {
    const end = (to: number) =>
      new Duplex({
        allowHalfOpen: true,
        read: () => undefined,
        write: (chunk: Buffer, _encoding, done) => {
          for (let at = 0; at < chunk.length; at += pieceSize) {
            this.#under.push({ to, piece: chunk.subarray(at, at + pieceSize) })
          }
          done()
        },
      })
    this.ends = [end(1), end(0)]
  }

  step(): boolean {
    const first = this.#under.shift()
    if (first !== undefined) this.ends[first.to]?.push(first.piece)
    return first !== undefined
  }
}

interface Connection {
  readonly pair: SteppedPair
  readonly client: TlsStream
  readonly server: TlsStream
}

function connection(): Connection {
  const pair = new SteppedPair(50)
  const [near, far] = pair.ends
  const client = new TlsStream(near, { context: clientContext, servername: certificate.host })
  const server = new TlsStream(far, { context: serverContext })
  onTestFinished(() => {
    client.destroy()
    server.destroy()
  })
  return { pair, client, server }
}

/** Moves a piece of each connection, by turns, until none has any. */
async function moveAll(connections: readonly Connection[]): Promise<void> {
  for (let idle = 0; idle < 3; ) {
    let moved = 0
    for (const { pair } of connections) if (pair.step()) moved++
    idle = moved === 0 ? idle + 1 : 0
    await turns(1)
  }
}

test('forty connections whose records come by turns, in pieces: each byte arrives', async () => {
  const freed: boolean[] = []
  const free = vi.spyOn(Ssl.prototype, 'freeBuffers')
  onTestFinished(() => free.mockRestore())
  const connections = Array.from({ length: 40 }, connection)
  const secured = connections.flatMap(({ client, server }) => [once(client, 'secure'), once(server, 'secure')])
  await moveAll(connections)
  await Promise.all(secured)
  const data = connections.map(() => random.bytes(3000))
  const read = connections.map(({ server }) => {
    const pieces: Buffer[] = []
    server.on('data', (bytes: Buffer) => pieces.push(bytes))
    return pieces
  })
  for (const [index, { client }] of connections.entries()) client.write(data[index] ?? Buffer.alloc(0))
  await moveAll(connections)
  expect(read.map((pieces) => Buffer.concat(pieces))).toEqual(data)
  for (const { type, value } of free.mock.results) if (type === 'return') freed.push(value)
  if (loadOpenSSL().lacking.includes('SSL_free_buffers')) return
  // Both happened: some lay idle, others were in the middle of a record.
  expect([freed.includes(true), freed.includes(false)]).toEqual([true, true])
})
