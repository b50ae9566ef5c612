/**
 * A dialogue in plaintext before TLS: what the client says, and exact pieces of what the server says, however its bytes
 * are cut into segments. It is limited in bytes and lines; its time is the caller's, by the signal of the opening.
 */
import { printable, quoted, TransportFailure } from './failure.js'
import { Incoming } from './incoming.js'
import type { Opening } from './opening.js'

/** More than any server says in earnest before TLS, legal notices included. */
export const dialogueLimits = { bytes: 32 * 1024, lines: 1000 } as const

export class Dialogue {
  readonly #opening: Opening
  readonly #incoming: Incoming
  #buffer: Buffer = Buffer.alloc(0)
  #bytes = 0
  #lines = 0

  constructor(opening: Opening) {
    this.#opening = opening
    this.#incoming = new Incoming(opening)
  }

  say(data: string | Uint8Array): void {
    this.#opening.socket.write(data)
  }

  /** The next line, without its end. A zero is of no text: what has one is refused before the line is whole. */
  async line(expected: string): Promise<string> {
    const lineFeed = 0x0a
    const line = await this.take(expected, (buffer, seen) => {
      const end = buffer.indexOf(lineFeed, seen)
      if (buffer.subarray(seen, end === -1 ? undefined : end).includes(0)) throw this.unexpected(expected)
      return end + 1
    })
    if (++this.#lines > dialogueLimits.lines) this.#tooLong(`more than ${dialogueLimits.lines} lines`)
    return line.toString('utf8').replace(/\r?\n$/, '')
  }

  /**
   * The next bytes, as many as `measure` says; 0: it has to see more. It is given all that is there, and how much of
   * that it has seen before.
   */
  async take(expected: string, measure: (buffer: Buffer, seen: number) => number): Promise<Buffer> {
    let seen = 0
    for (;;) {
      const length = this.#buffer.length > seen ? measure(this.#buffer, seen) : 0
      if (length > 0) {
        const taken = this.#buffer.subarray(0, length)
        this.#buffer = this.#buffer.subarray(length)
        return taken
      }
      if (this.#bytes > dialogueLimits.bytes) this.#tooLong(`more than ${dialogueLimits.bytes} bytes`)
      seen = this.#buffer.length
      const chunk = await this.#incoming.read()
      if (chunk === undefined) throw this.#closed(expected)
      this.#bytes += chunk.length
      this.#buffer = Buffer.concat([this.#buffer, chunk])
    }
  }

  /** The failure of a server that said something else; without `received`, what has come and was not taken. */
  unexpected(expected: string, received: string | Uint8Array = this.#buffer): TransportFailure {
    return new TransportFailure('not-the-protocol', { detail: `expected ${expected}, received ${quoted(received)}` })
  }

  /** The failure of a server that does not want TLS: to what it said so, and its own words. */
  refused(to: string, words: string | Uint8Array): TransportFailure {
    return new TransportFailure('starttls-refused', { detail: `${to}: ${printable(words)}` })
  }

  /**
   * TLS begins now.
   * @throws TransportFailure 'plaintext-after-starttls' where anything came that was not asked for: CVE-2011-0411
   */
  finish(): void {
    const { socket } = this.#opening
    this.#incoming.stop(this.#buffer)
    if (socket.readableLength === 0) return
    const behind: unknown = socket.read()
    const detail = Buffer.isBuffer(behind) ? quoted(behind) : undefined
    throw new TransportFailure('plaintext-after-starttls', { detail })
  }

  #closed(expected: string): TransportFailure {
    const before = this.#buffer.length === 0 ? '' : `${quoted(this.#buffer)} and `
    return new TransportFailure('closed', { detail: `expected ${expected}, received ${before}the end` })
  }

  #tooLong(how: string): never {
    throw new TransportFailure('too-long', { detail: `${how}, at last ${quoted(this.#buffer.subarray(-80))}` })
  }
}
