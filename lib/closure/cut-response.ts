// A response of an http client that the end of its connection has cut. To http any error of a socket, and its close, is the
// end of a body that has neither a length nor chunks: such a response would be complete.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { markIncomplete, requestOfResponse, responseOf } from './http-internals.js'

/** The response that an http client is receiving on a socket, while it is not whole. */
export function unfinishedResponseOf(socket: Duplex): IncomingMessage | undefined {
  const response = responseOf(socket)
  return response?.complete === false ? response : undefined
}

/**
 * Fails the response and its request, and not by way of the socket, which is destroyed without an error: http would answer
 * one by finishing the parser, and with it the body.
 */
export function failResponse(response: IncomingMessage, error: Error): void {
  cutResponse(response, error)
  const request = requestOfResponse(response)
  process.nextTick(() => {
    if (request !== undefined && request.listenerCount('error') > 0) request.emit('error', error)
  })
}

/** Fails the response alone, whose socket is destroyed with an error that its request hears of. */
export function abortResponse(response: IncomingMessage, cause: Error): void {
  cutResponse(response, connectionReset('aborted', cause))
}

/** As Node's http has it for a message that was cut. */
export function connectionReset(message: string, cause?: Error): Error {
  return Object.assign(new Error(message, cause && { cause }), { code: 'ECONNRESET' })
}

function cutResponse(response: IncomingMessage, error: Error): void {
  response.destroy(error)
  markIncomplete(response)
}
