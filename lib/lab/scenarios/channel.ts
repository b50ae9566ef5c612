/**
 * One direction between the two SSL objects of a scenario: what its sender wrote waits here, decrypted for the record,
 * until a transfer takes it. A record can be forged behind it; those that follow are then sealed anew, for their
 * numbers have moved.
 */
import { alertBytes } from '../../tls/alerts.js'
import { contentType, recordHeader } from '../../tls/record-format.js'
import { Decoder, Framer, type RecordContent, type Session } from '../../tls/records.js'
import type { Actor, ForgedRecord } from './types.js'

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

  #seal(type: number, content: Buffer, label: string): void {
    const { protection } = this.#decoder
    const bytes = protection?.seal(type, content) ?? Buffer.concat([recordHeader(type, content.length), content])
    this.#queue.push({ bytes, label: protection === undefined ? `${label} in the clear` : label })
  }
}

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
