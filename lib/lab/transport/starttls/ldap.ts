/** LDAP: the StartTLS operation of RFC 4511, 4.14, in as much of BER as that takes. */
import { type Dialogue, dialogueLimits } from '../dialogue.js'

const tag = { sequence: 0x30, integer: 0x02, enumerated: 0x0a, octets: 0x04, extendedResponse: 0x78 } as const

/** LDAPMessage { messageID 1, ExtendedRequest { requestName } }. */
const startTlsRequest = Buffer.concat([
  Buffer.from([tag.sequence, 0x1d, tag.integer, 1, 1, 0x77, 0x18, 0x80, 0x16]),
  Buffer.from('1.3.6.1.4.1.1466.20037'),
])

export async function ldap(dialogue: Dialogue): Promise<void> {
  const expected = 'an ExtendedResponse to StartTLS'
  dialogue.say(startTlsRequest)
  const message = await dialogue.take(expected, (buffer) => {
    if (buffer.readUInt8(0) !== tag.sequence) throw dialogue.unexpected(expected)
    const measured = lengthOf(buffer)
    if (measured === 'unknown') return 0
    const end = measured === 'invalid' ? Number.POSITIVE_INFINITY : measured.start + measured.length
    if (end > dialogueLimits.bytes) throw dialogue.unexpected(expected)
    return buffer.length >= end ? end : 0
  })
  const result = resultOf(message)
  if (result === undefined) throw dialogue.unexpected(expected, message)
  const { code, text, isNotice } = result
  if (code === 0 && !isNotice) return
  // A notice of disconnection (RFC 4511, 4.4.1) answers nothing.
  const to = isNotice ? 'a notice that it disconnects' : 'StartTLS'
  throw dialogue.refused(to, [`result ${code}`, resultNames.get(code), text].filter(Boolean).join(' '))
}

interface Result {
  readonly code: number
  readonly text: string
  /** Without a request that it would answer. */
  readonly isNotice: boolean
}

function resultOf(message: Buffer): Result | undefined {
  const [id, operation] = elementsOf(elementsOf(message)[0]?.content)
  if (id?.tag !== tag.integer || operation?.tag !== tag.extendedResponse) return undefined
  const [code, matched, text] = elementsOf(operation.content)
  const isResult = code?.tag === tag.enumerated && matched?.tag === tag.octets && text?.tag === tag.octets
  if (!isResult || code.content.length !== 1) return undefined
  const isNotice = id.content.every((byte) => byte === 0)
  return { code: code.content.readUInt8(0), text: text.content.toString('utf8'), isNotice }
}

const resultNames: ReadonlyMap<number, string> = new Map([
  [1, 'operationsError'],
  [2, 'protocolError'],
  [8, 'strongerAuthRequired'],
  [10, 'referral'],
  [51, 'busy'],
  [52, 'unavailable'],
  [53, 'unwillingToPerform'],
  [80, 'other'],
])

interface Element {
  readonly tag: number
  readonly content: Buffer
}

/** The elements that stand one behind the other, as far as they are whole; LDAP needs no more than the first three. */
function elementsOf(bytes: Buffer = Buffer.alloc(0)): readonly Element[] {
  const elements: Element[] = []
  for (let rest = bytes; rest.length > 0 && elements.length < 3; ) {
    const measured = lengthOf(rest)
    const end = typeof measured === 'string' ? Number.POSITIVE_INFINITY : measured.start + measured.length
    if (typeof measured === 'string' || end > rest.length) break
    elements.push({ tag: rest.readUInt8(0), content: rest.subarray(measured.start, end) })
    rest = rest.subarray(end)
  }
  return elements
}

/** Where the content begins, and its length; LDAP has no other than the definite form (RFC 4511, 5.1). */
function lengthOf(bytes: Buffer): { readonly start: number; readonly length: number } | 'unknown' | 'invalid' {
  if (bytes.length < 2) return 'unknown'
  const first = bytes.readUInt8(1)
  if (first < 0x80) return { start: 2, length: first }
  const count = first & 0x7f
  if (count === 0 || count > 4) return 'invalid'
  return bytes.length < 2 + count ? 'unknown' : { start: 2 + count, length: bytes.readUIntBE(2, count) }
}
