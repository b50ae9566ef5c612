/** What a probe asks of a server, in bytes, and what reads the response. */
import { connect } from 'node:http2'
import { Duplex } from 'node:stream'
import { setImmediate as immediate } from 'node:timers/promises'
import { H2ResponseReader } from './h2-response.js'
import { HttpResponseReader, readsAnything, type ResponseReader } from './response.js'
import type { Failure } from './result.js'

export interface ProbeRequest {
  readonly kind: 'http/1.1' | 'h2' | 'bytes' | 'none'
  /** Empty where nothing is asked. */
  readonly bytes: Buffer
  /** What is said behind a complete response, where the protocol has a word for the end. */
  readonly farewell?: Buffer
  /** Offered to the server, unless the caller asks for others. */
  readonly alpn?: readonly string[]
  newReader(): ResponseReader
}

export interface RequestTarget {
  /** The host as HTTP names it. */
  readonly authority: string
  readonly path: string
  readonly userAgent: string
}

/** GET, with `Connection: close`: the server is asked to end the connection behind its response. */
export function http1Request({ authority, path, userAgent }: RequestTarget): ProbeRequest {
  const head = [
    `GET ${path} HTTP/1.1`,
    `Host: ${authority}`,
    `User-Agent: ${userAgent}`,
    'Accept: */*',
    'Connection: close',
  ]
  return {
    kind: 'http/1.1',
    bytes: Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'),
    newReader: () => new HttpResponseReader(),
  }
}

/** The same in HTTP/2, where GOAWAY asks for the end: RFC 9113 section 6.8. */
export async function h2Request({ authority, path, userAgent }: RequestTarget): Promise<ProbeRequest> {
  return {
    kind: 'h2',
    bytes: await openingOfH2({ authority, path, userAgent }),
    farewell: goaway,
    alpn: ['h2'],
    newReader: () => new H2ResponseReader(),
  }
}

/** Bytes of the caller's: the response is complete when nothing comes any more. */
export function bytesRequest(bytes: Uint8Array): ProbeRequest {
  return { kind: bytes.length === 0 ? 'none' : 'bytes', bytes: Buffer.from(bytes), newReader: readsAnything }
}

/** Why a request cannot be sent to a server that agreed to this protocol, or to none, by ALPN: RFC 7301, RFC 9113 section 3.2. */
export function misfit(kind: ProbeRequest['kind'], agreed: string | undefined): Failure | undefined {
  const fits = kind === 'h2' ? agreed === 'h2' : kind !== 'http/1.1' || agreed !== 'h2'
  if (fits) return undefined
  const detail = `a request of ${kind} is to be sent, and the server agreed to ${agreed ?? 'no protocol'} by ALPN`
  return { stage: 'request', reason: 'not-the-protocol', detail }
}

// No error, no stream of the server's was handled.
const goaway = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])

/** All windows as wide as they can be, so that nobody has to open them for a large response. */
const window = 2 ** 31 - 1

/** What Node's own client of HTTP/2 writes first: its preface, its settings and the request. */
async function openingOfH2({ authority, path, userAgent }: RequestTarget): Promise<Buffer> {
  const written: Buffer[] = []
  const transport = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk)
      done()
    },
  })
  const session = connect(`http://${authority}`, {
    createConnection: () => transport,
    settings: { initialWindowSize: window, enablePush: false },
  })
  session.on('error', () => {})
  try {
    const stream = session.request({ ':path': path, ':scheme': 'https', 'user-agent': userAgent, accept: '*/*' })
    stream.on('error', () => {})
    // Written within some turns, nobody tells when.
    for (let turn = 0; turn < 1000 && !isWhole(written); turn += 1) await immediate()
    if (!isWhole(written)) throw new Error("Node's client of HTTP/2 wrote no request")
  } finally {
    session.destroy()
    transport.destroy()
  }
  return Buffer.concat([...written, windowUpdate])
}

/** Opens the window of the connection, which settings cannot: RFC 9113 section 6.9. */
const windowUpdate = Buffer.from([0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0xfe, 0xff, 0xff])

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

/** Whether the frame HEADERS is among what was written. */
function isWhole(written: readonly Buffer[]): boolean {
  const bytes = Buffer.concat(written)
  let at = preface.length
  while (at + 9 <= bytes.length) {
    const end = at + 9 + bytes.readUIntBE(at, 3)
    const headers = 1
    if (bytes.readUInt8(at + 3) === headers && end <= bytes.length) return true
    at = end
  }
  return false
}
