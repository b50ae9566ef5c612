/**
 * What the server answers, byte for byte the same each time, so that every position of the ciphertext can be cut: one
 * piece per record, the head first, then the body, then what ends it by its framing.
 */
export const framings = ['close-delimited', 'content-length', 'chunked', 'http2'] as const
export type Framing = (typeof framings)[number]

export interface Response {
  /** Each is a TLS record of its own. */
  readonly pieces: readonly Buffer[]
  /** How many of the pieces have come when the whole body has, its end by framing not included. */
  readonly piecesWithBody: number
}

const bodyPieces = ['a', 'b', 'c'].map((letter) => Buffer.from(letter.repeat(90)))
export const bodyLength = Buffer.concat(bodyPieces).length

export function responseOf(framing: Framing): Response {
  switch (framing) {
    case 'close-delimited':
      return { pieces: [head(), ...bodyPieces], piecesWithBody: 4 }
    case 'content-length':
      return { pieces: [head(`Content-Length: ${bodyLength}`), ...bodyPieces], piecesWithBody: 4 }
    case 'chunked':
      return {
        pieces: [head('Transfer-Encoding: chunked'), ...bodyPieces.map(chunk), Buffer.from('0\r\n\r\n')],
        piecesWithBody: 4,
      }
    case 'http2':
      return {
        pieces: [
          http2Head,
          ...bodyPieces.map((piece) => frame(type.data, 0, 1, piece)),
          frame(type.data, endStream, 1),
        ],
        piecesWithBody: 4,
      }
  }
}

function head(...fields: readonly string[]): Buffer {
  return Buffer.from(['HTTP/1.1 200 OK', 'Connection: close', ...fields, '', ''].join('\r\n'))
}

function chunk(piece: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')])
}

// RFC 9113. Node's own server would write its frames in records that depend on the time of day.
const type = { data: 0, headers: 1, settings: 4 } as const
const endStream = 0x1
const ack = 0x1
const endHeaders = 0x4
/** `:status: 200` in HPACK's static table. */
const status200 = Buffer.from([0x88])
const http2Head = Buffer.concat([
  frame(type.settings, 0, 0),
  frame(type.settings, ack, 0),
  frame(type.headers, endHeaders, 1, status200),
])

function frame(kind: number, flags: number, stream: number, payload = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9)
  header.writeUIntBE(payload.length, 0, 3)
  header.writeUInt8(kind, 3)
  header.writeUInt8(flags, 4)
  header.writeUInt32BE(stream, 5)
  return Buffer.concat([header, payload])
}

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

/** The framing that a request asks for, once it is there as a whole; its path names it, and over HTTP/2 ALPN has. */
export function requestedFraming(received: Buffer, isHttp2: boolean): Framing | undefined {
  if (isHttp2) return hasHeadersFrame(received) ? 'http2' : undefined
  const text = received.toString('latin1')
  const path = /^GET \/(\S+) HTTP\/1\.[01]\r\n/.exec(text)?.[1]
  return text.endsWith('\r\n\r\n') ? framings.find((framing) => framing === path) : undefined
}

function hasHeadersFrame(received: Buffer): boolean {
  let offset = preface.length
  while (offset + 9 <= received.length) {
    const end = offset + 9 + received.readUIntBE(offset, 3)
    if (received.readUInt8(offset + 3) === type.headers) return end <= received.length
    offset = end
  }
  return false
}
