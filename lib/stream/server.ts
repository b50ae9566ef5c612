import { captureRejectionSymbol } from 'node:events'
import { Server } from 'node:net'
import { clearTimeout as stopTimer, setTimeout as startTimer } from 'node:timers'
import { SslContext } from '../openssl/context.js'
import { OpenSSL } from '../openssl/openssl.js'
import { checkAll, checkFlag, checkText, invalid, milliseconds, type OptionRules } from '../options.js'
import {
  type ClientHelloOptions,
  clientHelloRules,
  contextFor,
  requireWaiting,
  type SNICallback,
} from './client-hello.js'
import { HostContexts } from './host-contexts.js'
import {
  type ContextOptions,
  type ContextUse,
  contextOf,
  contextOptions,
  contextOptionsOf,
  contextRules,
} from './context.js'
import {
  checkOnce,
  contextOption,
  refuseBeside,
  type StreamClosingOptions,
  streamClosingRules,
  type TlsStreamOptions,
} from './options.js'
import { TlsStream } from './tls-stream.js'

/** Options of {@link createServer}: those of tls.createServer() for the common case. Unknown keys are refused by name. */
export interface ServerOptions extends ContextOptions, StreamClosingOptions, ClientHelloOptions {
  /**
   * Asks clients for a certificate.
   * @default false
   */
  readonly requestCert?: boolean
  /**
   * Refuses clients that were asked for a certificate and have none, or one that `ca` does not vouch for. If not,
   * `authorized` and `authorizationError` of the stream tell.
   * @default true
   */
  readonly rejectUnauthorized?: boolean
  /**
   * A context of createContext(), in place of all options that make one and of `requestCert`, which are refused beside it. One
   * that asks for certificates: `OpenSSL.createContext({ side: 'server', verify: 'require', ... })`.
   */
  readonly secureContext?: SslContext
  /**
   * ms for the handshake; a client that has not done it by then is destroyed. 0: it may take its time.
   * @default 120000
   */
  readonly handshakeTimeout?: number
}

const serverRules = {
  ...contextRules,
  ...streamClosingRules,
  ...clientHelloRules,
  requestCert: { check: (name, value) => checkFlag(name, value) ?? false, unit: '', default: 'false' },
  rejectUnauthorized: { check: (name, value) => checkFlag(name, value) ?? true, unit: '', default: 'true' },
  secureContext: contextOption('server'),
  handshakeTimeout: milliseconds(120_000),
} satisfies OptionRules<ServerOptions>

/**
 * A net.Server whose connections are TLS streams: 'secureConnection' has each, when its handshake is done, 'tlsClientError'
 * the error and the stream of each whose handshake failed. 'keylog' and 'session' are events of the streams.
 */
export class TlsServer extends Server {
  #options: TlsStreamOptions
  readonly #use: ContextUse
  readonly #hosts = new HostContexts()

  /** Made by {@link createServer} only. */
  constructor(options: TlsStreamOptions, use: ContextUse, handshakeTimeout: number) {
    super({ allowHalfOpen: true }, (socket) => {
      // It may be gone by the time that somebody hands it to us.
      if (!socket.destroyed) this.#accept(new TlsStream(socket, this.#options), handshakeTimeout)
    })
    this.#options = checkOnce(options)
    this.#use = use
  }

  /**
   * Has clients that ask for a host name meet another certificate, from the next connection on: a context of
   * `createContext('server', ...)`, or the options of one. A `*` in the name stands for any characters but a dot; the last
   * name that was added and fits counts. Where there is an SNICallback, that alone is asked.
   *
   * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT, also for a context of tls.createSecureContext() or of another library;
   * ERR_OPENSSL_CALL_FAILED; ERR_OPENSSL_UNSUPPORTED_CALL
   */
  addContext(hostname: string, context: SslContext | ContextOptions): void {
    if (checkText('hostname', hostname) === '') throw invalid('hostname', 'the name of a host', hostname)
    const { context: own } = this.#options
    requireWaiting(own.openssl)
    this.#hosts.add(hostname, contextFor('context', isOptions(context) ? this.#made(context) : context, own))
    if (this.#options.SNICallback !== undefined) return
    const SNICallback: SNICallback = (name, answer) => answer(null, this.#hosts.find(name))
    this.#options = checkOnce({ ...this.#options, SNICallback })
  }

  #made(options: ContextOptions): SslContext {
    const { openssl } = this.#options.context
    return contextOf(this.#use, { ...(openssl instanceof OpenSSL && { openssl }), ...options })
  }

  /**
   * As tls.Server: with captureRejections what an async listener of 'secureConnection' throws destroys its stream.
   * @internal
   */
  override [captureRejectionSymbol](error: Error, event: string | symbol, ...args: unknown[]): void {
    const [stream] = args
    if (event === 'secureConnection' && stream instanceof TlsStream) stream.destroy(error)
    else super[captureRejectionSymbol]?.(error, event, ...args)
  }

  #accept(stream: TlsStream, handshakeTimeout: number): void {
    const late = (): void => {
      const message = `The client has not done its handshake within ${handshakeTimeout} ms (handshakeTimeout)`
      stream.destroy(Object.assign(new Error(message), { code: 'ERR_TLS_HANDSHAKE_TIMEOUT' }))
    }
    const timer = handshakeTimeout === 0 ? undefined : startTimer(late, handshakeTimeout).unref()
    const failed = (error: Error): void => {
      this.emit('tlsClientError', error, stream)
    }
    // Nothing of this stays with a stream that has done its handshake.
    const settle = (): void => {
      stopTimer(timer)
      stream.off('error', failed).off('close', settle).off('secure', secured)
    }
    const secured = (): void => {
      settle()
      this.emit('secureConnection', stream)
    }
    stream.on('error', failed).on('close', settle).on('secure', secured)
  }
}

/**
 * A server of TLS streams, as tls.createServer() makes one; `listener` is called at 'secureConnection'. The server is a
 * net.Server: listen(), close() and address() are its.
 *
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT; ERR_OPENSSL_CALL_FAILED; ERR_OPENSSL_UNSUPPORTED_CALL;
 * ERR_CLOSURE_UNSUPPORTED_RUNTIME
 */
export function createServer(options: ServerOptions, listener?: (stream: TlsStream) => void): TlsServer {
  const checked = checkAll(serverRules, options)
  const { requestCert, secureContext, handshakeTimeout, closing, flushTimeout, waitTimeout, maxDiscardBytes } = checked
  const { onTruncation, allowHalfOpen, rejectUnauthorized } = checked
  refuseBeside(secureContext, options, ['requestCert', ...contextOptions])
  const { SNICallback, ALPNCallback } = checked
  if (ALPNCallback !== undefined && checked.ALPNProtocols !== undefined) {
    throw invalid('ALPNCallback', 'nothing beside ALPNProtocols', ALPNCallback)
  }
  const use = { side: 'server', verify: requestCert ? 'require' : 'none' } as const
  const context = secureContext ?? contextOf(use, contextOptionsOf(checked))
  if (SNICallback !== undefined || ALPNCallback !== undefined) requireWaiting(context.openssl)
  const closingOptions = { closing, flushTimeout, waitTimeout, maxDiscardBytes, onTruncation, allowHalfOpen }
  const callbacks = {
    ...(SNICallback !== undefined && { SNICallback }),
    ...(ALPNCallback !== undefined && { ALPNCallback }),
  }
  const streamOptions = { context, rejectUnauthorized, ...callbacks, ...closingOptions }
  const server = new TlsServer(streamOptions, use, handshakeTimeout)
  if (listener !== undefined) server.on('secureConnection', listener)
  return server
}

// Node's object of a context has one member of that name; what is neither is refused by name.
function isOptions(context: SslContext | ContextOptions): context is ContextOptions {
  return typeof context === 'object' && !(context instanceof SslContext) && !('context' in context)
}
