// The end of what the peer sends, as the stream's reader hears of it: 'end', or in its place an error, once all that came
// was read.
import { failUnfinishedHttp2Streams } from '../closure/cut-http2.js'
import { abortResponse, connectionReset, failResponse, unfinishedResponseOf } from '../closure/cut-response.js'
import { type Http2Transport, http2SessionOf, responseOf } from '../closure/http-internals.js'
import { TruncationError } from '../report/truncation-error.js'
import type { ClosureReport } from '../report/verdict.js'
import type { EngineConnection } from './connection.js'

export interface StreamEndOptions {
  readonly stream: Http2Transport
  readonly connection: EngineConnection
  readonly onTruncation: 'error' | 'report'
  readonly reportNow: () => ClosureReport
}

export class StreamEnd {
  /** Whether the program has said that it does not want what still comes. */
  isUnwanted = false
  readonly #options: StreamEndOptions
  #cut: { readonly cause: Error | undefined } | undefined
  #isComing = false

  constructor(options: StreamEndOptions) {
    this.#options = options
  }

  /** Whether an error stands in place of 'end'. */
  get isCut(): boolean {
    return this.#cut !== undefined
  }

  /** Nothing more will come. */
  came(how: 'close_notify' | 'cut', cause: Error | undefined): void {
    const { stream, connection, onTruncation } = this.#options
    const isError = how === 'cut' && (onTruncation === 'error' || cause !== undefined)
    if (isError && this.#isDemanded()) this.#cut = { cause }
    this.#isComing = true
    stream.push(null)
    this.#isComing = false
    connection.evidence.closing?.peerEnded()
    // Without data to read first, 'end' comes only when somebody asks.
    if (stream.readableLength > 0 || stream.destroyed) return
    if (this.#cut === undefined) stream.read(0)
    else this.fail()
  }

  /**
   * Somebody has read. Where that was all of a stream that was cut, the error comes before Node would tell of its end, and
   * `readableEnded` stays false.
   */
  wasRead(): void {
    if (this.#cut !== undefined && !this.#isComing && this.#options.stream.readableLength === 0) this.fail()
  }

  /** All that came was read, and the peer has closed in order. http2 says itself where a message ends: others are cut by that. */
  ended(): void {
    const { stream, onTruncation } = this.#options
    // An error costs its stack trace: nearly all streams carry no http2.
    const isHttp2 = onTruncation === 'error' && http2SessionOf(stream) !== undefined
    if (isHttp2) failUnfinishedHttp2Streams(stream, connectionReset(closedEarly))
  }

  /** Destroys the stream that was cut. */
  fail(): void {
    const { stream, onTruncation, reportNow } = this.#options
    if (stream.destroyed) return
    const { cause } = this.#cut ?? {}
    if (onTruncation === 'report') {
      stream.destroy(cause)
      return
    }
    const response = responseOf(stream)
    // Nothing was cut that http still wanted, but its request would hear of an error for as long as nobody has read it.
    if (response?.complete === true) {
      stream.destroy()
      return
    }
    const error = new TruncationError(reportNow(), cause === undefined ? {} : { cause })
    if (response === undefined) {
      // Their session fails them by itself, but not what the compatibility layer has made of them.
      failUnfinishedHttp2Streams(stream, error)
      stream.destroy(error)
      return
    }
    stream.destroy()
    failResponse(response, error)
  }

  /** The transport has failed, and nothing more would have come anyway. */
  writingFailed(error: Error): void {
    const { stream } = this.#options
    if (this.isCut) this.#writingEnded()
    else if (!stream.writableFinished) stream.destroy(this.#isAlone() ? undefined : error)
  }

  /** The transport is gone, and had not ended. */
  lost(): void {
    const { stream, connection } = this.#options
    if (this.isCut) this.#writingEnded()
    else if (!(stream.writableFinished && connection.hasReadingEnded)) stream.destroy()
  }

  // What waits to be read is read first, unless somebody waits for a write that cannot be any more.
  #writingEnded(): void {
    if (this.#options.connection.sealer.isBusy) this.fail()
  }

  // Both sides have ended, and the peer, which has said so, was gone before our close_notify was taken: nothing is lost with
  // that, and Node passes over it, too.
  #isAlone(): boolean {
    const { stream, connection } = this.#options
    return stream.writableEnded && stream.writableLength === 0 && !connection.sealer.isBusy
  }

  /** Whatever a stream is destroyed with, a response of http that it was bringing is not whole. */
  destroyedWith(error: Error | null): void {
    const response = error === null ? undefined : unfinishedResponseOf(this.#options.stream)
    if (error !== null && response !== undefined) abortResponse(response, error)
  }

  // Who has closed without an alert, or does not want what still comes, demands none of the peer.
  #isDemanded(): boolean {
    return !this.isUnwanted && !this.#options.connection.evidence.isQuiet && !this.#weLeftFirst()
  }

  // Our side has ended the connection, does not wait for the peer, and is not half-closed to read on: the peer may just go.
  // Data that still came, or came in part, was to be read.
  #weLeftFirst(): boolean {
    const { stream, connection } = this.#options
    const { finAt, closing, tcp } = connection.evidence
    if (finAt === undefined || closing?.mode === 'bidirectional' || stream.allowHalfOpen) return false
    if (connection.hasReadSinceFin || tcp.kind !== 'fin') return false
    return (tcp.cut ?? 'between-records') === 'between-records'
  }
}

const closedEarly = 'the peer has closed TLS before the end of the message'
