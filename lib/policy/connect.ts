// The connections of undici, and through it of the global fetch. undici's own connector makes them, from options that carry
// a mark: a connector of ours would have to repeat all of it, and would not be given the options of the Agent. Other
// libraries hand the same options on to tls.connect(), with the mark.
import type { Socket } from 'node:net'
import { type ConnectionOptions, TLSSocket } from 'node:tls'
import { invalid } from '../options.js'
import { requireRuntime } from '../native/addon.js'
import { ClosureControl } from './control.js'
import { ControlledSockets } from './controlled-sockets.js'
import { markOptions } from './marked-options.js'
import { checkPolicy, type ClosurePolicy } from './policy.js'
import { followUndici, unfinishedOfAny } from './undici-messages.js'

/** The request that undici gives to a connect function. */
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

/** The options of undici's own connector: those of `tls.connect`, and its own. Each is as undici has it. */
export type ConnectOptions = ConnectionOptions & {
  readonly allowH2?: boolean | undefined
  readonly preferH2?: boolean | undefined
  readonly maxCachedSessions?: number | null | undefined
  readonly socketPath?: string | null | undefined
  /** Budget in ms for TCP and the handshake; 0 for none. */
  readonly timeout?: number | null | undefined
  readonly keepAlive?: boolean | null | undefined
  readonly keepAliveInitialDelay?: number | null | undefined
  readonly localAddress?: string | undefined
  readonly autoSelectFamily?: boolean | undefined
  readonly autoSelectFamilyAttemptTimeout?: number | undefined
}

/** Puts undici's connections under one policy; made by {@link closingConnect}. */
export interface ClosingConnect {
  /** A connector, such as one of undici's `buildConnector`: the same under the policy. */
  (connect: Connect): Connect
  /**
   * Options of undici's own connector, none at all included: the same options under the policy, for `connect` of an
   * `Agent`, `Pool` or `Client`, for `requestTls` and `proxyTls` of a `ProxyAgent`, and for `buildConnector`. What the
   * Agent's other options say of its connections holds as without them. They do the same as TLS options of any other
   * library that hands copies of them on to `tls.connect()`, such as ioredis, redis, mariadb, mqtt, basic-ftp and imapflow.
   */
  <Options extends ConnectOptions = object>(options?: Options): Options
  /** Either of the two. */
  (connect?: Connect | ConnectOptions): Connect | ConnectOptions
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
 * undici's own connector makes the connections: the connect timeout, HTTP/2, the cache of sessions and all others of its
 * options are as without the policy. The call itself throws ERR_CLOSURE_INVALID_ARGUMENT for what is neither options nor a
 * connector.
 *
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT for an unknown option or a wrong value;
 * ERR_CLOSURE_UNSUPPORTED_RUNTIME; ERR_CLOSURE_LOAD_FAILED
 */
export function closingConnect(policy?: ClosurePolicy): ClosingConnect {
  requireRuntime()
  const checked = checkPolicy(policy)
  followUndici()
  let take: (socket: TLSSocket) => void = () => undefined
  const control = new ClosureControl(undefined, (onReport) => {
    const sockets = new ControlledSockets({ policy: checked, framing: unfinishedOfAny, onReport })
    take = (socket) => {
      sockets.take(socket)
    }
    return [sockets]
  })
  function underPolicy(connect: Connect): Connect
  function underPolicy<Options extends ConnectOptions>(options?: Options): Options
  function underPolicy(given: Connect | ConnectOptions = {}): Connect | ConnectOptions {
    if (typeof given === 'function') return connectorUnderPolicy(given, take)
    checkConnectOptions(given)
    return markOptions(given, take)
  }
  return Object.assign(underPolicy, { control })
}

function connectorUnderPolicy(connect: Connect, take: (socket: TLSSocket) => void): Connect {
  return (request, callback) => {
    const made = connect(request, (...args) => {
      const [, socket] = args
      if (socket instanceof TLSSocket) take(socket)
      callback(...args)
    })
    // undici's connectors give the socket at once, so that a handshake that fails is known too.
    if (made instanceof TLSSocket) take(made)
    return made
  }
}

function checkConnectOptions(given: unknown): void {
  if (typeof given === 'object' && given !== null) return
  throw invalid('connect', 'a connector or its options', given)
}
