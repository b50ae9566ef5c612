// Truncation as an error. The error takes the place of 'end': the last byte has been read then, and nobody has been told
// that the stream is whole. Two questions decide: was there a close_notify (evidence.ts), and is a message unfinished
// (framing.ts)? An 'error' is emitted only on what has a listener for it, for without one it would end the process where
// Node alone does not; such a stream is destroyed without an 'end'.
import type { Connection, StreamEndHook } from '../closure/connection.js'
import { destroyUnheard } from '../closure/cut-http2.js'
import { abortResponse, connectionReset, failResponse } from '../closure/cut-response.js'
import type { Framing, Unfinished } from './framing.js'
import { awaitsResponse, followResponses } from './http2-responses.js'
import { http2RequestOf } from './http-server.js'
import { wrapMethod } from '../closure/stand-ins.js'
import type { ClosureFacts } from '../report/facts.js'
import { TruncationError } from '../report/truncation-error.js'
import { type ClosureReport, reportOf } from '../report/verdict.js'

export class TruncationGuard implements StreamEndHook {
  readonly #connection: Connection
  readonly #framing: Framing
  readonly #isActive: () => boolean

  constructor(connection: Connection, framing: Framing, isActive: () => boolean) {
    this.#connection = connection
    this.#framing = framing
    this.#isActive = isActive
    if (connection.side === 'client') followResponses(connection.socket)
    connection.streamEndHook = this
  }

  // Not before the end comes: every 'data' would have to pass it.
  streamEnds(): void {
    const connection = this.#connection
    connection.streamEndHook = undefined
    wrapMethod(connection.socket, 'emit', (previous, args) =>
      args[0] === 'end' ? this.#ended(() => previous(args)) : previous(args),
    )
  }

  /** The socket is being destroyed with that error, by the peer's RST perhaps; gives the error that it shall show. */
  shownError(error: unknown): unknown {
    const { socket, evidence } = this.#connection
    const isReset = evidence.tcp.kind === 'reset'
    const isAlerted = evidence.received().kind === 'fatal-alert' || evidence.sent().kind === 'fatal-alert'
    if (!this.#isActive()) return error
    const cut = this.#framing(socket)
    if (!(isReset || isAlerted) || !evidence.wasCut()) {
      // http takes any error of its socket for the end of a body without a length: a timeout of TCP's, the program's own.
      // The request hears of that error by itself.
      if (cut.kind === 'response' && error instanceof Error) abortResponse(cut.response, error)
      return error
    }
    // A socket that is destroyed without an error has no cause to tell.
    const truncation = this.#error(error instanceof Error ? { cause: error } : {})
    switch (cut.kind) {
      case 'nothing':
      case 'stream':
        return error
      case 'http2':
        this.#failStreams(cut, truncation)
        return error
      case 'request':
        cut.request.destroy(truncation)
        return undefined
      case 'response':
        failResponse(cut.response, truncation)
        return undefined
      case 'message':
        return truncation
    }
  }

  /**
   * TLS has died, by a fatal alert perhaps. Node emits that error on the socket, to which http answers by finishing its
   * parser, and a body without framing is whole then. True when it was told to the message that it has cut instead.
   */
  tlsFailed(error: unknown): boolean {
    const { socket, evidence } = this.#connection
    if (!this.#isActive() || !evidence.wasCut()) return false
    const cut = this.#framing(socket)
    const truncation = this.#error({ cause: error })
    switch (cut.kind) {
      case 'response':
        failResponse(cut.response, truncation)
        return true
      case 'request':
        cut.request.destroy(truncation)
        return true
      case 'http2':
        // The session is to hear of it as well, behind its streams.
        this.#failStreams(cut, truncation)
        return false
      case 'nothing':
      case 'stream':
      case 'message':
        return false
    }
  }

  #ended(tell: () => unknown): unknown {
    const { socket, evidence } = this.#connection
    if (!this.#isActive()) return tell()
    const cut = this.#framing(socket)
    // http2 says itself where a message ends: an orderly end of TLS before that cuts it, too.
    if (cut.kind === 'http2') this.#failStreams(cut, evidence.wasCut() ? this.#error() : connectionReset(closedEarly))
    if (!evidence.wasCut()) return tell()
    switch (cut.kind) {
      case 'nothing':
      case 'http2':
        return tell()
      case 'stream':
        if (this.#weLeftFirst()) return tell()
        destroyUnheard(socket, this.#error())
        return false
      case 'message':
        destroyUnheard(socket, this.#error())
        return false
      case 'request':
        // The socket first, without an error: one of its own would be a 'clientError'.
        socket.destroy()
        cut.request.destroy(this.#error())
        return false
      case 'response':
        socket.destroy()
        failResponse(cut.response, this.#error())
        return false
    }
  }

  // Our side has ended the connection, does not wait for the peer, and is not half-closed to read on: the peer may just go.
  #weLeftFirst(): boolean {
    const { socket, gate, closing, evidence, hasReadSinceFin } = this.#connection
    const { tcp } = evidence
    if (!gate.mayHaveLeft || closing?.mode === 'bidirectional' || socket.allowHalfOpen) return false
    // Data that still came, or came in part, was to be read.
    if (hasReadSinceFin) return false
    if (tcp.kind !== 'fin') return true
    // A slow reader hears of it long after it has come, when our side may have ended as well.
    const cameFirst = gate.finAt !== undefined && tcp.at < gate.finAt
    return !cameFirst && (tcp.cut ?? 'between-records') === 'between-records'
  }

  #failStreams({ streams }: Extract<Unfinished, { kind: 'http2' }>, error: Error): void {
    for (const stream of streams) {
      if (awaitsResponse(stream)) {
        destroyUnheard(stream, connectionReset(closedBeforeHead))
        continue
      }
      // http2's compatibility layer would end the request's body when the stream closes.
      const request = http2RequestOf(stream)
      if (request !== undefined) destroyUnheard(request, error)
      destroyUnheard(stream, error)
    }
  }

  #error(options?: ErrorOptions): TruncationError {
    return new TruncationError(truncationReport(this.#connection.facts()), options)
  }
}

/**
 * The report of a truncation error: `reset` and `alerted` where that is how the stream was cut, `truncated` otherwise, also
 * where our alert had gone first, for the error is about what was to come.
 */
function truncationReport(facts: ClosureFacts): ClosureReport {
  const report = reportOf(facts)
  if (report.verdict === 'reset' || report.verdict === 'alerted') return report
  const { received, tcp } = facts
  if (facts.handshake !== 'completed' || received.kind !== 'nothing' || tcp.kind !== 'fin') return report
  return { ...facts, handshake: facts.handshake, received, tcp, verdict: 'truncated' }
}

// As over HTTP/1.1: a program may ask again, as for every ECONNRESET.
const closedBeforeHead = 'the connection has ended before the head of the response'
const closedEarly = 'the peer has closed TLS before the end of the message'
