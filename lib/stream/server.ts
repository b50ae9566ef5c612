import { captureRejectionSymbol } from 'node:events'
import { Server } from 'node:net'
import { clearTimeout as stopTimer, setTimeout as startTimer } from 'node:timers'
import type { SslContext } from '../openssl/context.js'
import { checkAll, checkFlag, milliseconds, type OptionRules } from '../options.js'
import { type ContextOptions, contextOf, contextOptions, contextOptionsOf, contextRules } from './context.js'
import { contextOption, refuseBeside, type StreamClosingOptions, streamClosingRules } from './options.js'
import { TlsStream } from './tls-stream.js'

/** Options of {@link createServer}: those of tls.createServer() for the common case. Unknown keys are refused by name. */
export interface ServerOptions extends ContextOptions, StreamClosingOptions {
  /**
   * Asks clients for a certificate and refuses those that have none, or one that `ca` does not vouch for.
   * @default false
   */
  readonly requestCert?: boolean
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
  requestCert: { check: (name, value) => checkFlag(name, value) ?? false, unit: '', default: 'false' },
  secureContext: contextOption('server'),
  handshakeTimeout: milliseconds(120_000),
} satisfies OptionRules<ServerOptions>

/**
 * A net.Server whose connections are TLS streams: 'secureConnection' has each, when its handshake is done, 'tlsClientError'
 * the error and the stream of each whose handshake failed. 'keylog' and 'session' are events of the streams.
 */
export class TlsServer extends Server {
  /** Made by {@link createServer} only. */
  constructor(context: SslContext, options: Required<StreamClosingOptions>, handshakeTimeout: number) {
    super({ allowHalfOpen: true }, (socket) => {
      // It may be gone by the time that somebody hands it to us.
      if (!socket.destroyed) this.#accept(new TlsStream(socket, { context, ...options }), handshakeTimeout)
    })
  }

  // As tls.Server: with captureRejections what an async listener of 'secureConnection' throws destroys its stream.
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
    stream.on('error', failed)
    stream.once('close', () => {
      stopTimer(timer)
    })
    stream.once('secure', () => {
      stopTimer(timer)
      stream.off('error', failed)
      this.emit('secureConnection', stream)
    })
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
  const { onTruncation, allowHalfOpen } = checked
  refuseBeside(secureContext, options, ['requestCert', ...contextOptions])
  const context =
    secureContext ?? contextOf({ side: 'server', verify: requestCert ? 'require' : 'none' }, contextOptionsOf(checked))
  const streamOptions = { closing, flushTimeout, waitTimeout, maxDiscardBytes, onTruncation, allowHalfOpen }
  const server = new TlsServer(context, streamOptions, handshakeTimeout)
  if (listener !== undefined) server.on('secureConnection', listener)
  return server
}
