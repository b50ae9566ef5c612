/** The judge's own words for what the probe asks, byte for byte its own, so that a mistake of the probe's shows. */
import { host } from '../place.js'
import type { Speech } from '../server.js'

export interface JudgeRequest {
  readonly bytes: Buffer
  /** What asks for the end, behind the response. */
  readonly farewell?: Buffer
}

export function requestOf({ request }: Speech, port: number): JudgeRequest {
  switch (request.kind) {
    case 'bytes':
      return { bytes: Buffer.from(request.text, 'latin1') }
    case 'http/1.1': {
      const head = `GET ${request.path} HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: close\r\n\r\n`
      return { bytes: Buffer.from(head, 'latin1') }
    }
    case 'h2':
      return { bytes: h2Get(request.path, `${host}:${port}`), farewell: frame(frames.goaway, 0, 0, Buffer.alloc(8)) }
  }
}

const frames = { headers: 1, settings: 4, goaway: 7, windowUpdate: 8 } as const

/** RFC 9113: the preface, windows that are wide enough for any response here, and a request in literal HPACK. */
function h2Get(path: string, authority: string): Buffer {
  const wide = Buffer.alloc(4)
  wide.writeUInt32BE(2 ** 30)
  const initialWindowSize = Buffer.concat([Buffer.from([0, 4]), wide])
  // RFC 7541 appendix A: 1 is :authority, 2 is :method GET, 4 is :path, 7 is :scheme https.
  const fields = Buffer.concat([Buffer.from([0x82, 0x87]), literal(4, path), literal(1, authority)])
  const endOfStreamAndHeaders = 0x05
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1'),
    frame(frames.settings, 0, 0, initialWindowSize),
    frame(frames.windowUpdate, 0, 0, wide),
    frame(frames.headers, endOfStreamAndHeaders, 1, fields),
  ])
}

function frame(type: number, flags: number, stream: number, content: Buffer): Buffer {
  const header = Buffer.alloc(9)
  header.writeUIntBE(content.length, 0, 3)
  header.writeUInt8(type, 3)
  header.writeUInt8(flags, 4)
  header.writeUInt32BE(stream, 5)
  return Buffer.concat([header, content])
}

/** A field whose name is in the static table, not to be kept: RFC 7541 section 6.2.2. */
function literal(index: number, value: string): Buffer {
  const text = Buffer.from(value, 'latin1')
  return Buffer.concat([Buffer.from([index, text.length]), text])
}
