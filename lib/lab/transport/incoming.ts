/** The bytes that come in on a socket that is being opened, one chunk after the other. What is not used goes back. */
import type { Opening } from './opening.js'
import { TransportFailure } from './failure.js'

export class Incoming {
  readonly #opening: Opening
  #chunks: Buffer[] = []
  #hasEnded = false
  #wake: (() => void) | undefined

  /** Reads from now on, until stop(). */
  constructor(opening: Opening) {
    this.#opening = opening
    opening.socket.on('data', this.#onData).on('end', this.#onEnd).resume()
  }

  /** What comes next; undefined once the peer has ended. */
  async read(): Promise<Buffer | undefined> {
    for (;;) {
      const next = this.#chunks.shift()
      if (next !== undefined || this.#hasEnded) return next
      await this.#opening.wait<true>((done) => {
        this.#wake = () => done(true)
        return () => {
          this.#wake = undefined
        }
      })
    }
  }

  /**
   * Reads no more: the socket is paused, and gives first what nobody has used, `unused` and what came behind it.
   * @throws TransportFailure 'closed' where the peer has ended: whoever reads on would wait for an end that is over
   */
  stop(unused: Buffer = Buffer.alloc(0)): void {
    const { socket } = this.#opening
    socket.pause().off('data', this.#onData).off('end', this.#onEnd)
    if (this.#hasEnded) throw new TransportFailure('closed', { detail: 'the end came behind the last answer' })
    const rest = Buffer.concat([unused, ...this.#chunks])
    if (rest.length > 0) socket.unshift(rest)
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#chunks.push(chunk)
    this.#wake?.()
  }

  readonly #onEnd = (): void => {
    this.#hasEnded = true
    this.#wake?.()
  }
}
