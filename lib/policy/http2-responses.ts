// The streams of an http2 client whose response has not begun. Node keeps no note of it: an event of the stream alone
// tells that the head has come.
import type { Http2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { http2SessionOf, http2StreamsOf, isHttp2Stream, pendingHttp2Streams } from '../closure/http-internals.js'
import { wrapMethod, wrapRemovably } from '../closure/stand-ins.js'

const followedSessions = new WeakSet<object>()
const awaitingResponse = new WeakSet<object>()

/** Whether the head of a stream's response has not come. False for a stream that was under way before it was followed. */
export function awaitsResponse(stream: Http2Stream): boolean {
  return awaitingResponse.has(stream)
}

/** Follows the requests of the http2 session on a socket, from now on or from when one takes the socket. */
export function followResponses(socket: TLSSocket): void {
  const session = http2SessionOf(socket)
  if (session !== undefined) {
    follow(session, pendingHttp2Streams(session))
    return
  }
  // A session calls this first of all, and is found on its socket a little later: nothing can have come by then.
  wrapMethod(socket, 'disableRenegotiation', (previous, args) => {
    process.nextTick(() => {
      const session = http2SessionOf(socket)
      if (session !== undefined) follow(session, [...http2StreamsOf(socket), ...pendingHttp2Streams(session)])
    })
    return previous(args)
  })
}

function follow(session: object, streams: readonly Http2Stream[]): void {
  if (followedSessions.has(session)) return
  followedSessions.add(session)
  for (const stream of streams) followStream(stream)
  wrapMethod(session, 'request', (previous, args) => {
    const stream = previous(args)
    if (isHttp2Stream(stream)) followStream(stream)
    return stream
  })
}

function followStream(stream: Http2Stream): void {
  awaitingResponse.add(stream)
  // No listener: the program's own are counted. What comes behind the head passes nothing of ours.
  const forget = wrapRemovably(stream, 'emit', (previous, args) => {
    if (args[0] === 'response') {
      awaitingResponse.delete(stream)
      forget()
    }
    return previous(args)
  })
}
