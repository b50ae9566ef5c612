/**
 * The keys of a TLS connection that is watched: from the lines of a 'keylog' event to the AEAD that opens and seals
 * its records. TLS 1.3 (RFC 8446 section 7) and TLS 1.2 (RFC 5246 section 6.3) with AES-GCM or ChaCha20-Poly1305.
 *
 *     const keys = new KeyLog()
 *     server.on('keylog', (line) => keys.add(line))       // one side is enough
 */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import { contentType, recordHeader, tagLength } from './record-format.js'

/** The content of an `SSLKEYLOGFILE`: secrets by label and client random. */
export class KeyLog {
  readonly #secrets = new Map<string, Buffer>()
  readonly #listeners = new Set<() => void>()

  /** Takes one or more lines of NSS key log format. */
  add(lines: Buffer | string): void {
    for (const line of lines.toString().split('\n')) {
      const [label, random, secret] = line.trim().split(' ')
      if (label === undefined || random === undefined || secret === undefined || label.startsWith('#')) continue
      this.#secrets.set(`${label} ${random.toLowerCase()}`, Buffer.from(secret, 'hex'))
    }
    for (const listener of this.#listeners) listener()
  }

  get(label: string, clientRandom: Buffer): Buffer | undefined {
    return this.#secrets.get(`${label} ${clientRandom.toString('hex')}`)
  }

  /** Calls back after each `add`; returns the function that ends it. */
  onAdd(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

export interface CipherSuite {
  readonly aead: 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305'
  readonly keyLength: number
  readonly hash: 'sha256' | 'sha384'
}

/** Undefined for a suite that these instruments cannot decrypt. */
export function cipherSuite(code: number): CipherSuite | undefined {
  return suites.get(code)
}

const aes128 = { aead: 'aes-128-gcm', keyLength: 16, hash: 'sha256' } as const
const aes256 = { aead: 'aes-256-gcm', keyLength: 32, hash: 'sha384' } as const
const chacha = { aead: 'chacha20-poly1305', keyLength: 32, hash: 'sha256' } as const
const suites: ReadonlyMap<number, CipherSuite> = new Map<number, CipherSuite>([
  [0x1301, aes128],
  [0x1302, aes256],
  [0x1303, chacha],
  // TLS 1.2: RSA, DHE_RSA, ECDHE_ECDSA, ECDHE_RSA
  ...[0x009c, 0x009e, 0xc02b, 0xc02f].map((code): [number, CipherSuite] => [code, aes128]),
  ...[0x009d, 0x009f, 0xc02c, 0xc030].map((code): [number, CipherSuite] => [code, aes256]),
  ...[0xcca8, 0xcca9].map((code): [number, CipherSuite] => [code, chacha]),
])

/** The content of a record once its protection is taken off. */
interface Opened {
  readonly type: number
  readonly content: Buffer
}

/**
 * The protection of one direction for as long as its key lasts. Reading and writing count their own sequence numbers,
 * so that records can be dropped and inserted on the way.
 */
export interface Protection {
  /** True while nothing was dropped or inserted: a record may then go on as it came. */
  readonly inStep: boolean
  /** Undefined when it does not authenticate; the sequence number then stays. */
  open(header: Buffer, body: Buffer): Opened | undefined
  /** The whole record, header included. */
  seal(type: number, content: Buffer): Buffer
  /** Counts a record that goes on as it came. */
  skip(): void
  /** The protection that follows a KeyUpdate of TLS 1.3, its sequence numbers from 0; TLS 1.2 has none. */
  updated(): Protection | undefined
}

/** TLS 1.3, from a traffic secret. */
export function protection13(suite: CipherSuite, secret: Buffer): Protection {
  const key = expandLabel(suite, secret, 'key', suite.keyLength)
  const iv = expandLabel(suite, secret, 'iv', 12)
  return new Sequenced({
    open(sequence, header, body) {
      const inner = decrypt(suite, key, xor(iv, sequence), header, body)
      if (inner === undefined) return undefined
      let end = inner.length
      while (end > 0 && inner[end - 1] === 0) end--
      return { type: inner[end - 1] ?? 0, content: inner.subarray(0, Math.max(0, end - 1)) }
    },
    seal(sequence, type, content) {
      const inner = Buffer.concat([content, Buffer.from([type])])
      const header = recordHeader(contentType.data, inner.length + tagLength)
      return Buffer.concat([header, encrypt(suite, key, xor(iv, sequence), header, inner)])
    },
    updated: () => protection13(suite, nextSecret(suite, secret)),
  })
}

/** The traffic secret that follows a KeyUpdate. */
export function nextSecret(suite: CipherSuite, secret: Buffer): Buffer {
  return expandLabel(suite, secret, 'traffic upd', secret.length)
}

/** TLS 1.2, from the master secret and both randoms. */
export function protection12(
  suite: CipherSuite,
  masterSecret: Buffer,
  randoms: { readonly client: Buffer; readonly server: Buffer },
  from: 'client' | 'server',
): Protection {
  const explicit = suite.aead === 'chacha20-poly1305' ? 0 : 8
  const ivLength = 12 - explicit
  const seed = Buffer.concat([Buffer.from('key expansion'), randoms.server, randoms.client])
  const block = prf(suite, masterSecret, seed, 2 * (suite.keyLength + ivLength))
  const index = from === 'client' ? 0 : 1
  const key = block.subarray(index * suite.keyLength, (index + 1) * suite.keyLength)
  const ivs = block.subarray(2 * suite.keyLength)
  const iv = ivs.subarray(index * ivLength, (index + 1) * ivLength)
  const nonceOf = (sequence: Buffer, sent: Buffer) => (explicit === 0 ? xor(iv, sequence) : Buffer.concat([iv, sent]))

  return new Sequenced({
    open(sequence, header, body) {
      const nonce = nonceOf(sequence, body.subarray(0, explicit))
      const length = body.length - explicit - tagLength
      if (length < 0) return undefined
      const type = header[0] ?? 0
      const content = decrypt(suite, key, nonce, additional12(sequence, type, length), body.subarray(explicit))
      return content === undefined ? undefined : { type, content }
    },
    seal(sequence, type, content) {
      const sent = explicit === 0 ? Buffer.alloc(0) : sequence
      const sealed = encrypt(suite, key, nonceOf(sequence, sent), additional12(sequence, type, content.length), content)
      return Buffer.concat([recordHeader(type, sent.length + sealed.length), sent, sealed])
    },
  })
}

interface Primitive {
  open(sequence: Buffer, header: Buffer, body: Buffer): Opened | undefined
  seal(sequence: Buffer, type: number, content: Buffer): Buffer
  updated?(): Protection
}

class Sequenced implements Protection {
  readonly #primitive: Primitive
  #read = 0n
  #written = 0n

  constructor(primitive: Primitive) {
    this.#primitive = primitive
  }

  get inStep(): boolean {
    // called after open(): the record at hand is already counted as read
    return this.#read === this.#written + 1n
  }

  open(header: Buffer, body: Buffer): Opened | undefined {
    const opened = this.#primitive.open(sequenceBytes(this.#read), header, body)
    if (opened !== undefined) this.#read++
    return opened
  }

  seal(type: number, content: Buffer): Buffer {
    return this.#primitive.seal(sequenceBytes(this.#written++), type, content)
  }

  skip(): void {
    this.#written++
  }

  updated(): Protection | undefined {
    return this.#primitive.updated?.()
  }
}

function sequenceBytes(sequence: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(sequence)
  return bytes
}

function xor(iv: Buffer, sequence: Buffer): Buffer {
  const nonce = Buffer.from(iv)
  for (const [i, byte] of sequence.entries()) nonce[i + 4] = (nonce[i + 4] ?? 0) ^ byte
  return nonce
}

function additional12(sequence: Buffer, type: number, length: number): Buffer {
  return Buffer.concat([sequence, recordHeader(type, length)])
}

function decrypt(
  { aead }: CipherSuite,
  key: Buffer,
  nonce: Buffer,
  additional: Buffer,
  sealed: Buffer,
): Buffer | undefined {
  const length = sealed.length - tagLength
  if (length < 0) return undefined
  const options = { authTagLength: tagLength }
  const decipher =
    aead === 'chacha20-poly1305'
      ? createDecipheriv(aead, key, nonce, options)
      : createDecipheriv(aead, key, nonce, options)
  decipher.setAAD(additional, { plaintextLength: length })
  decipher.setAuthTag(sealed.subarray(length))
  const content = decipher.update(sealed.subarray(0, length))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return content
}

function encrypt({ aead }: CipherSuite, key: Buffer, nonce: Buffer, additional: Buffer, content: Buffer): Buffer {
  const options = { authTagLength: tagLength }
  const cipher =
    aead === 'chacha20-poly1305' ? createCipheriv(aead, key, nonce, options) : createCipheriv(aead, key, nonce, options)
  cipher.setAAD(additional, { plaintextLength: content.length })
  return Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()])
}

/** HKDF-Expand-Label with an empty context, RFC 8446 section 7.1. */
function expandLabel({ hash }: CipherSuite, secret: Buffer, label: string, length: number): Buffer {
  const full = `tls13 ${label}`
  const info = Buffer.from([length >> 8, length & 255, full.length, ...Buffer.from(full), 0])
  const blocks: Buffer[] = []
  let previous = Buffer.alloc(0)
  for (let i = 1; Buffer.concat(blocks).length < length; i++) {
    previous = Buffer.from(
      createHmac(hash, secret)
        .update(previous)
        .update(info)
        .update(Buffer.from([i]))
        .digest(),
    )
    blocks.push(previous)
  }
  return Buffer.concat(blocks).subarray(0, length)
}

/** P_hash of RFC 5246 section 5; `seed` starts with the label. */
function prf({ hash }: CipherSuite, secret: Buffer, seed: Buffer, length: number): Buffer {
  const hmac = (...parts: readonly Buffer[]) => createHmac(hash, secret).update(Buffer.concat(parts)).digest()
  const blocks: Buffer[] = []
  let a = seed
  while (Buffer.concat(blocks).length < length) {
    a = hmac(a)
    blocks.push(hmac(a, seed))
  }
  return Buffer.concat(blocks).subarray(0, length)
}
