// What a closing has to have of the stream above TLS: it drains with TCP left open, its FIN is held, and after our
// close_notify nothing is written.
import { http2SessionOf } from '../closure/socket-internals.js'
import type { ClosableStream } from './engine-side.js'
import { HandshakeFacts } from './handshake-facts.js'
import { HeldFin } from './held-fin.js'
import { closed, refuseWrite } from './refusals.js'

/** The callback of a write, and that of the end. */
export type Callback = (error?: Error | null) => void

const nothing = Buffer.alloc(0)

export abstract class ClosableDuplex extends HandshakeFacts {
  protected readonly fin = new HeldFin()
  #refusesWrites = false
  // An 'end' that waits for our side, and the callbacks of what http2 has written meanwhile.
  #heldEnd: { isTold: boolean; readonly refused: (Callback | undefined)[] } | undefined

  override write(chunk: unknown, encoding?: BufferEncoding | Callback, callback?: Callback): boolean {
    if (this.#heldEnd !== undefined) {
      // To be told of only when all is over: http2 would write on.
      this.#heldEnd.refused.push(typeof encoding === 'function' ? encoding : callback)
      return false
    }
    if (this.#refusesWrites && !this.writableEnded) {
      refuseWrite(typeof encoding === 'function' ? encoding : callback)
      return false
    }
    return typeof encoding === 'string'
      ? super.write(chunk, encoding, callback)
      : super.write(chunk, encoding ?? callback)
  }

  override end(chunk?: unknown, encoding?: BufferEncoding | (() => void), callback?: () => void): this {
    const hasData = chunk !== undefined && chunk !== null && typeof chunk !== 'function'
    if (this.#refusesWrites && hasData && !this.writableEnded) {
      refuseWrite(typeof encoding === 'function' ? encoding : callback)
      return super.end()
    }
    return typeof encoding === 'string' ? super.end(chunk, encoding, callback) : super.end(chunk, encoding ?? callback)
  }

  /**
   * Has 'end' wait until our side has ended, where http2 is to hear of it: true. Node's http2 stands on any stream but a socket of
   * Node's own by way of a wrapper, which ends the stream at its 'end', and cannot bear that http2 writes before that is done: an
   * assertion of Node's would end the process.
   */
  protected holdEnd(): boolean {
    if (this.writableFinished || this.destroyed || http2SessionOf(this) === undefined) return false
    this.#heldEnd = { isTold: false, refused: [] }
    super.end()
    return true
  }

  /** Emits the 'end' that waits, if there is one. */
  protected tellHeldEnd(): void {
    const held = this.#heldEnd
    if (held === undefined || held.isTold) return
    held.isTold = true
    if (this.errored === null) super.emit('end')
  }

  protected refuseHeldWrites(): void {
    for (const callback of this.#heldEnd?.refused.splice(0) ?? []) {
      if (callback !== undefined) process.nextTick(callback, closed('write()'))
    }
  }

  /** The close_notify that was to be sent has not been: writing goes on. */
  protected takeWritesAgain(): void {
    this.#refusesWrites = false
  }

  /** Ends the stream whose transport was given back; no FIN is sent. */
  protected endWithoutFin(): void {
    if (this.fin.isWaiting) this.fin.complete()
    super.end()
  }

  protected closable(): ClosableStream {
    const stream = (): this => this
    const { fin } = this
    return {
      get destroyed() {
        return stream().destroyed
      },
      get readableLength() {
        return stream().readableLength
      },
      holdFin: (drained) => fin.hold(drained),
      endStream: () => {
        super.end()
        this.#refusesWrites = true
      },
      drainOpen: (drained) => {
        while (this.writableCorked > 0) this.uncork()
        // The callback of an empty write comes after all others; an error means that the stream is being destroyed.
        super.write(nothing, () => {
          drained()
        })
        this.#refusesWrites = true
      },
      finGone: () => fin.complete(),
      leaveOpen: () => undefined,
      resume: () => this.resume(),
      destroy: () => this.destroy(),
    }
  }
}
