// What a closing has to have of the stream above TLS: it drains with TCP left open, its FIN is held, and after our
// close_notify nothing is written.
import { publishClosing } from '../closure/published.js'
import { http2SessionOf } from '../closure/http-internals.js'
import { tell } from '../closure/story.js'
import { pipesPastWrite } from '../closure/stream-internals.js'
import type { ClosableStream } from './engine-side.js'
import { HandshakeFacts } from './handshake-facts.js'
import { HeldFin } from './held-fin.js'
import { closed, refuseWrite } from './refusals.js'

/**
 * The callback of a write, and that of the end.
 * @inline
 */
export type Callback = (error?: Error | null) => void

const nothing = Buffer.alloc(0)

export abstract class ClosableDuplex extends HandshakeFacts {
  protected readonly fin = new HeldFin()
  #refusesWrites = false
  // By a closing, and not by the program, to which a later write is an error of its own.
  #isEndedByClosing = false
  // An 'end' that waits for our side, and the callbacks of what http2 has written meanwhile.
  #heldEnd: { isTold: boolean; readonly refused: (Callback | undefined)[] } | undefined

  /**
   * Writes, as a Duplex does; before the handshake is done it waits. After `shutdown()` or `closeNotify()` it calls back with
   * ERR_WRITE_AFTER_CLOSE_NOTIFY, and disturbs nothing.
   */
  override write(chunk: unknown, encoding?: BufferEncoding | Callback, callback?: Callback): boolean {
    if (this.#heldEnd !== undefined) {
      // To be told of only when all is over: http2 would write on.
      this.#heldEnd.refused.push(typeof encoding === 'function' ? encoding : callback)
      return false
    }
    if (this.#isRefusing()) {
      refuseWrite(typeof encoding === 'function' ? encoding : callback)
      return false
    }
    return typeof encoding === 'string'
      ? super.write(chunk, encoding, callback)
      : super.write(chunk, encoding ?? callback)
  }

  /**
   * Ends our side when all that was written has gone: as the option `closing` says, and then by FIN. Data that is given after
   * `shutdown()` or `closeNotify()` is refused as by write().
   */
  override end(chunk?: unknown, encoding?: BufferEncoding | (() => void), callback?: () => void): this {
    const hasData = chunk !== undefined && chunk !== null && typeof chunk !== 'function'
    if (hasData && this.#isRefusing()) {
      refuseWrite(typeof encoding === 'function' ? encoding : callback)
      return super.end()
    }
    return typeof encoding === 'string' ? super.end(chunk, encoding, callback) : super.end(chunk, encoding ?? callback)
  }

  /**
   * Whether that piece, on its way to TLS, comes behind our close_notify: pipe() of a late Node 26 goes past write(). It is dropped, for
   * nobody but the stream would hear of an error, and go with it.
   */
  protected isPipedLate({ length }: Uint8Array): boolean {
    return pipesPastWrite && this.#refusesWrites && length > 0 && this.hasWrittenCloseNotify()
  }

  /** Whether OpenSSL has written our close_notify. */
  protected abstract hasWrittenCloseNotify(): boolean

  #isRefusing(): boolean {
    return this.#refusesWrites && (this.#isEndedByClosing || !this.writableEnded)
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
    return new ClosableDuplex.#Closable(this)
  }

  // What a closing may do to a stream and nobody else: a class in here, which is made faster than an object of its members.
  static readonly #Closable = class implements ClosableStream {
    readonly #stream: ClosableDuplex

    constructor(stream: ClosableDuplex) {
      this.#stream = stream
    }

    get destroyed(): boolean {
      return this.#stream.destroyed
    }

    get readableLength(): number {
      return this.#stream.readableLength
    }

    closingBegins(): void {
      publishClosing(this.#stream)
    }

    tells(happened: string): void {
      tell(this.#stream, happened)
    }

    holdFin(drained: () => void): void {
      this.#stream.fin.hold(drained)
    }

    endStream(): void {
      this.#stream.#endToClose()
    }

    drainOpen(drained: () => void): void {
      this.#stream.#drainOpen(drained)
    }

    finGone(): void {
      this.#stream.fin.complete()
    }

    leaveOpen(): void {}

    resume(): void {
      this.#stream.resume()
    }

    destroy(): void {
      this.#stream.destroy()
    }
  }

  #endToClose(): void {
    this.#isEndedByClosing = !this.writableEnded
    super.end()
    this.#refusesWrites = true
  }

  #drainOpen(drained: () => void): void {
    while (this.writableCorked > 0) this.uncork()
    // The callback of an empty write comes after all others; an error means that the stream is being destroyed.
    super.write(nothing, () => {
      drained()
    })
    this.#refusesWrites = true
  }
}
