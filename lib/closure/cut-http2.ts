// The streams of an http2 session whose connection has ended before they have. To Node's http2 the end of a connection is
// the end of every body on it.
import { constants, type Http2Stream } from 'node:http2'
import type { Readable } from 'node:stream'
import { type Http2Transport, http2RequestOn, http2StreamsOf } from './http-internals.js'

const { NGHTTP2_STREAM_STATE_HALF_CLOSED_REMOTE, NGHTTP2_STREAM_STATE_CLOSED } = constants

/** The streams on a socket whose END_STREAM has not come. */
export function unfinishedHttp2StreamsOf(socket: Http2Transport): readonly Http2Stream[] {
  return http2StreamsOf(socket).filter((stream) => {
    const { state } = stream.state
    const isComplete = state === NGHTTP2_STREAM_STATE_HALF_CLOSED_REMOTE || state === NGHTTP2_STREAM_STATE_CLOSED
    return !isComplete && !stream.pending && !stream.closed && !stream.destroyed
  })
}

/** Fails them, and the requests that the compatibility layer has made of them, whose bodies would end when they close. */
export function failUnfinishedHttp2Streams(socket: Http2Transport, error: Error): void {
  for (const stream of unfinishedHttp2StreamsOf(socket)) {
    const request = http2RequestOn(stream)
    if (request !== undefined) destroyUnheard(request, error)
    destroyUnheard(stream, error)
  }
}

/** Destroys with an error, which is heard by nobody where nobody listens; given it is all the same, for it keeps 'end' back. */
export function destroyUnheard(stream: Readable, error: Error): void {
  if (stream.listenerCount('error') === 0) stream.once('error', () => undefined)
  stream.destroy(error)
}
