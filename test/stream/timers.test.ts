// The timers of streams and servers: what begins them anew, and what they bear.
import { connect as connectTcp, type Server } from 'node:net'
import tls, { type TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ClosureReport } from '../../lib/index.js'
import { connect, createServer, type TlsStream } from '../../lib/stream/index.js'
import { certificate } from '../support/certificate.js'
import { answerEach, lastWords, talkAndEnd, waitedIn } from '../support/late-acknowledgements.js'
import { collect, delay, once, turns } from '../support/streams.js'
import { connectStreams, portOf, streamSides } from './pair.js'

const { key, cert, host: servername } = certificate
const address = { host: '127.0.0.1', servername, ca: cert }
const [one] = streamSides
if (one === undefined) throw new Error('expected a library')

describe('setTimeout()', () => {
  test("'timeout' does not come as long as some of a write leaves", async () => {
    const server = tls.createServer({ key, cert })
    const accepted = new Promise<TLSSocket>((resolve) => void server.once('secureConnection', resolve))
    const local = connect({ port: await portOfListening(server), ...address })
    const peer = await accepted
    onTestFinished(() => void peer.destroy())
    peer.on('error', () => undefined)
    const timeouts: unknown[] = []
    let isWritten = false
    local.write(Buffer.alloc(48 * 1024 * 1024), () => (isWritten = true))
    local.setTimeout(2000, () => timeouts.push(isWritten))
    // So slowly that the write takes longer than that, and what leaves at one time is far from it.
    const began = performance.now()
    while (performance.now() - began < 3000) {
      peer.read()
      await delay(20)
    }
    expect(isWritten).toBe(false)
    peer.resume()
    while (!isWritten) await turns(10)
    local.destroy()
    expect(timeouts).toEqual([])
  })

  test('a time that no timer can hold is a long one, and parts of ms are taken', async () => {
    const { local } = await connectStreams(one)
    const timeouts: unknown[] = []
    local.setTimeout(2 ** 31, () => timeouts.push('long'))
    await delay(20)
    expect(timeouts).toEqual([])
    local.setTimeout(0.5)
    await once(local, 'timeout')
    expect(() => local.setTimeout(-1)).toThrow('ms, 0 or more, for ms')
  })
})

describe('waitTimeout of a stream that closes by end()', () => {
  test.for(lastWords)("runs once, though the peer's TCP acknowledges $name only after a delay", async ({ last }) => {
    const waitTimeout = 500
    const server = createServer({ key, cert, closing: 'bidirectional', waitTimeout, allowHalfOpen: true })
    const report = new Promise<ClosureReport>((resolve, reject) => {
      server.on('secureConnection', (stream: TlsStream) => {
        stream.report.then(resolve, reject)
        talkAndEnd(stream, last)
      })
    })
    const client = tls.connect({ port: await portOfListening(server), ...address, ...{ allowHalfOpen: true } })
    onTestFinished(() => void client.destroy())
    client.on('error', () => undefined)
    answerEach(client)
    const final = await report
    expect(final.endedBy).toBe('wait-timeout')
    expect(waitedIn(final) / waitTimeout).toBeLessThan(1.7)
  })
})

async function portOfListening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return portOf(server)
}

test('handshakeTimeout: 0 lets clients take their time', async () => {
  const server = createServer({ key, cert, handshakeTimeout: 0 }, (stream) => {
    stream.on('error', () => undefined)
    stream.end('welcome')
  })
  const socket = connectTcp(await portOfListening(server), '127.0.0.1')
  await once(socket, 'connect')
  await delay(50)
  const { bytes, error } = await collect(connect({ socket, servername, ca: cert, timeout: 2 ** 40 }))
  expect([bytes.toString(), error]).toEqual(['welcome', undefined])
})
