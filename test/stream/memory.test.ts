/** Memory that streams share is never seen by a program: what was read stays as it was, and what is written leaves as it was. */
import { createHash } from 'node:crypto'
import { connect as connectTcp, createServer as createTcpServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { connect, createContext, createServer, TlsStream } from '../../lib/stream/index.js'
import { certificate } from '../support/certificate.js'
import { seededRandom } from '../support/random.js'
import { once } from '../support/streams.js'
import { portOf } from './pair.js'

const identity = { key: certificate.key, cert: certificate.cert }
const context = createContext('client', { ca: certificate.cert })

async function serving(listener: (stream: TlsStream) => void): Promise<number> {
  const server = createServer(identity, (stream) => {
    stream.on('error', () => undefined)
    listener(stream)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return portOf(server)
}

function open(port: number, socket?: Socket): TlsStream {
  const where = socket === undefined ? { port, host: '127.0.0.1' } : { socket }
  const stream = connect({ ...where, servername: 'localhost', secureContext: context })
  onTestFinished(() => void stream.destroy())
  return stream
}

test('ten streams that write at once to slow readers: each byte arrives as it was written', async () => {
  const random = seededRandom(14)
  const data = Array.from({ length: 10 }, () => random.bytes(3_000_000))
  const port = await serving((stream) => {
    const hash = createHash('sha256')
    stream.on('data', (bytes: Buffer) => {
      hash.update(bytes)
      // Now and then it reads nothing, so that some of what was written waits in the writer.
      if (random.integer(0, 20) > 0) return
      stream.pause()
      setTimeout(() => stream.resume(), random.integer(0, 5))
    })
    stream.on('end', () => stream.end(hash.digest('hex')))
  })
  const answers = data.map(async (bytes) => {
    const stream = open(port)
    stream.allowHalfOpen = true
    for (let at = 0; at < bytes.length; ) {
      const end = at + random.integer(1, 200_000)
      if (!stream.write(bytes.subarray(at, end))) await once(stream, 'drain')
      at = end
    }
    await stream.closeNotify()
    let answer = ''
    for await (const part of stream) answer += String(part)
    return answer
  })
  expect(await Promise.all(answers)).toEqual(data.map((bytes) => createHash('sha256').update(bytes).digest('hex')))
})

test('what waits for a reader that does not read stays as it was while others write', async () => {
  const random = seededRandom(19)
  const sent = random.bytes(12_000_000)
  const hashed: Promise<string>[] = []
  const waiting: TlsStream[] = []
  const port = await serving((stream) => {
    const hash = createHash('sha256')
    stream.on('data', (bytes: Buffer) => hash.update(bytes))
    hashed.push(once(stream, 'end').then(() => hash.digest('hex')))
    if (waiting.push(stream) === 1) stream.pause()
  })
  const slow = open(port)
  await once(slow, 'secureConnect')
  for (let at = 0; at < sent.length; at += 100_000) slow.write(sent.subarray(at, at + 100_000))
  await delay(50)
  expect(slow.writableLength).toBeGreaterThan(0)
  const quick = open(port)
  quick.end(random.bytes(2_000_000))
  await once(quick, 'finish')
  waiting[0]?.resume()
  slow.end()
  expect(await hashed[0]).toBe(createHash('sha256').update(sent).digest('hex'))
})

test('what was read stays as it was while others read', async () => {
  const port = await serving((stream) => stream.on('data', (bytes: Buffer) => stream.write(bytes)))
  const random = seededRandom(15)
  const read = async (length: number): Promise<[Buffer, Buffer]> => {
    const stream = open(port)
    const sent = random.bytes(length)
    const parts: Buffer[] = []
    stream.on('data', (bytes: Buffer) => parts.push(bytes))
    for (let at = 0; at < length; at += 70_000) {
      stream.write(sent.subarray(at, at + 70_000))
      await delay(1)
    }
    while (parts.reduce((sum, part) => sum + part.length, 0) < length) await once(stream, 'data')
    return [sent, Buffer.concat(parts)]
  }
  const lengths = [1, 100, 8191, 8192, 16_384, 100_000, 300_000, 1_000_000]
  for (const [sent, received] of await Promise.all(lengths.map(read))) expect(received.equals(sent)).toBe(true)
})

test('after unwrap() a socket keeps what came while others read into the same memory', async () => {
  const plaintext = seededRandom(16).bytes(200_000)
  const port = await serving((stream) => {
    stream.on('data', (bytes: Buffer) => stream.write(bytes))
    stream.allowHalfOpen = true
    stream.on('end', () => {
      void stream.unwrap().then((socket) => socket.end(plaintext))
    })
  })
  const first = open(port)
  await once(first, 'secureConnect')
  first.write('before')
  await once(first, 'data')
  const socket = await first.unwrap()
  const parts: Buffer[] = []
  socket.on('data', (part: Buffer) => parts.push(part)).resume()
  await once(socket, 'end')
  const second = open(port)
  await once(second, 'secureConnect')
  for (let i = 0; i < 20; i++) {
    second.write(Buffer.alloc(50_000, i))
    await once(second, 'data')
  }
  expect(Buffer.concat(parts).equals(plaintext)).toBe(true)
})

test('a socket whose writing somebody has replaced may keep the bytes for later', async () => {
  const sent = seededRandom(17).bytes(500_000)
  const received: Buffer[] = []
  const whole = new Promise<void>((resolve) => {
    void serving((stream) => {
      stream.on('data', (bytes: Buffer) => {
        received.push(bytes)
        if (received.reduce((sum, part) => sum + part.length, 0) === sent.length) resolve()
      })
    }).then((port) => {
      const socket = connectTcp(port, '127.0.0.1')
      const held = late(socket)
      const stream = open(port, socket)
      stream.once('secureConnect', () => {
        held.isHolding = true
        for (let at = 0; at < sent.length; at += 100_000) stream.write(sent.subarray(at, at + 100_000))
        setTimeout(held.letGo, 20)
      })
    })
  })
  await whole
  expect(Buffer.concat(received).equals(sent)).toBe(true)
})

// Says that the bytes are written, and writes them later.
function late(socket: Socket): { isHolding: boolean; letGo: () => void } {
  const held: (() => void)[] = []
  const write = socket._write.bind(socket)
  const state = {
    isHolding: false,
    letGo: () => {
      state.isHolding = false
      for (const writeNow of held) writeNow()
    },
  }
  socket._write = (chunk: Buffer, encoding, callback) => {
    if (!state.isHolding) {
      write(chunk, encoding, callback)
      return
    }
    held.push(() => {
      write(chunk, encoding, () => undefined)
    })
    callback()
  }
  return state
}

test('a socket that reads by `onread` of its own is left to it', async () => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined)
    const stream = new TlsStream(socket, { context: createContext('server', identity) })
    stream.on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const port = portOf(server)
  const calls: number[] = []
  const buffer = Buffer.alloc(100)
  const callback = (length: number): boolean => calls.push(length) > 0
  const socket = connectTcp({ port, host: '127.0.0.1', onread: { buffer, callback } })
  const stream = open(port, socket)
  stream.on('error', () => undefined)
  while (calls.length === 0) await delay(5)
  expect(stream.isSecured).toBe(false)
})

test('a listener that throws loses none of the bytes that came with what it was called for', async () => {
  const sent = seededRandom(18).bytes(400_000)
  const port = await serving((stream) => stream.write(sent))
  const stream = open(port)
  const parts: Buffer[] = []
  const thrown: unknown[] = []
  const catchThem = (error: unknown) => thrown.push(error)
  process.on('uncaughtException', catchThem)
  onTestFinished(() => void process.off('uncaughtException', catchThem))
  stream.on('data', (bytes: Buffer) => {
    parts.push(bytes)
    if (parts.length % 3 === 1) throw new Error('of the program')
  })
  while (parts.reduce((sum, part) => sum + part.length, 0) < sent.length) await delay(5)
  expect(Buffer.concat(parts).equals(sent)).toBe(true)
  expect(thrown.length).toBeGreaterThan(0)
})
