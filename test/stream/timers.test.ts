// The timers of streams and servers: what begins them anew, and what they bear.
import { describe, expect, onTestFinished, test } from 'vitest'
import { connect, createServer } from '../../lib/stream/index.js'
import { certificate } from '../support/certificate.js'
import { delay, once } from '../support/streams.js'
import { connectStreams, portOf, streamSides } from './pair.js'

const { key, cert, host: servername } = certificate
const [one] = streamSides
if (one === undefined) throw new Error('expected a library')

describe('setTimeout()', () => {
  test("'timeout' does not come as long as some of a write leaves", async () => {
    const { local, peer } = await connectStreams(one)
    const timeouts: unknown[] = []
    let isWritten = false
    local.write(Buffer.alloc(24 * 1024 * 1024), () => (isWritten = true))
    local.setTimeout(1000, () => timeouts.push(isWritten))
    const began = performance.now()
    // The peer reads so slowly that the write takes longer than that.
    while (!isWritten) {
      const left = 24 * 1024 * 1024 - peer.bytesRead
      const isEarly = performance.now() - began < 1500
      if (!isEarly || left > 8 * 1024 * 1024) peer.read(isEarly ? 128 * 1024 : undefined)
      await delay(isEarly ? 20 : 0)
    }
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

test('handshakeTimeout: 0 lets clients take their time', async () => {
  const server = createServer({ key, cert, handshakeTimeout: 0 }, (stream) => stream.on('error', () => undefined))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const local = connect({ port: portOf(server), host: '127.0.0.1', servername, ca: cert, timeout: 2 ** 40 })
  await once(local, 'secureConnect')
  local.destroy()
})
