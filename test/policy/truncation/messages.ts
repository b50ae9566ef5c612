/**
 * The messages that the sweeps cut, record by record, and what must become of each cut.
 *
 * A cut is at a byte of the ciphertext (inside of record headers and bodies, or between records), or at a byte of the
 * plaintext: so much of it goes out, as one record. An ending that is an alert comes after such a record, through a relay.
 */
import type { TlsVersion } from '../../support/pair.js'
import { type Ending, isEnding, isInOrder } from './endings.js'

export const httpFramings = ['close-delimited', 'content-length', 'chunked'] as const

type RequestFraming = 'content-length request' | 'chunked request' | 'http2 request'

export type Framing = (typeof httpFramings)[number] | 'http2' | 'raw' | RequestFraming

export interface Cut {
  readonly framing: Framing
  readonly unit: 'ciphertext' | 'plaintext'
  readonly at: number
  readonly with: 'fin' | 'rst' | Ending
}

/** How much of the message a cut leaves. */
export interface Remains {
  /** The head of the message has come in full, or only in part. */
  readonly head: 'none' | 'part' | 'whole'
  readonly body: string
  readonly isWhole: boolean
}

/** A record of a message: bytes of the body, and those around them. */
interface Part {
  readonly before: string
  readonly body: string
  readonly after: string
}

interface Message {
  readonly head: readonly Part[]
  readonly rest: readonly Part[]
  /** Only a close_notify tells that there is no more. */
  readonly endsWithTls: boolean
}

const pieces = ['alpha ', 'bravo ', 'charlie']
const wholeBody = pieces.join('')

const http2Frames = { data: 0, headers: 1, settings: 4 } as const
const endStream = 1
const endHeaders = 4
const acknowledged = 1

const plain = pieces.map((body) => part('', body))
const chunks = [...pieces.map((body) => part(`${body.length.toString(16)}\r\n`, body, '\r\n')), part('0\r\n\r\n')]
// a peer's first stream has number 1, whoever sends on it
const http2Data = [
  ...pieces.map((body) => part(frame('data', 0, 1, body.length), body)),
  part(frame('data', endStream, 1, 0)),
]
const statusLine = part('HTTP/1.1 200 OK\r\n')
const requestLine = part('POST / HTTP/1.1\r\n')
const http2Preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
// HPACK's static table: 0x88 is :status 200; 0x83 :method POST, 0x87 :scheme https, 0x84 :path /, 0x01 :authority
const http2Status = '\x88'
const http2Post = '\x83\x87\x84\x01\x01x'

const messages: Readonly<Record<Framing, Message>> = {
  'close-delimited': { head: [statusLine, part('Connection: close\r\n\r\n')], rest: plain, endsWithTls: true },
  'content-length': {
    head: [statusLine, part(`Content-Length: ${wholeBody.length}\r\n\r\n`)],
    rest: plain,
    endsWithTls: false,
  },
  chunked: {
    head: [statusLine, part('Transfer-Encoding: chunked\r\n\r\n')],
    rest: chunks,
    endsWithTls: false,
  },
  http2: {
    head: [
      part(frame('settings', 0, 0, 0) + frame('settings', acknowledged, 0, 0)),
      part(frame('headers', endHeaders, 1, http2Status.length) + http2Status),
    ],
    rest: http2Data,
    endsWithTls: false,
  },
  raw: { head: [], rest: plain, endsWithTls: true },
  'content-length request': {
    head: [requestLine, part(`Host: x\r\nContent-Length: ${wholeBody.length}\r\n\r\n`)],
    rest: plain,
    endsWithTls: false,
  },
  'chunked request': {
    head: [requestLine, part('Host: x\r\nTransfer-Encoding: chunked\r\n\r\n')],
    rest: chunks,
    endsWithTls: false,
  },
  'http2 request': {
    head: [
      part(http2Preface + frame('settings', 0, 0, 0)),
      part(frame('headers', endHeaders, 1, http2Post.length) + http2Post),
    ],
    rest: http2Data,
    endsWithTls: false,
  },
}

// TLS 1.3: type and tag; TLS 1.2 with AES-GCM: explicit nonce and tag
const recordOverhead = { 'TLSv1.3': 5 + 1 + 16, 'TLSv1.2': 5 + 8 + 16 } as const
const alertLength = 2

/** The plaintext before the close_notify, one item per record. */
export function recordsOf({ framing, unit, at }: Cut): readonly Buffer[] {
  const records = partsOf(framing).map((one) => Buffer.from(textOf(one), 'latin1'))
  return unit === 'ciphertext' ? records : [Buffer.concat(records).subarray(0, at)].filter(({ length }) => length > 0)
}

/** How many bytes of what was encrypted may pass. */
export function passingBytes(cut: Cut, version: TlsVersion): number {
  if (cut.unit === 'ciphertext') return cut.at
  // The relay has the close_notify replaced.
  if (isEnding(cut.with)) return wholeLength(cut, version)
  return recordsOf(cut).reduce((sum, { length }) => sum + length + recordOverhead[version], 0)
}

/** The ciphertext of all records and of the close_notify after them. */
export function wholeLength(cut: Cut, version: TlsVersion): number {
  const lengths = [...recordsOf(cut).map(({ length }) => length), alertLength]
  return lengths.reduce((sum, length) => sum + length + recordOverhead[version], 0)
}

export function remainsOf({ framing, unit, at, with: how }: Cut, version: TlsVersion): Remains {
  const { head, rest, endsWithTls } = messages[framing]
  const overhead = unit === 'ciphertext' ? recordOverhead[version] : 0
  let left = at
  let body = ''
  let headParts = 0
  let isInPart = false
  let isCut = false
  for (const [i, one] of [...head, ...rest].entries()) {
    const length = textOf(one).length + overhead
    // a record counts when it has come in full
    const came = left >= length || unit === 'plaintext' ? Math.min(left, length) : 0
    body += one.body.slice(0, Math.max(0, came - overhead - one.before.length))
    if (left < length) {
      isCut = true
      isInPart = came > 0
      break
    }
    left -= length
    if (i < head.length) headParts++
  }
  const isHeadWhole = headParts === head.length
  const hasCloseNotify = !isCut && unit === 'ciphertext' && left >= alertLength + overhead
  const isEndedByTls = hasCloseNotify || (isEnding(how) && isInOrder(how) && isHeadWhole)
  return {
    head: isHeadWhole ? 'whole' : headParts > 0 || isInPart ? 'part' : 'none',
    body,
    isWhole: endsWithTls ? isEndedByTls : !isCut,
  }
}

/** A FIN and an RST at every byte, the first (nothing came) and the last (all came) included. */
export function everyCut(framing: Framing, unit: Cut['unit'], version: TlsVersion): readonly Cut[] {
  const all = { framing, unit, with: 'fin', at: Number.MAX_SAFE_INTEGER } as const
  const last = unit === 'ciphertext' ? wholeLength(all, version) : Buffer.concat([...recordsOf(all)]).length
  return Array.from({ length: last + 1 }, (_, at) => [
    { framing, unit, at, with: 'fin' } as const,
    { framing, unit, at, with: 'rst' } as const,
  ]).flat()
}

/** Every byte, with a FIN or an RST by turns; the other half has the other one at each. */
export function halfOf(cuts: readonly Cut[], half: 0 | 1): readonly Cut[] {
  return cuts.filter(({ at, with: how }) => (at + (how === 'fin' ? 0 : 1)) % 2 === half)
}

/** That ending at each border of the message's parts, and one byte before and behind it. */
export function bordersWith(framing: Framing, ending: Ending): readonly Cut[] {
  let at = 0
  const borders = partsOf(framing).flatMap(({ before, body, after }) => {
    return [before, body, after].map(({ length }) => (at += length))
  })
  const near = [0, ...borders].flatMap((border) => [border - 1, border, border + 1])
  const positions = new Set(near.filter((position) => position >= 0 && position <= at))
  return [...positions].map((position) => ({ framing, unit: 'plaintext', at: position, with: ending }))
}

/** A host name that tells the server what to do (SNI). */
export function hostOf({ framing, unit, at, with: how }: Cut): string {
  return `${framing}.${unit}.${at}.${isEnding(how) ? 'ending' : how}.test`
}

export function cutOf(host: string): Cut {
  const [framing, unit, at, how = ''] = host.split('.')
  if (!isFraming(framing)) throw new Error(`Expected a host name of a cut but received ${host}`)
  return {
    framing,
    unit: unit === 'plaintext' ? 'plaintext' : 'ciphertext',
    at: Number(at),
    with: how === 'rst' || how === 'fin' ? how : 'close_notify',
  }
}

function isFraming(text: string | undefined): text is Framing {
  return text !== undefined && Object.hasOwn(messages, text)
}

function partsOf(framing: Framing): readonly Part[] {
  return [...messages[framing].head, ...messages[framing].rest]
}

function part(before: string, body = '', after = ''): Part {
  return { before, body, after }
}

function textOf({ before, body, after }: Part): string {
  return before + body + after
}

/** The header of an http2 frame, one character a byte. */
function frame(type: keyof typeof http2Frames, flags: number, stream: number, length: number): string {
  return String.fromCharCode(0, 0, length, http2Frames[type], flags, 0, 0, 0, stream)
}
