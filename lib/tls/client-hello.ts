// The host name in a ClientHello, read before anything answers it: RFC 6066 section 3, RFC 8446 section 4.1.2.
import { contentType } from './record-format.js'
import { Framer } from './records.js'

export type HelloName =
  /** There is no whole ClientHello yet. */
  | { readonly kind: 'incomplete' }
  /** What came is none. */
  | { readonly kind: 'other' }
  /** `name` is in lower case; undefined where the client names none. */
  | { readonly kind: 'hello'; readonly name: string | undefined }

/** The name that a client asks for, by all the bytes that it has sent so far. */
export function helloName(bytes: Buffer): HelloName {
  const framer = new Framer()
  const bodies: Buffer[] = []
  for (const piece of framer.push(bytes)) {
    if (piece.kind === 'plaintext' || piece.record.type !== contentType.handshake) return { kind: 'other' }
    bodies.push(piece.record.body)
  }
  const handshake = Buffer.concat(bodies)
  if (handshake.length < headerLength) return { kind: 'incomplete' }
  const clientHello = 1
  if (handshake[0] !== clientHello) return { kind: 'other' }
  const end = headerLength + handshake.readUIntBE(1, 3)
  if (handshake.length < end) return { kind: 'incomplete' }
  return { kind: 'hello', name: nameIn(new Reader(handshake.subarray(headerLength, end))) }
}

/** Type and length of a handshake message. */
const headerLength = 4

function nameIn(hello: Reader): string | undefined {
  const versionAndRandom = 34
  hello.take(versionAndRandom)
  hello.take(hello.number(1))
  hello.take(hello.number(2))
  hello.take(hello.number(1))
  const extensions = new Reader(hello.take(hello.number(2)))
  while (!extensions.isEmpty) {
    const type = extensions.number(2)
    const content = new Reader(extensions.take(extensions.number(2)))
    const serverName = 0
    if (type !== serverName) continue
    // The list has one name of one type only, host_name.
    content.take(3)
    const name = content.take(content.number(2)).toString('latin1').toLowerCase()
    return name === '' ? undefined : name
  }
  return undefined
}

/** What is not there reads as zeros and as empty: a broken hello has no name. */
class Reader {
  #rest: Buffer

  constructor(bytes: Buffer) {
    this.#rest = bytes
  }

  get isEmpty(): boolean {
    return this.#rest.length === 0
  }

  number(length: 1 | 2): number {
    const bytes = this.take(length)
    return bytes.length < length ? 0 : bytes.readUIntBE(0, length)
  }

  take(length: number): Buffer {
    const taken = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    return taken
  }
}
