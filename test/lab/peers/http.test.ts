import { describe, expect, test } from 'vitest'
import { bodyBytes, bodyPieces, RequestReader, responseHead } from '../../../lib/lab/peers/http.js'

describe('RequestReader', () => {
  const get = 'GET / HTTP/1.1\r\nHost: here\r\n\r\n'

  test('reads a request byte by byte', () => {
    const reader = new RequestReader()
    for (const byte of Buffer.from(get)) {
      expect(reader.hasRequest).toBe(false)
      reader.push(Buffer.from([byte]))
    }
    expect(reader.take()).toEqual({ method: 'GET', bytes: get.length, wantsClose: false })
    expect(reader.take()).toBeUndefined()
  })

  test('reads several requests in one piece, with their bodies', () => {
    const post = 'POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello'
    const chunked = 'PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'
    const reader = new RequestReader()
    reader.push(Buffer.from(post + chunked + get))
    expect([reader.take(), reader.take(), reader.take()]).toMatchObject([
      { method: 'POST', bytes: post.length },
      { method: 'PUT', bytes: chunked.length },
      { method: 'GET', bytes: get.length },
    ])
    expect(reader.take()).toBeUndefined()
  })

  test('reads the end of a chunked body that comes in pieces', () => {
    const reader = new RequestReader()
    reader.push(Buffer.from('PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n'))
    for (const byte of Buffer.from('5\r\nhello\r\n0\r\n\r')) reader.push(Buffer.from([byte]))
    expect(reader.hasRequest).toBe(false)
    reader.push(Buffer.from('\n'))
    expect(reader.take()).toMatchObject({ method: 'PUT' })
  })

  test.each([
    ['GET / HTTP/1.1\r\nConnection: close\r\n\r\n', true],
    ['GET / HTTP/1.0\r\n\r\n', true],
    ['GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n', false],
    ['GET / HTTP/1.1\r\nConnection: keep-alive, TE\r\n\r\n', false],
  ])('knows of %j whether the connection is to end: %s', (text, wantsClose) => {
    const reader = new RequestReader()
    reader.push(Buffer.from(text))
    expect(reader.take()).toMatchObject({ wantsClose })
  })

  test.each(['hello\n', '\u0000\u0001\n', 'get / HTTP/1.1\r\n', 'GET /\r\n'])('takes %j for something else', (text) => {
    const reader = new RequestReader()
    reader.push(Buffer.from(text))
    expect(reader).toMatchObject({ isOther: true, hasRequest: false })
  })

  test('takes a head without an end for something else', () => {
    const reader = new RequestReader()
    reader.push(Buffer.from(`GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(20_000)}`))
    expect(reader.isOther).toBe(true)
  })
})

describe('a response', () => {
  test('has the framing in its head', () => {
    const head = (framing: 'content-length' | 'chunked' | 'close') =>
      responseHead({ framing, body: 7, keepAlive: false }).toString()
    expect(head('content-length')).toContain('\r\nContent-Length: 7\r\n')
    expect(head('chunked')).toContain('\r\nTransfer-Encoding: chunked\r\n')
    expect(head('close')).not.toMatch(/Content-Length|Transfer-Encoding/)
  })

  test('has a body of numbered lines, the same whatever part is asked for', () => {
    const whole = bodyBytes(0, 200)
    expect(whole.toString().split('\n')[1]).toBe('close-notify, line 000000000001')
    for (const [from, to] of [
      [0, 0],
      [0, 1],
      [31, 33],
      [32, 64],
      [199, 200],
    ] as const) {
      expect(bodyBytes(from, to)).toEqual(whole.subarray(from, to))
    }
  })

  test.each([0, 1, 8191, 8192, 8193, 20_000])('of %i bytes is whole without a cut, in each framing', (body) => {
    const whole = bodyBytes(0, body)
    expect(Buffer.concat([...bodyPieces('content-length', { body, bytesOf: bodyBytes })])).toEqual(whole)
    expect(Buffer.concat([...bodyPieces('close', { body, bytesOf: bodyBytes })])).toEqual(whole)
    expect(unchunked(Buffer.concat([...bodyPieces('chunked', { body, bytesOf: bodyBytes })]))).toEqual({
      body: whole,
      isComplete: true,
    })
  })

  test.each([0, 1, 8191, 8192, 8193, 20_000])('cut at %i of 20000 bytes has no more, and no end', (cut) => {
    expect(Buffer.concat([...bodyPieces('close', { body: 20_000, bytesOf: bodyBytes, upTo: cut })])).toEqual(
      bodyBytes(0, cut),
    )
    const chunked = unchunked(
      Buffer.concat([...bodyPieces('chunked', { body: 20_000, bytesOf: bodyBytes, upTo: cut })]),
    )
    expect(chunked).toEqual({ body: bodyBytes(0, cut), isComplete: false })
  })
})

function unchunked(bytes: Buffer): { readonly body: Buffer; readonly isComplete: boolean } {
  const parts: Buffer[] = []
  let rest = bytes
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n')
    const size = Number.parseInt(rest.toString('latin1', 0, end), 16)
    if (size === 0) return { body: Buffer.concat(parts), isComplete: true }
    parts.push(rest.subarray(end + 2, Math.min(end + 2 + size, rest.length)))
    rest = rest.subarray(end + 2 + size + 2)
  }
  return { body: Buffer.concat(parts), isComplete: false }
}
