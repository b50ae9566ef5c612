// The memory that OpenSSL reads records into and writes them from, 34 KB of an SSL. SSL_MODE_RELEASE_BUFFERS gives it back
// after each record, but not what a ticket that comes has it take to write from: a client that writes nothing would keep
// 17 KB. So the SSLs that were used last keep what they have, and the others give it back.
import type { LibraryIdentity, Ssl } from '../openssl/index.js'

// 1 MB of a thread.
const mostKept = 32

const kept: (Ssl | undefined)[] = Array.from({ length: mostKept })
let next = 0

/** Those of one SSL. */
export class RecordBuffers {
  readonly #ssl: Ssl
  readonly #areFreed: boolean
  #place = 0

  constructor(ssl: Ssl) {
    this.#ssl = ssl
    this.#areFreed = canFreeBuffers(ssl.context.openssl)
  }

  /** OpenSSL is about to use them: those that are not of the last SSLs any more go. */
  use(): void {
    if (!this.#areFreed || kept[this.#place] === this.#ssl) return
    const last = kept[next]
    kept[next] = this.#ssl
    this.#place = next
    next = (next + 1) % mostKept
    last?.freeBuffers()
  }

  /** The SSL is about to be freed. */
  forget(): void {
    if (kept[this.#place] === this.#ssl) kept[this.#place] = undefined
  }
}

// Others have no such function.
function canFreeBuffers({ lacking }: LibraryIdentity): boolean {
  return !lacking.includes('SSL_free_buffers')
}
