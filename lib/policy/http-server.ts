// The policy's part in the dispatching of requests: no handler runs for a request that came after a response, or
// a request, had said that the connection ends (RFC 9112 section 9.6: the server must not process it).
import { IncomingMessage, OutgoingMessage, ServerResponse } from 'node:http'
import { type Http2Stream, Http2ServerRequest } from 'node:http2'
import type { Server, TLSSocket } from 'node:tls'
import { closesConnection, leaveHttpServer, messageUnderWay } from '../closure/http-internals.js'
import { replaceRemovably, wrapRemovably } from '../closure/stand-ins.js'

type Response = Pick<OutgoingMessage, 'headersSent' | 'shouldKeepAlive' | 'writableFinished'>

const requestEvents: readonly unknown[] = ['request', 'checkContinue', 'checkExpectation', 'upgrade', 'connect']

// Of each socket: the responses that had to wait for another one to be finished first.
const queuedResponses = new WeakMap<object, Response[]>()
const http2Requests = new WeakMap<object, Http2ServerRequest>()

/** The request that http2's compatibility layer made of a stream. */
export function http2RequestOf(stream: Http2Stream): Http2ServerRequest | undefined {
  return http2Requests.get(stream)
}

/** Stands before a server's request events, for the sockets that are under policies of their own. */
export function guardRequests(server: Server, isControlled: (socket: object) => boolean): void {
  replaceRemovably(server, 'emit', (emit) => (...args) => {
    return comesTooLate(args, isControlled) || Reflect.apply(emit, server, args)
  })
}

/**
 * Whether an event of a server is a request on a connection that has been said to end. It is not to be emitted, as if a
 * handler had taken it: http goes on to read its body, until the closing takes the reading over.
 */
export function comesTooLate(args: readonly unknown[], isControlled: (socket: object) => boolean): boolean {
  const [event, request, response] = args
  // Nearly all are of this kind: nothing is unfinished before it, on a connection that goes on.
  if (response instanceof ServerResponse && response.socket?.writableEnded === false) return false
  if (!requestEvents.includes(event)) return false
  if (request instanceof Http2ServerRequest) http2Requests.set(request.stream, request)
  if (!(request instanceof IncomingMessage) || !isControlled(request.socket)) return false
  const queued = queuedResponses.get(request.socket) ?? []
  const earlier = [messageUnderWay(request.socket), ...queued]
  if (request.socket.writableEnded || earlier.some((other) => other !== undefined && closesConnection(other)))
    return true
  if (response instanceof OutgoingMessage) {
    queuedResponses.set(request.socket, [...queued.filter((other) => !other.writableFinished), response])
  }
  return false
}

/**
 * Keeps `server.close()` from connections that are closing: to http one that waits for its peer is idle, and would be
 * destroyed. `closeAllConnections()` destroys them, as it says.
 */
export function spareClosings(server: Server, closing: () => readonly TLSSocket[]): () => void {
  const forget = [
    wrapRemovably(server, 'closeIdleConnections', (previous, args) => {
      for (const socket of closing()) leaveHttpServer(socket)
      return previous(args)
    }),
    wrapRemovably(server, 'closeAllConnections', (previous, args) => {
      const result = previous(args)
      for (const socket of closing()) socket.destroy()
      return result
    }),
  ]
  return () => {
    for (const one of forget) one()
  }
}
