// What a policy adds to the dispatching of requests: no handler runs for a request that came after a response had said
// that the connection ends (RFC 9112 section 9.6: the server must not process it).
import { IncomingMessage, OutgoingMessage } from 'node:http'
import { type Http2Stream, Http2ServerRequest } from 'node:http2'
import type { Server } from 'node:tls'
import { closesConnection, wrapMethod } from './socket-internals.js'

const requestEvents: readonly unknown[] = ['request', 'checkContinue', 'checkExpectation', 'upgrade', 'connect']

const lastResponses = new WeakMap<object, { readonly headersSent: boolean }>()
const http2Requests = new WeakMap<object, Http2ServerRequest>()

/** The request that http2's compatibility layer made of a stream. */
export function http2RequestOf(stream: Http2Stream): Http2ServerRequest | undefined {
  return http2Requests.get(stream)
}

/** Stands before a server's request events, for the sockets that are under its policy. */
export function guardRequests(server: Server, isControlled: (socket: object) => boolean): void {
  wrapMethod(server, 'emit', (previous, args) => {
    const [event, request, response] = args
    if (!requestEvents.includes(event)) return previous(args)
    if (request instanceof Http2ServerRequest) http2Requests.set(request.stream, request)
    if (!(request instanceof IncomingMessage) || !isControlled(request.socket)) return previous(args)
    const last = lastResponses.get(request.socket)
    // As if a handler had taken it: http goes on to read its body, until the closing takes the reading over.
    if (last !== undefined && closesConnection(last)) return true
    if (response instanceof OutgoingMessage) lastResponses.set(request.socket, response)
    return previous(args)
  })
}
