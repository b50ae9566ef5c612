/**
 * TLS records of a watched connection: `Framer` cuts a byte stream into records and plaintext, `Decoder` (one per
 * direction, over one shared `Session`) says what each record holds. It follows the handshake far enough to know which
 * key protects what: versions, suites, HelloRetryRequest, ChangeCipherSpec, renegotiation, KeyUpdate. Not followed:
 * 0-RTT data.
 */
import { type AlertLevel, alertLevel, type AlertName, alertName } from './alerts.js'
import { type HandshakeName, handshakeName } from './handshake.js'
import { cipherSuite, nextSecret, protection12, protection13, type KeyLog, type Protection } from './keys.js'
import { alertLength, contentType, mayBeRecord, recordHeaderLength } from './record-format.js'
import { protocolOf, type TlsVersion } from './versions.js'

export type Side = 'client' | 'server'

/** A record as it was on the wire. */
export interface RawRecord {
  readonly type: number
  /** Of the record header: 0x0303 in TLS 1.3 too. */
  readonly version: number
  readonly header: Buffer
  readonly body: Buffer
}

export type Piece =
  | { readonly kind: 'record'; readonly record: RawRecord }
  /** Bytes that are no TLS record: before STARTTLS, or in the clear after close_notify. */
  | { readonly kind: 'plaintext'; readonly bytes: Buffer }

/** The content of a record. `bytes` is decrypted. */
export type RecordContent =
  | {
      readonly kind: 'handshake'
      /** Names of the messages that this record completes, such as `client_hello`. */
      readonly messages: readonly string[]
      readonly bytes: Buffer
    }
  | { readonly kind: 'change_cipher_spec'; readonly bytes: Buffer }
  | { readonly kind: 'data'; readonly bytes: Buffer }
  | {
      readonly kind: 'alert'
      readonly level: AlertLevel
      readonly name: AlertName
      /** False for an alert in the clear, as sent before there are keys. */
      readonly encrypted: boolean
      readonly bytes: Buffer
    }
  /** An alert record that does not hold one whole alert. */
  | { readonly kind: 'malformed-alert'; readonly bytes: Buffer }
  /** The keys are known and do not open it, or its cipher suite is none of ours. */
  | { readonly kind: 'undecryptable'; readonly type: number; readonly length: number }

/** Cuts one direction into records, read by read. */
export class Framer {
  #rest: Buffer = Buffer.alloc(0)

  /** Bytes of a record that is not complete yet. */
  get rest(): Buffer {
    return this.#rest
  }

  push(bytes: Buffer): Piece[] {
    const pieces: Piece[] = []
    let input = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    while (input.length > 0) {
      if (!mayBeRecord(input)) {
        // no way to find the next record inside this read; the next read starts afresh
        pieces.push({ kind: 'plaintext', bytes: input })
        input = input.subarray(input.length)
        break
      }
      if (input.length < recordHeaderLength) break
      const end = recordHeaderLength + input.readUInt16BE(3)
      if (input.length < end) break
      const record = {
        type: input.readUInt8(0),
        version: input.readUInt16BE(1),
        header: input.subarray(0, recordHeaderLength),
        body: input.subarray(recordHeaderLength, end),
      }
      pieces.push({ kind: 'record', record })
      input = input.subarray(end)
    }
    this.#rest = input
    return pieces
  }
}

/** The state that both directions of one connection share. */
export class Session {
  readonly keys: KeyLog
  clientRandom: Buffer | undefined
  serverRandom: Buffer | undefined
  version: TlsVersion | undefined
  suite = 0

  constructor(keys: KeyLog) {
    this.keys = keys
  }

  observeClientHello(body: Buffer): void {
    this.clientRandom = body.subarray(2, 34)
  }

  observeServerHello(body: Buffer): void {
    this.serverRandom = body.subarray(2, 34)
    const afterId = 35 + body.readUInt8(34)
    this.suite = body.readUInt16BE(afterId)
    this.version = protocolOf(body.readUInt16BE(0)) === 'TLSv1.2' ? 'TLSv1.2' : undefined
    let at = afterId + 5
    while (at + 4 <= body.length) {
      const supportedVersions = 43
      const length = body.readUInt16BE(at + 2)
      const namesVersion = body.readUInt16BE(at) === supportedVersions
      if (namesVersion && protocolOf(body.readUInt16BE(at + 4)) === 'TLSv1.3') this.version = 'TLSv1.3'
      at += 4 + length
    }
  }
}

/** A record's content with the protection that it came under, to send it or others in its place. */
export interface Decoded {
  readonly content: RecordContent
  /** Undefined for a record in the clear, and for one that could not be decrypted. */
  readonly protection: Protection | undefined
}

export class Decoder {
  readonly #from: Side
  readonly #session: Session
  #protection: Protection | undefined
  /** The key that the next protected record needs, where `#protection` is not derived yet. */
  #epoch: 'none' | 'handshake' | 'application' = 'none'
  #secret: Buffer | undefined
  #awaitsKeys = false
  #handshake: Buffer = Buffer.alloc(0)

  constructor(from: Side, session: Session) {
    this.#from = from
    this.#session = session
  }

  /** `no-keys`: ask again with the same record when more is known of the other direction or of the keys. */
  decode(record: RawRecord): Decoded | 'no-keys' {
    if (!this.#isProtected(record)) return this.#decoded(record.type, record.body, undefined)
    const protection = this.#protection ?? this.#derive()
    if (protection === 'no-keys') return 'no-keys'
    this.#awaitsKeys = false
    this.#protection = protection
    const opened = protection?.open(record.header, record.body)
    if (opened === undefined) {
      const content = { kind: 'undecryptable', type: record.type, length: record.body.length } as const
      return { content, protection: undefined }
    }
    return this.#decoded(opened.type, opened.content, protection)
  }

  /** The protection of a record of this side now; undefined while it sends in the clear, or its keys are not known. */
  get protection(): Protection | undefined {
    const protection = this.#protection ?? (this.#epoch === 'application' ? this.#derive() : undefined)
    if (protection === 'no-keys') return undefined
    this.#protection = protection
    return protection
  }

  #isProtected(record: RawRecord): boolean {
    if (record.type === contentType.data) return true
    return this.#session.version !== 'TLSv1.3' && (this.#protection !== undefined || this.#awaitsKeys)
  }

  /** Undefined: a suite that we do not have. */
  #derive(): Protection | undefined | 'no-keys' {
    const { version, clientRandom, serverRandom, keys } = this.#session
    if (version === undefined || clientRandom === undefined || serverRandom === undefined) return 'no-keys'
    const suite = cipherSuite(this.#session.suite)
    if (suite === undefined) return undefined
    if (version === 'TLSv1.2') {
      const master = keys.get('CLIENT_RANDOM', clientRandom)
      if (master === undefined) return 'no-keys'
      return protection12(suite, master, { client: clientRandom, server: serverRandom }, this.#from)
    }
    if (this.#epoch === 'none') this.#epoch = 'handshake'
    const side = this.#from === 'client' ? 'CLIENT' : 'SERVER'
    const label = this.#epoch === 'handshake' ? `${side}_HANDSHAKE_TRAFFIC_SECRET` : `${side}_TRAFFIC_SECRET_0`
    const secret = keys.get(label, clientRandom)
    if (secret === undefined) return 'no-keys'
    this.#secret = secret
    return protection13(suite, secret)
  }

  #decoded(type: number, bytes: Buffer, protection: Protection | undefined): Decoded {
    return { content: this.#content(type, bytes, protection !== undefined), protection }
  }

  #content(type: number, bytes: Buffer, encrypted: boolean): RecordContent {
    if (type === contentType.data) return { kind: 'data', bytes }
    if (type === contentType.handshake) return { kind: 'handshake', messages: this.#messages(bytes), bytes }
    if (type === contentType.alert) {
      const [level, code] = bytes
      if (bytes.length !== alertLength || level === undefined || code === undefined) {
        return { kind: 'malformed-alert', bytes }
      }
      return { kind: 'alert', level: alertLevel(level), name: alertName(code), encrypted, bytes }
    }
    if (type === contentType.change_cipher_spec) {
      if (this.#session.version === 'TLSv1.2') {
        this.#protection = undefined
        this.#awaitsKeys = true
      }
      return { kind: 'change_cipher_spec', bytes }
    }
    return { kind: 'undecryptable', type, length: bytes.length }
  }

  #messages(bytes: Buffer): string[] {
    const names: string[] = []
    let input = Buffer.concat([this.#handshake, bytes])
    while (input.length >= 4) {
      const end = 4 + input.readUIntBE(1, 3)
      if (input.length < end) break
      names.push(this.#observe(input.readUInt8(0), input.subarray(4, end)))
      input = input.subarray(end)
    }
    this.#handshake = input
    return names
  }

  #observe(type: number, body: Buffer): HandshakeName | 'hello_retry_request' {
    const name = handshakeName(type)
    if (name === 'client_hello') this.#session.observeClientHello(body)
    if (name === 'server_hello') {
      if (body.subarray(2, 34).equals(helloRetryRandom)) return 'hello_retry_request'
      this.#session.observeServerHello(body)
    }
    if (this.#session.version !== 'TLSv1.3') return name
    if (name === 'finished' && this.#epoch === 'handshake') {
      this.#epoch = 'application'
      this.#protection = undefined
    }
    const suite = cipherSuite(this.#session.suite)
    if (name === 'key_update' && this.#secret !== undefined && suite !== undefined) {
      this.#secret = nextSecret(suite, this.#secret)
      this.#protection = protection13(suite, this.#secret)
    }
    return name
  }
}

const helloRetryRandom = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex')
