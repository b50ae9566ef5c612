/** Keeps plaintext from TLS on a connection that goes back to plaintext: it is no record, and nothing of TLS's. */
import { Framer } from '../../tls/records.js'

/** A wire's `incoming`: records go to TLS, one by one and whole. */
export class ClearText {
  readonly #framer = new Framer()
  #isExpected = false
  #plaintext: Buffer = Buffer.alloc(0)

  /** From now on what is no record is kept here. Before, it is for TLS to judge. */
  expect(): void {
    this.#isExpected = true
  }

  /** What came in plaintext. */
  get plaintext(): Buffer {
    return this.#plaintext
  }

  /** Forgets what has come so far. */
  take(): Buffer {
    const taken = this.#plaintext
    this.#plaintext = Buffer.alloc(0)
    return taken
  }

  /** Of bytes that came, those for TLS. */
  readonly incoming = (bytes: Buffer): Buffer => {
    const forTls: Buffer[] = []
    for (const piece of this.#framer.push(bytes)) {
      if (piece.kind === 'record') forTls.push(piece.record.header, piece.record.body)
      else if (this.#isExpected) this.#plaintext = Buffer.concat([this.#plaintext, piece.bytes]).subarray(0, longest)
      else forTls.push(piece.bytes)
    }
    return Buffer.concat(forTls)
  }
}

/** Bytes that are kept: nobody reads on. */
const longest = 64 * 1024
