// Undocumented members of Node's http, http2 and agents, which are looked for as those in socket-internals.ts are: who owns a
// socket, and the messages that are under way on it.
import { EventEmitter } from 'node:events'
import { ClientRequest, IncomingMessage, OutgoingMessage } from 'node:http'
import { Http2ServerRequest, type Http2Stream } from 'node:http2'
import { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { types } from 'node:util'

/** Who writes to a socket and reads from it: the program itself, or a module of Node's. */
export type Owner = 'program' | 'http-server' | 'http-client' | 'http2'

/** Who owns a socket right now. */
export function ownerOf(socket: TLSSocket): Owner {
  // Asked first, for it costs least: where http has a parser or a message, http2 has no session.
  const hasParser = 'parser' in socket && isObject(socket.parser)
  if (hasParser || ('_httpMessage' in socket && isObject(socket._httpMessage))) {
    return 'server' in socket && isObject(socket.server) ? 'http-server' : 'http-client'
  }
  if (http2SessionOf(socket) !== undefined) return 'http2'
  // An agent keeps idle sockets, without a parser, under listeners of its own.
  return socket.listenerCount('agentRemove') > 0 ? 'http-client' : 'program'
}

/** The request that an http server has begun to receive on a socket last. */
export function requestOf(socket: TLSSocket): IncomingMessage | undefined {
  const parser: unknown = Reflect.get(socket, 'parser')
  const request: unknown = isObject(parser) ? Reflect.get(parser, 'incoming') : undefined
  return request instanceof IncomingMessage ? request : undefined
}

/** The message that http is sending on a socket, or about to: a server's later responses wait behind it. */
export function messageUnderWay(socket: Duplex): OutgoingMessage | undefined {
  const message: unknown = Reflect.get(socket, '_httpMessage')
  return message instanceof OutgoingMessage ? message : undefined
}

/** Whether http has written the head of a message to a socket and not yet its end. */
export function isInsideOwnMessage(socket: TLSSocket): boolean {
  const message = messageUnderWay(socket)
  return message?.headersSent === true && !message.writableFinished
}

/** Whether the connection ends after a response: its request asked for that, or its head has been written and says so. */
export function closesConnection(response: Pick<OutgoingMessage, 'headersSent' | 'shouldKeepAlive'>): boolean {
  return !response.shouldKeepAlive || (response.headersSent && Reflect.get(response, '_last') === true)
}

/** The response that an http client is receiving on a socket. */
export function responseOf(socket: Duplex): IncomingMessage | undefined {
  const request = messageUnderWay(socket)
  const response: unknown = request instanceof ClientRequest ? Reflect.get(request, 'res') : undefined
  return response instanceof IncomingMessage ? response : undefined
}

/** The request that a response of an http client answers. */
export function requestOfResponse(response: IncomingMessage): EventEmitter | undefined {
  const request: unknown = Reflect.get(response, 'req')
  return request instanceof EventEmitter ? request : undefined
}

/** Keeps a response from being called complete: a body without framing is, to http, once its socket has closed. */
export function markIncomplete(response: IncomingMessage): void {
  const set = () => undefined
  Reflect.defineProperty(response, 'complete', { get: () => false, set, configurable: true, enumerable: true })
}

/**
 * Takes the reading of a socket back from http's server parser, which reads the handle natively, and drops its handling
 * of 'end'. From then on data comes through push() again.
 */
export function takeReadingFromHttpServer(socket: TLSSocket): void {
  // http gives the handle back as soon as somebody listens for data himself.
  const listener = () => undefined
  socket.on('data', listener)
  socket.removeListener('data', listener)
  const off: unknown = Reflect.get(socket, 'off')
  if (typeof off !== 'function') return
  for (const candidate of socket.listeners('end')) {
    if (candidate.name.includes('socketOnEnd')) Reflect.apply(off, socket, ['end', candidate])
  }
}

/** Makes an http server forget a socket, so that it is not taken for an idle one: it knows its sockets by their parsers. */
export function leaveHttpServer(socket: TLSSocket): void {
  const parser: unknown = Reflect.get(socket, 'parser')
  const remove: unknown = isObject(parser) ? Reflect.get(parser, 'remove') : undefined
  if (typeof remove === 'function') Reflect.apply(remove, parser, [])
}

/** Makes an http agent forget a socket, so that no other request is given it. */
export function leaveAgent(socket: TLSSocket): void {
  // The pool of idle sockets lets go only of those that cannot be written to.
  if (Reflect.get(socket, '_httpMessage') == null) socket.end()
  socket.emit('agentRemove')
}

/** A socket of Node's, or a stream that may carry http2 like one. */
export type Http2Transport = Duplex & Pick<TLSSocket, 'alpnProtocol'>

/**
 * The http2 session on a socket. It leaves itself there under a symbol of Node's, which in 18 to 26 is undefined by
 * mistake, so that the key is the text 'undefined', and takes itself away when it is destroyed.
 */
export function http2SessionOf(socket: Http2Transport): object | undefined {
  const known: unknown = 'undefined' in socket ? socket.undefined : undefined
  if (isHttp2Session(known)) return known
  if (socket.alpnProtocol !== 'h2') return undefined
  for (const key of Object.getOwnPropertySymbols(socket)) {
    const value: unknown = Reflect.get(socket, key)
    if (isHttp2Session(value)) return value
  }
  return undefined
}

function isHttp2Session(value: unknown): value is object {
  return isObject(value) && /^(Client|Server)?Http2Session$/.test(value.constructor?.name)
}

/** The open streams of the http2 session on a socket, known by their ids; none where there is no session. */
export function http2StreamsOf(socket: Http2Transport): readonly Http2Stream[] {
  const session = http2SessionOf(socket)
  const state = session && http2StateOf(session)
  const streams: unknown = state && Reflect.get(state, 'streams')
  const found: Http2Stream[] = []
  // A Map of Node's own kind, without the prototype of ours; so is the Set below.
  if (types.isMap(streams)) Map.prototype.forEach.call(streams, (stream) => pushHttp2Stream(found, stream))
  return found
}

/** The streams of an http2 session that are not sent yet. */
export function pendingHttp2Streams(session: object): readonly Http2Stream[] {
  const state = http2StateOf(session)
  const streams: unknown = state && Reflect.get(state, 'pendingStreams')
  const found: Http2Stream[] = []
  if (types.isSet(streams)) Set.prototype.forEach.call(streams, (stream) => pushHttp2Stream(found, stream))
  return found
}

function http2StateOf(session: object): object | undefined {
  const key = Object.getOwnPropertySymbols(session).find((symbol) => symbol.description === 'state')
  const state: unknown = key === undefined ? undefined : Reflect.get(session, key)
  return isObject(state) ? state : undefined
}

function pushHttp2Stream(found: Http2Stream[], stream: unknown): void {
  if (isHttp2Stream(stream)) found.push(stream)
}

/** The request that http2's compatibility layer has made of a server's stream. */
export function http2RequestOn(stream: Http2Stream): Http2ServerRequest | undefined {
  const key = Object.getOwnPropertySymbols(stream).find((symbol) => symbol.description === 'request')
  const request: unknown = key === undefined ? undefined : Reflect.get(stream, key)
  return request instanceof Http2ServerRequest ? request : undefined
}

/** Whether that is a stream of http2. */
export function isHttp2Stream(value: unknown): value is Http2Stream {
  return value instanceof Duplex && 'rstCode' in value && 'session' in value
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
