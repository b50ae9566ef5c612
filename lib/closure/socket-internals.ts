// The only file that reads, sets or calls undocumented members of Node's sockets and handles; http-internals.ts has those of http,
// http2 and agents, stream-internals.ts those of streams. Other files stand before methods of theirs, and do so through
// stand-ins.ts alone. docs/house.md lists each member, and a test holds the list. Each is looked for, not assumed; without it,
// what stands on it does nothing or says so. Measured on Node 18, 20, 22, 24 and 26.
import type { Socket } from 'node:net'
import { Duplex, type Writable } from 'node:stream'
import { Server, type TLSSocket } from 'node:tls'
import { ownerOf } from './http-internals.js'
import { wrapRemovably } from './stand-ins.js'

/** Whether a socket is the server of its connection, also before its handshake. */
export function isServerSide(socket: TLSSocket): boolean {
  const options: unknown = Reflect.get(socket, '_tlsOptions')
  return isObject(options) && Reflect.get(options, 'isServer') === true
}

/**
 * Whether a server asks its client for a certificate, which Node may not say, and whether it refuses a client without a
 * valid one. A renegotiation can change both.
 */
export function certificateDemand(socket: TLSSocket): {
  readonly asks: boolean | undefined
  readonly refuses: boolean
} {
  const asks: unknown = Reflect.get(socket, '_requestCert')
  return {
    asks: typeof asks === 'boolean' ? asks : undefined,
    refuses: Reflect.get(socket, '_rejectUnauthorized') !== false,
  }
}

/** Notes a handshake that is done as Node's own server does; `objection` is the code of what is wrong with the certificate. */
export function noteServerHandshake(socket: TLSSocket, objection: string | undefined): void {
  Reflect.set(socket, 'secureConnecting', false)
  // Node's types have an error there.
  Reflect.set(socket, 'authorizationError', objection ?? null)
}

/** OpenSSL's objection to the peer's certificate. Where Node does not tell, that counts as one. */
export function verifyErrorOf(socket: TLSSocket): Error | undefined {
  const handle = handleOf(socket)
  const verifyError: unknown = handle === undefined ? undefined : Reflect.get(handle, 'verifyError')
  if (typeof verifyError !== 'function') return new Error('Node does not tell whether the certificate is valid')
  const error: unknown = Reflect.apply(verifyError, handle, [])
  if (error === null || error === undefined) return undefined
  return error instanceof Error ? error : new Error('The certificate is not valid')
}

/** Makes a server's socket that no tls.Server has made emit its errors, as a client's does. */
export function releaseErrors(socket: TLSSocket): void {
  const releaseControl: unknown = Reflect.get(socket, '_releaseControl')
  if (typeof releaseControl === 'function') Reflect.apply(releaseControl, socket, [])
}

/** The handle beneath a socket, TLSWrap for a TLSSocket; undefined once the socket is destroyed. */
export function handleOf(socket: Duplex): object | undefined {
  // With a dot V8 remembers where it is; Reflect.get looks anew each time, and all that is read often is read like this.
  const handle: unknown = '_handle' in socket ? socket._handle : undefined
  return isObject(handle) ? handle : undefined
}

/** The stream that a socket was made on, where the program or a server made it on one. */
export function streamBeneath(socket: TLSSocket): Duplex | undefined {
  const parent: unknown = '_parent' in socket ? socket._parent : undefined
  return parent instanceof Duplex ? parent : undefined
}

/** Whether a stream of JavaScript that feeds a TLS handle has told its end. */
export function isFedToTheEnd(handle: object): boolean {
  const wrap: unknown = Reflect.get(handle, '_parentWrap')
  const stream: unknown = isObject(wrap) ? Reflect.get(wrap, 'stream') : undefined
  return stream instanceof Duplex && stream.readableEnded
}

/** The name that a socket was connected to; undefined for an address, and for what is no socket. */
export function hostOf(socket: Duplex | undefined): string | undefined {
  const host: unknown = socket === undefined ? undefined : Reflect.get(socket, '_host')
  return typeof host === 'string' ? host : undefined
}

/** The name in SNI; Node has false where there is none, which its types do not say. */
export function serverNameOf(socket: TLSSocket): unknown {
  return Reflect.get(socket, 'servername')
}

/** Whether a TLS server has made a socket itself, and will tell of its handshake. */
export function isServersOwn(socket: TLSSocket): boolean {
  return socket.listeners('secure').some((listener) => listener.name.includes('onServerSocketSecure'))
}

/** What a stream has in common with its proxies and with what inherits from it, and with nothing else. */
export function writableStateOf(stream: object): object {
  const state: unknown = '_writableState' in stream ? stream._writableState : undefined
  return isObject(state) ? state : stream
}

/** The server that has accepted a socket. */
export function serverOf(socket: TLSSocket): Server | undefined {
  const server: unknown = Reflect.get(socket, 'server')
  return server instanceof Server ? server : undefined
}

/** Completes a request that was made to a handle, in the handle's place. */
export function completeRequest(request: object, status: unknown): boolean {
  const oncomplete: unknown = Reflect.get(request, 'oncomplete')
  if (typeof oncomplete !== 'function') return false
  Reflect.apply(oncomplete, request, [status])
  return true
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** Whether the handle reads from TCP at present; undefined where Node does not say. */
export function isReading(handle: object): boolean | undefined {
  const reading: unknown = Reflect.get(handle, 'reading')
  return typeof reading === 'boolean' ? reading : undefined
}

/** Where a socket made with the option `onread` keeps its callback, which gets the data instead of push(). */
export function onreadCallback(socket: Socket): symbol | undefined {
  bufferCallback ??= Object.getOwnPropertySymbols(socket).find((symbol) => symbol.description === 'kBufferCb')
  return bufferCallback !== undefined && typeof Reflect.get(socket, bufferCallback) === 'function'
    ? bufferCallback
    : undefined
}

// The same for all sockets: they need not be searched again.
let bufferCallback: symbol | undefined

/** The counters of the transport beneath TLS for its writing; undefined where it has none. */
export function transportOutput(handle: object): { readonly given: number; readonly queued: number } | undefined {
  const parent: unknown = '_parent' in handle ? handle._parent : undefined
  if (!isObject(parent)) return undefined
  const given = givenToTransport(handle)
  const queued: unknown = 'writeQueueSize' in parent ? parent.writeQueueSize : undefined
  return given !== undefined && typeof queued === 'number' ? { given, queued } : undefined
}

/** How much of its output the handle of a socket queues; undefined where it does not say. */
export function queuedBy(handle: object): number | undefined {
  const queued: unknown = 'writeQueueSize' in handle ? handle.writeQueueSize : undefined
  return typeof queued === 'number' ? queued : undefined
}

/** How much of that output the transport was given. */
export function givenToTransport(handle: object): number | undefined {
  const parent: unknown = '_parent' in handle ? handle._parent : undefined
  const given: unknown = isObject(parent) && 'bytesWritten' in parent ? parent.bytesWritten : undefined
  return typeof given === 'number' ? given : undefined
}

/**
 * The name of the handle of Node's that TLS stands on: TCP, Pipe, TLSWrap. Undefined where that is a stream of
 * JavaScript: its handle is one that JavaScript feeds.
 */
export function nativeTransport(socket: TLSSocket): string | undefined {
  const handle = handleOf(socket)
  const parent: unknown = handle === undefined ? undefined : Reflect.get(handle, '_parent')
  if (!isObject(parent)) return 'transport'
  return typeof Reflect.get(parent, 'readBuffer') === 'function' ? undefined : parent.constructor.name
}

/**
 * Completes empty writes in TLSWrap's place where that stands on a stream of JavaScript; gives what takes it back. TLSWrap
 * hands an empty write on and counts it as none, and with a second one, of what OpenSSL answers meanwhile, the process
 * ends by an assertion. What else TLSWrap does at an empty write is done: renegotiate() begins by one.
 */
export function holdEmptyWrites(socket: TLSSocket): () => void {
  if (nativeTransport(socket) !== undefined) return () => undefined
  return wrapRemovably(socket, '_write', (previous, args) => {
    const [chunk, , callback] = args
    const isHeld = isEmptyChunk(chunk) && typeof callback === 'function' && hasCycle(handleOf(socket))
    if (!isHeld) return previous(args)
    runCycle(socket)
    return Reflect.apply(callback, undefined, [])
  })
}

/** Whether that chunk of a write has nothing in it. */
export function isEmptyChunk(chunk: unknown): boolean {
  return chunk === '' || (chunk instanceof Uint8Array && chunk.length === 0)
}

/** Whether the transport still queues some of what it was given. */
export function isQueueing(socket: TLSSocket): boolean {
  const handle = handleOf(socket)
  const output = handle === undefined ? undefined : transportOutput(handle)
  return output === undefined || output.queued > 0
}

/** How many bytes of the stream the handle is writing now; undefined where the stream does not say. */
export function bytesBeingWritten(stream: Writable): number | undefined {
  const state: unknown = Reflect.get(stream, '_writableState')
  const length: unknown = isObject(state) ? Reflect.get(state, 'writelen') : undefined
  return typeof length === 'number' ? length : undefined
}

/** How many bytes a TLS handle was given to encrypt, by whoever writes to it; undefined where it does not say. */
export function bytesGivenToTls(handle: object): number | undefined {
  const bytes: unknown = Reflect.get(handle, 'bytesWritten')
  return typeof bytes === 'number' ? bytes : undefined
}

/** `bytesWritten` of a socket with that handle: where the stream holds nothing it is the handle's, which costs less. */
export function bytesWrittenTo(socket: TLSSocket, handle: object): number {
  const given = socket.writableLength === 0 && 'bytesWritten' in handle ? handle.bytesWritten : undefined
  return typeof given === 'number' ? given : socket.bytesWritten
}

/** The file descriptor beneath a handle; undefined where there is none. */
export function fileDescriptor(handle: object): number | undefined {
  const fd: unknown = 'fd' in handle ? handle.fd : undefined
  return typeof fd === 'number' && fd >= 0 ? fd : undefined
}

/** Makes the handle read no more. */
function stopReading(handle: object): void {
  const readStop: unknown = Reflect.get(handle, 'readStop')
  if (typeof readStop !== 'function') return
  Reflect.set(handle, 'reading', false)
  Reflect.apply(readStop, handle, [])
}

/** Keeps what still comes from whoever reads, and what the SSL_read that has called us is about to give as well. */
export function dropInput(handle: object): void {
  stopReading(handle)
  Reflect.set(handle, 'onread', () => undefined)
}

/**
 * Ends the stream in the place of its handle. From then on the handle is not heard, as Node hears nothing of TCP behind
 * any other close_notify: it goes on reading, so that nothing unread turns our FIN into RST.
 */
export function endStream(socket: TLSSocket): void {
  const handle = handleOf(socket)
  if (handle !== undefined) Reflect.set(handle, 'onread', () => undefined)
  socket.push(null)
  // Without data to read first, 'end' comes only when somebody asks.
  socket.read(0)
}

/** Makes the handle read, also where http or a pause has stopped it. */
export function startReading(handle: object): void {
  const readStart: unknown = Reflect.get(handle, 'readStart')
  if (typeof readStart !== 'function') return
  Reflect.set(handle, 'reading', true)
  Reflect.apply(readStart, handle, [])
}

/**
 * Makes TLSWrap run its cycle: read its input, and hand to TCP what OpenSSL has left in its output BIO. That can deliver
 * data: what a listener throws is thrown in a stack of its own.
 */
export function runCycle(socket: TLSSocket): void {
  try {
    pumpOutput(socket)
  } catch (error) {
    process.nextTick(() => {
      throw error
    })
  }
}

// newSessionDone() runs TLSWrap's cycle and nothing else; an empty write does the same, but aborts the process where
// http2 writes natively at that moment. While a 'newSession' handler is still pending, the call would open the gate that
// waits for it; its own completion runs the cycle then.
function pumpOutput(socket: TLSSocket): void {
  const handle = handleOf(socket)
  if (handle === undefined || Reflect.get(socket, '_newSessionPending') === true) return
  // Destroyed beneath TLS, which hears of it some turns later: TLSWrap would write to a handle that is gone.
  const transport: unknown = Reflect.get(handle, '_parentWrap')
  if (isObject(transport) && Reflect.get(transport, 'destroyed') === true) return
  const newSessionDone: unknown = Reflect.get(handle, 'newSessionDone')
  if (typeof newSessionDone === 'function') Reflect.apply(newSessionDone, handle, [])
  else if (ownerOf(socket) !== 'http2') socket.write('')
}

function hasCycle(handle: object | undefined): boolean {
  return handle !== undefined && typeof Reflect.get(handle, 'newSessionDone') === 'function'
}
