/** As much of HTTP/1.1 as peers need: requests are read, responses written, in each of the three framings of RFC 9112. */
import { fieldOf, maxHead } from '../http-head.js'

/** What tells the end of a response's body: RFC 9112 section 6.3. */
export const framings = ['content-length', 'chunked', 'close'] as const

/**
 * What tells the end of a response's body: its length, its last chunk, or the end of the connection. RFC 9112 section 6.3.
 * @useDeclaredType
 */
export type Framing = (typeof framings)[number]

export interface PeerRequest {
  readonly method: string
  readonly bytes: number
  /** The connection has to end behind the response: RFC 9112 section 9.6. */
  readonly wantsClose: boolean
}

type RequestBody = { readonly kind: 'length'; left: number } | { readonly kind: 'chunked' }

/** Cuts what a client sends into requests, with their bodies. */
export class RequestReader {
  // One character for one byte.
  #text = ''
  #bytes = 0
  #isOther = false
  #body: RequestBody | undefined
  #pending: Omit<PeerRequest, 'bytes'> | undefined
  readonly #complete: PeerRequest[] = []

  /** Bytes came that are no HTTP. */
  get isOther(): boolean {
    return this.#isOther
  }

  get hasRequest(): boolean {
    return this.#complete.length > 0
  }

  take(): PeerRequest | undefined {
    return this.#complete.shift()
  }

  push(bytes: Buffer): void {
    if (this.#isOther) return
    this.#text += bytes.toString('latin1')
    this.#bytes += bytes.length
    while (this.#step());
  }

  #step(): boolean {
    if (this.#isOther || (this.#text === '' && this.#pending === undefined)) return false
    return this.#pending === undefined ? this.#head() : this.#rest(this.#pending)
  }

  #head(): boolean {
    const line = /^(?:\r?\n)*([^\r\n]*)\r?\n/.exec(this.#text)?.[1]
    const end = /\r?\n\r?\n/.exec(this.#text.trimStart())
    if (line !== undefined && line !== '' && !/^[A-Z]+ \S+ HTTP\/1\.[01]$/.test(line)) return this.#other()
    if (end === null) return this.#text.length > maxHead ? this.#other() : false
    const text = this.#text.trimStart()
    const head = text.slice(0, end.index)
    this.#text = text.slice(end.index + end[0].length)
    const connection = fieldOf(head, 'connection') ?? ''
    const isOld = head.split(/\r?\n/, 1)[0]?.endsWith('HTTP/1.0') === true
    this.#pending = {
      method: head.split(' ', 1)[0] ?? '',
      wantsClose: /\bclose\b/i.test(connection) || (isOld && !/\bkeep-alive\b/i.test(connection)),
    }
    const length = Number(fieldOf(head, 'content-length') ?? 0)
    const isChunked = /\bchunked$/i.test(fieldOf(head, 'transfer-encoding') ?? '')
    this.#body = isChunked ? { kind: 'chunked' } : { kind: 'length', left: Number.isNaN(length) ? 0 : length }
    return true
  }

  #rest(request: Omit<PeerRequest, 'bytes'>): boolean {
    if (this.#body?.kind === 'length') {
      const taken = Math.min(this.#body.left, this.#text.length)
      this.#body.left -= taken
      this.#text = this.#text.slice(taken)
      if (this.#body.left > 0) return false
    } else if (this.#body?.kind === 'chunked') {
      const end = /(?:^|\r\n)0\r\n\r\n/.exec(this.#text)
      if (end === null) {
        // Nothing of a body is of use but its end.
        this.#text = this.#text.slice(-8)
        return false
      }
      this.#text = this.#text.slice(end.index + end[0].length)
    }
    this.#complete.push({ ...request, bytes: this.#bytes - this.#text.length })
    this.#bytes = this.#text.length
    this.#pending = undefined
    this.#body = undefined
    return this.#text !== ''
  }

  #other(): false {
    this.#isOther = true
    this.#text = ''
    return false
  }
}

export interface ResponseForm {
  readonly framing: Framing
  /** Bytes of the body. */
  readonly body: number
  readonly keepAlive: boolean
}

export function responseHead({ framing, body, keepAlive }: ResponseForm): Buffer {
  const head = [
    'HTTP/1.1 200 OK',
    'Content-Type: text/plain',
    'Cache-Control: no-store',
    // For pages of other origins, which a browser is driven by.
    'Access-Control-Allow-Origin: *',
    ...(framing === 'content-length' ? [`Content-Length: ${body}`] : []),
    ...(framing === 'chunked' ? ['Transfer-Encoding: chunked'] : []),
    `Connection: ${keepAlive ? 'keep-alive' : 'close'}`,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1')
}

/** Application data of a record of a body: half of what a record holds, so that small bodies have several too. */
const pieceLength = 8192

/** The bytes of a body, from one to before another. */
export type BodyBytes = (from: number, to: number) => Buffer

export interface SentBody {
  /** Its length in bytes. */
  readonly body: number
  readonly bytesOf: BodyBytes
  /** Only so many bytes of it, and nothing that says that it ends: of a chunked one the last chunk is left out. */
  readonly upTo?: number | undefined
}

/** A body as it goes on the wire, piece by piece: each is a record. */
export function* bodyPieces(framing: Framing, { body, bytesOf, upTo }: SentBody): Generator<Buffer, void> {
  const end = Math.min(body, upTo ?? body)
  for (let at = 0; at < end; at += pieceLength) {
    const whole = Math.min(body, at + pieceLength)
    const sent = Math.min(end, whole)
    const data = bytesOf(at, sent)
    if (framing !== 'chunked') yield data
    else {
      const size = Buffer.from(`${(whole - at).toString(16)}\r\n`)
      yield sent === whole ? Buffer.concat([size, data, lineEnd]) : Buffer.concat([size, data])
    }
  }
  if (framing === 'chunked' && upTo === undefined) yield lastChunk
}

const lineEnd = Buffer.from('\r\n')
const lastChunk = Buffer.from('0\r\n\r\n')

const lineLength = 32

/** Those of a body that is given, or of numbered lines: whoever prints them shows how many there were. */
export function bytesOfBody(content: Buffer | undefined): BodyBytes {
  return content === undefined ? bodyBytes : (from, to) => content.subarray(from, to)
}

/** Numbered lines of 32 bytes. */
export function bodyBytes(from: number, to: number): Buffer {
  const first = Math.floor(from / lineLength)
  const count = Math.ceil(to / lineLength) - first
  const lines = Array.from({ length: count }, (_, index) => lineOf(first + index)).join('')
  return Buffer.from(lines, 'latin1').subarray(from - first * lineLength, to - first * lineLength)
}

function lineOf(number: number): string {
  return `close-notify, line ${String(number).padStart(12, '0')}\n`
}
