// Whether a message is unfinished, asked when the peer's stream has ended. Protocols that say themselves where a message
// ends need no close_notify to be believed; what is whole by its own framing was not cut.
import type { IncomingMessage } from 'node:http'
import type { Http2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { unfinishedHttp2StreamsOf } from '../closure/cut-http2.js'
import { ownerOf, requestOf, responseOf } from '../closure/http-internals.js'

/** The messages that the end of the stream has cut. */
export type Unfinished =
  /** Nothing: between messages, or before a response has begun, which Node's http reports by itself. */
  | { readonly kind: 'nothing' }
  /** The program reads the stream itself: only it could know. */
  | { readonly kind: 'stream' }
  | { readonly kind: 'response'; readonly response: IncomingMessage }
  | { readonly kind: 'request'; readonly request: IncomingMessage }
  | { readonly kind: 'http2'; readonly streams: readonly Http2Stream[] }
  /** A message of a client that learns of it by an error of its socket. */
  | { readonly kind: 'message' }

/** Answers for a socket whose messages only its client knows. */
export type Framing = (socket: TLSSocket) => Unfinished

/** The messages that the end of the stream has cut, by what Node's own modules know of the socket. */
export const unfinished: Framing = (socket) => {
  switch (ownerOf(socket)) {
    case 'program':
      return { kind: 'stream' }
    case 'http-client': {
      const response = responseOf(socket)
      return response === undefined || response.complete ? { kind: 'nothing' } : { kind: 'response', response }
    }
    case 'http-server': {
      const request = requestOf(socket)
      return request === undefined || request.complete ? { kind: 'nothing' } : { kind: 'request', request }
    }
    case 'http2': {
      const streams = unfinishedHttp2StreamsOf(socket)
      return streams.length === 0 ? { kind: 'nothing' } : { kind: 'http2', streams }
    }
  }
}
