// The connect function of undici's Agent, and through it the global fetch. undici hears of the end of a message by an
// error of its socket, and says on its documented diagnostics channels when a message of which socket begins and ends.
import { subscribe } from 'node:diagnostics_channel'
import { connect as connectTcp, isIP, type NetConnectOpts, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, TLSSocket } from 'node:tls'
import { requireRuntime } from '../native/addon.js'
import { ClosureControl } from './control.js'
import { type Framing, unfinished } from './framing.js'
import { checkPolicy, type ClosurePolicy } from './policy.js'
import { ownerOf } from '../closure/socket-internals.js'
import { ControlledSockets } from './controlled-sockets.js'

/** What undici gives to a connect function. */
export interface ConnectRequest {
  readonly hostname: string
  readonly host?: string
  readonly protocol: string
  readonly port: string
  readonly servername?: string
  readonly localAddress?: string | null
  readonly httpSocket?: Socket
}

/** undici's connect function, as `Agent` takes it. */
export type Connect = (request: ConnectRequest, callback: ConnectCallback) => unknown

/** Takes either an error or the socket. */
export type ConnectCallback = (
  ...args: [error: null, socket: Socket | TLSSocket] | [error: Error, socket: null]
) => void

/** Makes undici's connect functions under one policy; made by {@link closingConnect}. */
export interface ClosingConnect {
  /**
   * Without an argument, or with options of `tls.connect`, a connector of our own; with a connector, such as one of
   * undici's `buildConnector`, the same under the policy.
   */
  (connect?: Connect | ConnectionOptions): Connect
  /** Its counters, its events, its end. */
  readonly control: ClosureControl
}

/**
 * A policy for the connections of undici, and through it of the global `fetch`:
 *
 *     const connecting = closingConnect({ onTruncation: 'error' })
 *     setGlobalDispatcher(new Agent({ connect: connecting() }))
 *     await fetch(url)
 *
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT for an unknown option or a wrong value;
 * ERR_CLOSURE_UNSUPPORTED_RUNTIME; ERR_CLOSURE_LOAD_FAILED
 */
export function closingConnect(policy?: ClosurePolicy): ClosingConnect {
  requireRuntime()
  const checked = checkPolicy(policy)
  followMessages()
  let take: (socket: TLSSocket) => void = () => undefined
  const control = new ClosureControl(undefined, (onReport) => {
    const sockets = new ControlledSockets(checked, unfinishedOfUndici, onReport)
    take = (socket) => {
      sockets.take(socket)
    }
    return sockets
  })
  const wrap = (given: Connect | ConnectionOptions = {}): Connect => {
    const connect = typeof given === 'function' ? given : connectorWith(given)
    return (request, callback) =>
      connect(request, (...args) => {
        const [, socket] = args
        if (socket instanceof TLSSocket) take(socket)
        callback(...args)
      })
  }
  return Object.assign(wrap, { control })
}

function connectorWith(options: ConnectionOptions): Connect {
  return (request, callback) => {
    const { hostname, protocol, localAddress, httpSocket } = request
    const common = localAddress === null || localAddress === undefined ? {} : { localAddress }
    const isTls = protocol === 'https:'
    const port = Number(request.port === '' ? (isTls ? 443 : 80) : request.port)
    const tcp: NetConnectOpts = { ...common, host: hostname, port }
    // undici gives null where it has no name; tls.connect alone would not tell the server which host is meant.
    const servername = request.servername ?? options.servername ?? (isIP(hostname) === 0 ? hostname : undefined)
    const socket = isTls
      ? connectTls({
          ALPNProtocols: ['http/1.1'],
          ...tcp,
          ...options,
          ...(servername !== undefined && servername !== '' && { servername }),
          ...(httpSocket !== undefined && { socket: httpSocket }),
        })
      : connectTcp(tcp)
    const failed = (error: Error) => {
      callback(error, null)
    }
    socket.setNoDelay(true)
    socket.once('error', failed)
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      socket.removeListener('error', failed)
      callback(null, socket)
    })
    return socket
  }
}

// The requests that undici has sent on a socket and not had the whole answer of.
const openRequests = new WeakMap<object, Set<object>>()
const socketsOfRequests = new WeakMap<object, object>()
let isFollowing = false

const unfinishedOfUndici: Framing = (socket) => {
  // Over HTTP/2 undici is a program like any other on Node's http2.
  if (ownerOf(socket) === 'http2') return unfinished(socket)
  return (openRequests.get(socket)?.size ?? 0) > 0 ? { kind: 'message' } : { kind: 'nothing' }
}

function followMessages(): void {
  if (isFollowing) return
  isFollowing = true
  subscribe('undici:client:sendHeaders', (message) => {
    const request = memberOf(message, 'request')
    const socket = memberOf(message, 'socket')
    if (request === undefined || socket === undefined) return
    const open = openRequests.get(socket) ?? new Set()
    openRequests.set(socket, open.add(request))
    socketsOfRequests.set(request, socket)
  })
  for (const name of ['undici:request:trailers', 'undici:request:error']) {
    subscribe(name, (message) => {
      const request = memberOf(message, 'request')
      const socket = request === undefined ? undefined : socketsOfRequests.get(request)
      if (request !== undefined && socket !== undefined) openRequests.get(socket)?.delete(request)
    })
  }
}

function memberOf(message: unknown, name: string): object | undefined {
  if (typeof message !== 'object' || message === null) return undefined
  const member: unknown = Reflect.get(message, name)
  return typeof member === 'object' && member !== null ? member : undefined
}
