// Bytes in and out: who owns them, what waits, what is full, and pump() over many records.
import { describe, expect, test } from 'vitest'
import type { Ssl } from '../../lib/openssl/index.js'
import { seededRandom } from '../support/random.js'
import { builds, buildsAndVersions, openssls } from './builds.js'
import { connectPair, deliver, makePair, move } from './ssl-pair.js'
import { thrown, untypedMethod } from './thrown.js'

const random = seededRandom(2026)

describe.each(buildsAndVersions)('$version on $name ($openssl.version)', ({ openssl, version }) => {
  const connect = (options: Parameters<typeof connectPair>[1] = {}) => connectPair(openssl, { version, ...options })

  test('data that one writes the other reads, record by record, in pieces as asked', () => {
    const { client, server } = connect()
    const data = random.bytes(20_000)
    expect(client.write(data)).toEqual({ value: 20_000, error: 'SSL_ERROR_NONE', queue: [] })
    move(client, server)
    const first = server.read(5)
    expect(first).toEqual({ value: 5, error: 'SSL_ERROR_NONE', queue: [], data: data.subarray(0, 5) })
    expect(server.pending()).toBe(16_384 - 5)
    expect(server.hasPending()).toBe(true)
    const second = server.read()
    expect(second.data).toEqual(data.subarray(5, 16_384))
    expect(server.read(65_536).data).toEqual(data.subarray(16_384))
    expect(server.read()).toEqual({ value: -1, error: 'SSL_ERROR_WANT_READ', queue: [], data: Buffer.alloc(0) })
    // A Buffer of the caller's own: later calls leave it alone.
    expect(first.data).toEqual(data.subarray(0, 5))
    expect([server.pending(), server.hasPending(), server.inputPending()]).toEqual([0, false, 0])
  })

  test('peek gives the same bytes again', () => {
    const { client, server } = connect()
    client.write(Buffer.from('look'))
    move(client, server)
    expect([server.peek(2), server.peek(), server.read()].map(({ data }) => String(data))).toEqual([
      'lo',
      'look',
      'look',
    ])
  })

  test('freeBuffers() gives back what is empty, and never what something lies in', () => {
    const { client, server } = connect()
    if (openssl.lacking.includes('SSL_free_buffers')) {
      expect(thrown(() => server.freeBuffers())).toMatch(/^ERR_OPENSSL_UNSUPPORTED_CALL SSL_free_buffers/)
      return
    }
    const data = random.bytes(20_000)
    client.write(data)
    const sealed = client.transmit()
    // In a header, in a body, and with a record of which a part was read.
    const parts = [sealed.subarray(0, 3), sealed.subarray(3, 1000), sealed.subarray(1000)]
    const read: Buffer[] = []
    for (const part of parts) {
      server.receive(part)
      read.push(server.read(5).data)
      expect(server.freeBuffers()).toBe(false)
    }
    read.push(server.read().data, server.read().data)
    expect(Buffer.concat(read)).toEqual(data)
    expect([server.freeBuffers(), server.freeBuffers()]).toEqual([true, true])
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.write(data)
      move(from, to)
      expect(Buffer.concat([to.read().data, to.read().data])).toEqual(data)
      expect([from.freeBuffers(), to.freeBuffers()]).toEqual([true, true])
    }
  })

  test('pump() gives the same as read(), to the last result', () => {
    const { client, server } = connect()
    for (const size of [1, 300, 16_384, 40_000]) {
      const data = random.bytes(size)
      client.write(data)
      const { result, plaintext, inputPending } = server.pump(client.transmit())
      expect(plaintext).toEqual(data)
      expect({ result, inputPending }).toEqual({
        result: { value: -1, error: 'SSL_ERROR_WANT_READ', queue: [] },
        inputPending: 0,
      })
      expect(server.read()).toMatchObject(result)
    }
    client.write(Buffer.from('last'))
    client.shutdown()
    const last = server.pump(client.transmit())
    expect(String(last.plaintext)).toBe('last')
    expect(last.result).toMatchObject({ value: 0, error: 'SSL_ERROR_ZERO_RETURN' })
  })

  test('bytes that come one by one are enough, in both directions', () => {
    const { client, server } = connect()
    client.write(Buffer.from('drop by drop'))
    let got = ''
    for (const byte of client.transmit()) {
      server.receive(Buffer.from([byte]))
      got += String(server.read().data)
    }
    expect(got).toBe('drop by drop')
  })

  test("bytes that are fed are copied, and bytes that are taken are the caller's own", () => {
    const { client, server } = connect()
    client.write(Buffer.from('first'))
    const fed = client.transmit()
    server.receive(fed)
    fed.fill(0)
    expect(String(server.read().data)).toBe('first')
    const taken = client.write(Buffer.from('second')).value > 0 ? client.transmit() : undefined
    client.write(Buffer.from('third'))
    client.shutdownAndTransmit()
    if (taken === undefined) throw new Error('Nothing was written')
    server.receive(taken)
    expect(String(server.read().data)).toBe('second')
    expect(client.transmit()).toHaveLength(0)
  })

  test('bytes that wait are counted', () => {
    const { client, server } = connect()
    client.write(random.bytes(1000))
    const waiting = client.outputPending()
    expect(waiting).toBeGreaterThan(1000)
    const bytes = client.transmit()
    expect([bytes.length, client.outputPending()]).toEqual([waiting, 0])
    server.receive(bytes.subarray(0, 3))
    server.receive(bytes.subarray(3))
    expect(server.inputPending()).toBe(waiting)
    server.read(1)
    expect([server.inputPending(), server.pending()]).toEqual([0, 999])
  })

  test('a full output is a result, and the write is taken up again', () => {
    const { client, server } = connect({ clientSsl: { maxOutput: 2000 } })
    const data = random.bytes(9000)
    const parts: Buffer[] = []
    let result = client.write(data)
    expect(result).toEqual({ value: -1, error: 'SSL_ERROR_WANT_WRITE', queue: [] })
    for (let i = 0; result.error === 'SSL_ERROR_WANT_WRITE' && i < 100; i++) {
      expect(client.outputPending()).toBe(2000)
      parts.push(deliver(client, server))
      // The same bytes, elsewhere.
      result = client.write(Buffer.from(data))
    }
    expect(result).toEqual({ value: 9000, error: 'SSL_ERROR_NONE', queue: [] })
    parts.push(deliver(client, server))
    expect(Buffer.concat(parts).equals(data)).toBe(true)
    const full = client.write(random.bytes(5000))
    expect(full.error).toBe('SSL_ERROR_WANT_WRITE')
    expect(makePair(openssl, { version, clientSsl: { maxOutput: 0 } }).client.doHandshake()).toMatchObject({
      value: -1,
      error: 'SSL_ERROR_WANT_WRITE',
    })
  })

  test('more output than the shared memory holds comes out whole', () => {
    const { client, server } = connect()
    const data = random.bytes(300_000)
    expect(client.write(data).value).toBe(data.length)
    expect(client.outputPending()).toBeGreaterThan(300_000)
    const parts: Buffer[] = []
    server.receive(client.transmit())
    for (;;) {
      const { value, data: part } = server.read(65_536)
      if (value <= 0) break
      parts.push(part)
    }
    expect(Buffer.concat(parts).equals(data)).toBe(true)
    client.write(data)
    const { output } = client.shutdownAndTransmit()
    server.receive(output)
    let length = 0
    for (let got = server.read(); got.value > 0; got = server.read()) length += got.data.length
    expect(length).toBe(data.length)
    expect(server.getShutdown()).toBe(2)
  })

  test('pump() reads a stream of many records, whatever the chunks', () => {
    const { client, server } = connect()
    const data = random.bytes(400_000)
    client.write(data)
    const wire = client.transmit()
    const got: Buffer[] = []
    for (let at = 0; at < wire.length; ) {
      const chunk = wire.subarray(at, at + random.integer(1, 130_000))
      at += chunk.length
      let pumped = server.pump(chunk)
      for (;;) {
        got.push(Buffer.from(pumped.plaintext))
        if (pumped.result.value <= 0) break
        pumped = server.pump()
      }
      expect(pumped.result).toEqual({ value: -1, error: 'SSL_ERROR_WANT_READ', queue: [] })
      expect(pumped.output).toHaveLength(0)
    }
    expect(Buffer.concat(got).equals(data)).toBe(true)
  })

  test('pump() decrypts into memory of the caller, and goes on where that is full', () => {
    const { client, server } = connect()
    const data = random.bytes(100_000)
    client.write(data)
    const wire = client.transmit()
    const got: Buffer[] = []
    let chunk: Uint8Array | undefined = wire
    for (;;) {
      const into = Buffer.alloc(random.integer(1, 40_000))
      const { result, plaintext, inputPending } = server.pump(chunk, into)
      chunk = undefined
      expect(plaintext.buffer).toBe(into.buffer)
      expect(inputPending).toBe(server.inputPending())
      got.push(plaintext)
      if (result.value <= 0) break
      expect(plaintext).toHaveLength(into.length)
    }
    expect(Buffer.concat(got).equals(data)).toBe(true)
  })

  test('writeAndTransmit() encrypts into memory of the caller, or of this thread, and past both where that is too little', () => {
    const { client, server } = connect()
    const data = random.bytes(100_000)
    for (const room of [undefined, 1, 1000, 100_000, 200_000]) {
      const into = room === undefined ? undefined : Buffer.alloc(room)
      const { value, output } = client.writeAndTransmit(data, into)
      expect(value).toBe(data.length)
      expect(client.outputPending()).toBe(0)
      expect(output.buffer === into?.buffer).toBe(room === 200_000)
      const got: Buffer[] = []
      for (let pumped = server.pump(output); ; pumped = server.pump()) {
        got.push(Buffer.from(pumped.plaintext))
        if (pumped.result.value <= 0) break
      }
      expect(Buffer.concat(got).equals(data)).toBe(true)
    }
  })

  test('what one call gave can be what the next one is given', () => {
    const { client, server } = connect()
    const first = client.writeAndTransmit(Buffer.from('one')).output
    const record = Buffer.from(first)
    const second = client.writeAndTransmit(first)
    expect(second.value).toBe(record.length)
    expect(String(server.pump(record).plaintext)).toBe('one')
    expect(server.pump(second.output).plaintext).toEqual(record)
  })

  test('refuses memory that overlaps what it reads, that holds nothing, or that is not the caller of its own', () => {
    const { client, server } = connect()
    const bytes = Buffer.alloc(1000)
    const code = 'ERR_CLOSURE_INVALID_ARGUMENT'
    const { output } = client.writeAndTransmit(Buffer.from('one'))
    for (const into of [bytes, bytes.subarray(999), Buffer.alloc(0), output, output.subarray(0, 1)]) {
      expect(() => client.writeAndTransmit(bytes, into)).toThrow(expect.objectContaining({ code }))
      expect(() => server.pump(bytes, into)).toThrow(expect.objectContaining({ code }))
    }
    expect(client.getShutdown()).toBe(0)
  })

  test('pump() alone makes a whole conversation, from views that it gave', () => {
    const { client, server } = makePair(openssl, { version })
    let output: Uint8Array = client.pump().output
    for (let i = 0; i < 6; i++) output = (i % 2 === 0 ? server : client).pump(output).output
    expect([client.inInit(), server.inInit()]).toEqual([false, false])
    client.write(Buffer.from('through views'))
    const { plaintext } = server.pump(client.pump().output)
    expect(String(plaintext)).toBe('through views')
    // The bytes that it returned are written again, although the next call fills the memory that they lie in.
    server.write(plaintext)
    expect(String(client.pump(server.pump().output).plaintext)).toBe('through views')
    expect(String(client.pump(server.shutdownAndTransmit().output).plaintext)).toBe('')
    expect(client.getShutdown()).toBe(2)
  })

  test('views are overwritten by the next call, and of the same memory', () => {
    const { client, server } = connect()
    client.write(Buffer.from('one'))
    const { output } = client.pump()
    const kept = Buffer.from(output)
    client.write(Buffer.from('two'))
    client.pump()
    expect(output.equals(kept)).toBe(false)
    server.receive(kept)
    expect(String(server.read().data)).toBe('one')
    expect(output.buffer).toBeInstanceOf(SharedArrayBuffer)
    expect(server.read().data.buffer).not.toBeInstanceOf(SharedArrayBuffer)
  })

  test('an EOF counts once what came before is read, and nothing may follow it', () => {
    const { client, server } = connect()
    client.write(Buffer.from('the last words'))
    move(client, server)
    server.receiveEof()
    server.receiveEof()
    expect(String(server.read().data)).toBe('the last words')
    const { value, data } = server.read()
    expect([value <= 0, data.length]).toEqual([true, 0])
    expect(thrown(() => server.receive(Buffer.from('x')))).toMatch(
      /^ERR_OPENSSL_STATE receive\(\) came after receiveEof/,
    )
    expect(thrown(() => server.pump(Buffer.from('x')))).toMatch(
      /^ERR_OPENSSL_STATE pump\(\) with bytes came after receiveEof/,
    )
    expect(server.pump().plaintext).toHaveLength(0)
    // The other direction goes on.
    expect(server.outputPending()).toBeGreaterThanOrEqual(0)
  })

  test('pump() after an EOF tells of it', () => {
    const { client, server } = connect()
    client.write(Buffer.from('bye'))
    const bytes = client.shutdownAndTransmit().output
    server.receive(bytes)
    server.receiveEof()
    const { result, plaintext } = server.pump()
    expect([String(plaintext), result.error]).toEqual(['bye', 'SSL_ERROR_ZERO_RETURN'])
  })
})

test.each(openssls)('on $name views that are fed to pump() are read before they are overwritten', ({ openssl }) => {
  // A HelloRequest, which the client answers at once and at length, with data behind it.
  const { client, server } = connectPair(openssl, { version: 'TLSv1.2' })
  expect(server.renegotiate().value).toBe(1)
  server.doHandshake()
  server.write(Buffer.from('data behind a HelloRequest'))
  const { output } = server.pump()
  expect(output.length).toBeLessThan(150)
  const pumped = client.pump(output)
  expect(pumped.output.length).toBeGreaterThan(150)
  expect(String(pumped.plaintext)).toBe('data behind a HelloRequest')
})

test.each(builds)('on $name bytes that are no record are an error with its reason', ({ openssl }) => {
  const { client } = connectPair(openssl)
  client.receive(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
  const { value, error, queue } = client.read()
  expect([value, error]).toEqual([-1, 'SSL_ERROR_SSL'])
  expect(queue.length).toBeGreaterThan(0)
  const [first] = queue
  expect(first?.code).toBeGreaterThan(0)
  expect(first?.library).toMatch(/^SSL/i)
  expect(first?.reason?.toLowerCase().replaceAll('_', ' ')).toMatch(
    /^(wrong version number|http request|bad record type)$/,
  )
  expect(first?.file).toMatch(/\.cc?$/)
  expect(first?.line).toBeGreaterThan(0)
  if (openssl.kind === 'OpenSSL') expect(first?.function).toMatch(/^(ssl3|tls)/)
  expect(client.write(Buffer.from('x')).value).toBeLessThanOrEqual(0)
})

test.each(builds)('on $name two conversations side by side do not disturb each other', ({ openssl }) => {
  const pairs = Array.from({ length: 20 }, () => connectPair(openssl))
  const write = (ssl: Ssl, text: string) => ssl.write(Buffer.from(text))
  for (const [i, { client }] of pairs.entries()) write(client, `from ${i}`)
  const got = pairs.map(({ client, server }) => String(deliver(client, server)))
  expect(got).toEqual(pairs.map((_, i) => `from ${i}`))
})

test('arguments are checked', () => {
  const [build] = builds
  if (build === undefined) throw new Error('There is no build')
  const { client } = makePair(build.openssl)
  for (const name of ['read', 'peek']) {
    const call = untypedMethod(client, name)
    expect(thrown(() => call(-1))).toContain('a whole number of bytes, 0 or more for maxBytes but received -1')
    expect(thrown(() => call(65_537))).toContain('at most 65536 bytes for maxBytes but received 65537')
    expect(thrown(() => call('9'))).toContain("for maxBytes but received '9'")
  }
  for (const name of ['write', 'receive', 'pump']) {
    const call = untypedMethod(client, name)
    for (const value of ['text', [1, 2], new ArrayBuffer(4), new Uint16Array(4), null]) {
      expect(thrown(() => call(value))).toContain('Expected a Uint8Array for bytes but received ')
    }
  }
})
