/**
 * One direction between the two SSL objects of a scenario: what its sender wrote waits here, decrypted for the record,
 * until a transfer takes it. A record can be forged behind it; those that follow are then sealed anew, for their
 * numbers have moved, and behind a forged KeyUpdate their key too.
 */
import { alertBytes, alertLevel, alertName } from '../../tls/alerts.js'
import { handshakeName } from '../../tls/handshake.js'
import type { Protection } from '../../tls/keys.js'
import { alertLength, contentType, recordHeader } from '../../tls/record-format.js'
import { Decoder, Framer, type RecordContent, type Session } from '../../tls/records.js'
import type { Actor, ForgedRecord, RawRecordContent } from './types.js'

export interface Taken {
  readonly bytes: Buffer
  /** The records that passed with this, one entry each. */
  readonly wire: readonly string[]
}

interface LabelledBytes {
  readonly bytes: Buffer
  readonly label: string
}

export class Channel {
  readonly #framer = new Framer()
  readonly #decoder: Decoder
  #queue: LabelledBytes[] = []
  /** Since a forged KeyUpdate, of which the sender does not know: what its receiver opens records with. */
  #sealing: Protection | undefined
  #clientHello: Buffer | undefined

  constructor(from: Actor, session: Session) {
    this.#decoder = new Decoder(from, session)
  }

  /** Takes what the sender wrote. Its keys have to be known by then. */
  write(bytes: Buffer): void {
    for (const piece of this.#framer.push(bytes)) {
      if (piece.kind === 'plaintext') {
        this.#queue.push({ bytes: piece.bytes, label: `plaintext ${piece.bytes.length}` })
        continue
      }
      const { record } = piece
      const original = Buffer.concat([record.header, record.body])
      const decoded = this.#decoder.decode(record)
      if (decoded === 'no-keys') {
        this.#queue.push({ bytes: original, label: 'a record that cannot be decrypted here' })
        continue
      }
      const { content, protection } = decoded
      if (content.kind === 'handshake' && content.messages[0] === 'client_hello') this.#clientHello ??= content.bytes
      const label = describeContent(content)
      if (protection === undefined || content.kind === 'undecryptable') {
        this.#queue.push({ bytes: original, label })
      } else if (this.#sealing !== undefined) {
        this.#queue.push({ bytes: this.#sealing.seal(typeOf(content), content.bytes), label })
        if (content.kind === 'handshake' && content.messages.includes('key_update')) {
          this.#sealing = this.#sealing.updated()
        }
      } else if (protection.inStep) {
        protection.skip()
        this.#queue.push({ bytes: original, label })
      } else {
        this.#queue.push({ bytes: protection.seal(typeOf(content), content.bytes), label })
      }
    }
  }

  /** Whether records can be forged: in the clear while there are no keys, sealed once they are known. */
  canForge(inHandshake: boolean): boolean {
    return inHandshake || this.#decoder.protection !== undefined
  }

  forge(record: ForgedRecord): void {
    if ('hex' in record) {
      this.#forgeRaw(record)
      return
    }
    switch (record.type) {
      case 'alert':
        this.#seal(contentType.alert, alertBytes(record.level, record.name), describeAlert(record))
        return
      case 'fragmented-alert':
        for (const [i, byte] of alertBytes(record.level, record.name).entries()) {
          this.#seal(contentType.alert, Buffer.from([byte]), `byte ${i + 1} of ${describeAlert(record)}`)
        }
        return
      case 'data':
        this.#seal(contentType.data, Buffer.from(record.text), `data ${Buffer.byteLength(record.text)}`)
        return
      case 'handshake': {
        const message = record.message === 'hello_request' ? Buffer.alloc(4) : this.#clientHello
        if (message === undefined) throw new TypeError('Expected a client that has begun a handshake')
        this.#seal(contentType.handshake, message, record.message)
        return
      }
      case 'plaintext': {
        const bytes = Buffer.from(record.text)
        this.#queue.push({ bytes, label: `plaintext ${bytes.length}` })
        return
      }
    }
  }

  /** All but the last `holdBack` bytes. */
  take(holdBack: number): Taken {
    const all = Buffer.concat(this.#queue.map(({ bytes }) => bytes))
    const end = Math.max(0, all.length - holdBack)
    const wire: string[] = []
    const rest: LabelledBytes[] = []
    let at = 0
    for (const { bytes, label } of this.#queue) {
      const passing = Math.min(bytes.length, Math.max(0, end - at))
      if (passing === bytes.length) wire.push(label)
      else rest.push({ bytes: bytes.subarray(passing), label: passing === 0 ? label : `the rest of ${label}` })
      if (passing > 0 && passing < bytes.length) wire.push(`a part of ${label}`)
      at += bytes.length
    }
    this.#queue = rest
    return { bytes: all.subarray(0, end), wire }
  }

  #forgeRaw({ type, hex }: RawRecordContent): void {
    const content = Buffer.from(hex, 'hex')
    this.#seal(typeof type === 'number' ? type : contentType[type], content, describeRaw(type, content))
    if (type !== 'handshake' || content[0] !== keyUpdate) return
    this.#sealing = (this.#sealing ?? this.#decoder.protection)?.updated()
  }

  #seal(type: number, content: Buffer, label: string): void {
    const protection = this.#sealing ?? this.#decoder.protection
    const bytes = protection?.seal(type, content) ?? Buffer.concat([recordHeader(type, content.length), content])
    this.#queue.push({ bytes, label: protection === undefined ? `${label} in the clear` : label })
  }
}

/** As a record of an SSL object is described. */
function describeRaw(type: RawRecordContent['type'], content: Buffer): string {
  const [first, second] = content
  switch (type) {
    case 'alert': {
      if (first === undefined || second === undefined || content.length !== alertLength) {
        return `malformed alert ${content.length}`
      }
      return describeAlert({ level: alertLevel(first), name: alertName(second) })
    }
    case 'handshake':
      return first === undefined ? 'a part of a handshake message' : handshakeName(first)
    case 'data':
      return `data ${content.length}`
    case 'change_cipher_spec':
      return type
    default:
      return `type ${type} ${content.length}`
  }
}

/** The type of the message: RFC 8446 section 4.6.3. */
const keyUpdate = 24

function describeContent(content: RecordContent): string {
  switch (content.kind) {
    case 'handshake':
      return content.messages.length === 0 ? 'a part of a handshake message' : content.messages.join(' ')
    case 'change_cipher_spec':
      return content.kind
    case 'data':
      return `data ${content.bytes.length}`
    case 'alert':
      return `${describeAlert(content)}${content.encrypted ? '' : ' in the clear'}`
    case 'malformed-alert':
      return `malformed alert ${content.bytes.length}`
    case 'undecryptable':
      return 'a record that cannot be decrypted here'
  }
}

function describeAlert({ level, name }: { readonly level: string; readonly name: string }): string {
  return `alert ${level} ${name}`
}

function typeOf(content: Exclude<RecordContent, { kind: 'undecryptable' }>): number {
  return contentType[content.kind === 'malformed-alert' ? 'alert' : content.kind]
}
