/**
 * Brings a connection to the point where the ClientHello can be sent:
 *
 *     const target = parseTarget('mail.example.org', { starttls: 'smtp' })
 *     const { socket } = await openTransport(target, { starttls: 'smtp', signal: AbortSignal.timeout(5000) })
 */
import { isIP, type Socket } from 'node:net'
import { checkCount, checkOptions, checkText, invalid, signalOption } from '../../options.js'
import { addressesOf, connect, type Connected } from './connect.js'
import { TransportFailure, type TransportFailureReason } from './failure.js'
import { connectByHttp } from './http-proxy.js'
import { parseProxy, type ProxyAddress } from './proxy-address.js'
import { socksTunnel } from './socks-proxy.js'
import { startTls } from './starttls/index.js'
import { checkProtocol, type StartTlsProtocol } from './starttls/protocols.js'
import { parseTarget, type Target, targetName } from './target.js'

export interface OpenTransportOptions {
  /**
   * Look the name up for addresses of this family alone. With a proxy that looks names up itself (http, socks5h) it is
   * refused for names: nothing would come of it.
   * @default both, in the order of the resolver
   */
  readonly family?: 4 | 6 | undefined
  /**
   * `http://[user:password@]host[:port]` by CONNECT, `socks5://…` with the name looked up here, `socks5h://…` by the
   * proxy. A SOCKS proxy has 30 s for its part, or less by the signal.
   * @default none
   */
  readonly proxy?: string | undefined
  /**
   * Speak this protocol until it goes over to TLS.
   * @default none: TLS is first
   */
  readonly starttls?: StartTlsProtocol | undefined
  /**
   * The IP address of this machine to connect from.
   * @default the system's choice
   */
  readonly localAddress?: string | undefined
  /**
   * ms that connecting may take: an address of several that does not answer has its share of them. The signal ends it.
   * @default none
   */
  readonly timeout?: number | undefined
  /**
   * Called once, when nothing is waited for any more but the resolver and the network: names are looked up by few threads,
   * so that others may be before. A time that is to be the host's begins here.
   */
  readonly onBegin?: (() => void) | undefined
  /** The time for all of it. When it aborts, the socket is destroyed at once. */
  readonly signal: AbortSignal
}

export interface OpenedTransport {
  /**
   * Paused; without Nagle's algorithm; allowHalfOpen. It holds nothing of the server's, unless a proxy gave bytes right
   * behind its answer. Whoever takes it listens in the same turn: its error or its end may be next.
   */
  readonly socket: Socket
  /** The IP address that TCP is connected to: the target's, or the proxy's. */
  readonly address: string
  /**
   * ms of the TCP handshake, about one round trip; with a proxy until its answer that it has connected. Looking names up
   * and STARTTLS are no part of it.
   */
  readonly connectMs: number
  readonly proxied: boolean
}

/**
 * Connects, by the proxy if there is one, and speaks the STARTTLS protocol if there is one. Where that fails nothing is
 * left open.
 * @throws TransportFailure (as a rejection) with its reason
 * @throws the reason of the signal, when that aborts
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT
 */
export async function openTransport(target: Target, options: OpenTransportOptions): Promise<OpenedTransport> {
  const checked = checkAll(target, options)
  const { signal, starttls, proxy } = checked
  signal.throwIfAborted()
  const { opening, address, startedAt, connectedAt } =
    proxy === undefined
      ? await connect(checked.target.host, checked.target.port, checked)
      : await connectThrough(proxy, checked)
  try {
    if (starttls !== undefined) await startTls(opening, starttls, target.servername ?? target.host)
    return { socket: opening.release(), address, connectMs: connectedAt - startedAt, proxied: proxy !== undefined }
  } catch (error) {
    opening.destroy()
    throw error
  }
}

async function connectThrough(proxy: ProxyAddress, { target, family, ...others }: Checked) {
  const tunnel = proxy.kind === 'http' ? connectByHttp : await socksTunnel()
  // Before anything is asked of the proxy: a name that does not exist is no fault of its.
  const looked = proxy.kind === 'socks5' ? await addressesOf(target.host, { family, ...others }) : []
  const destination = { host: looked[0] ?? target.host, port: target.port }
  let connected: Connected | undefined
  try {
    connected = await connect(proxy.host, proxy.port, { family: undefined, ...others })
    await tunnel(connected.opening, destination, proxy)
    return { ...connected, connectedAt: performance.now() }
  } catch (error) {
    connected?.opening.destroy()
    if (error instanceof TransportFailure) throw blamedOnProxy(error)
    throw error
  }
}

function blamedOnProxy(failure: TransportFailure): TransportFailure {
  if (failure.reason === 'proxy') return failure
  const words = wordsFor[failure.reason] ?? failure.reason
  const detail = failure.detail === undefined ? words : `${words}: ${failure.detail}`
  return new TransportFailure('proxy', { code: failure.code, detail, cause: failure })
}

const wordsFor: Readonly<Partial<Record<TransportFailureReason, string>>> = {
  'host-not-found': 'its host name was not found',
  refused: 'it refused the connection',
  unreachable: 'it cannot be reached',
  reset: 'it reset the connection',
  closed: 'it ended the connection',
}

// --- What was asked for ---

interface Checked {
  readonly target: Target
  readonly family: 4 | 6 | undefined
  readonly proxy: ProxyAddress | undefined
  readonly starttls: StartTlsProtocol | undefined
  readonly localAddress: string | undefined
  readonly timeout: number | undefined
  /** Of all calls the first one is told. */
  readonly onBegin: () => void
  readonly signal: AbortSignal
}

const optionKeys = [
  'family',
  'proxy',
  'starttls',
  'localAddress',
  'timeout',
  'onBegin',
  'signal',
] satisfies (keyof OpenTransportOptions)[]

function checkAll(given: Target, options: OpenTransportOptions): Checked {
  const { family, proxy: url, starttls, localAddress, timeout, onBegin, signal } = checkOptions(options, optionKeys)
  const checkedSignal = signalOption.check('signal', signal)
  if (checkedSignal === undefined) throw invalid('signal', 'an AbortSignal', signal)
  if (localAddress !== undefined && isIP(checkText('localAddress', localAddress)) === 0) {
    throw invalid('localAddress', 'an IP address', localAddress)
  }
  // One that was not made by parseTarget() is held to the same.
  const target = parseTarget(targetName(given))
  const proxy = url === undefined ? undefined : parseProxy(url)
  return {
    target,
    proxy,
    localAddress,
    timeout: timeout === undefined ? undefined : checkCount('timeout', 'ms', timeout, 0),
    onBegin: onlyOnce(onBegin),
    signal: checkedSignal,
    family: familyFor(target.host, proxy, family, localAddress),
    starttls: starttls === undefined ? undefined : checkProtocol('starttls', starttls),
  }
}

function onlyOnce(call: unknown): () => void {
  if (call === undefined) return () => {}
  if (typeof call !== 'function') throw invalid('onBegin', 'a function', call)
  let isCalled = false
  return () => {
    if (isCalled) return
    isCalled = true
    Reflect.apply(call, undefined, [])
  }
}

/** The family that the name of the target is looked up for. */
function familyFor(
  host: string,
  proxy: ProxyAddress | undefined,
  family: unknown,
  localAddress: string | undefined,
): 4 | 6 | undefined {
  if (family !== undefined && family !== 4 && family !== 6) throw invalid('family', '4 or 6', family)
  const own = isIP(host)
  if (own !== 0 && family !== undefined && family !== own) throw invalid('family', `that of ${host}, ${own},`, family)
  if (proxy !== undefined) {
    if (host.includes('%')) throw invalid('target', 'an address without a zone, which means nothing to a proxy,', host)
    const isLookedUpThere = own === 0 && proxy.kind !== 'socks5'
    if (isLookedUpThere && family !== undefined) {
      throw invalid('family', 'none with a proxy that looks names up itself', family)
    }
    return family
  }
  // Nothing else can be connected to from there.
  const local = localAddress === undefined ? 0 : isIP(localAddress)
  if (local === 0) return family
  const required = local === 4 ? 4 : 6
  if ((family ?? required) !== required || (own !== 0 && own !== required)) {
    throw invalid('localAddress', 'an address of the same family as the one to connect to', localAddress)
  }
  return required
}
