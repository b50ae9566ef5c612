import { Server } from 'node:net'
import { clearTimeout as stopTimer, setTimeout as startTimer } from 'node:timers'
import { ClosureError } from '../errors.js'
import { SslContext } from '../openssl/context.js'
import { checkAll, checkFlag, invalid, milliseconds, type OptionRules } from '../options.js'
import { type ContextOptions, contextOf, contextRules } from './context.js'
import { type StreamClosingOptions, streamClosingRules } from './options.js'
import { TlsStream } from './tls-stream.js'

/** Options of {@link createServer}: those of tls.createServer() for the common case. Unknown keys are refused by name. */
export interface ServerOptions extends ContextOptions, StreamClosingOptions {
  /**
   * Asks clients for a certificate and refuses those that have none, or one that `ca` does not vouch for.
   * @default false
   */
  readonly requestCert?: boolean
  /** A context of createContext(), in place of all options that make one. */
  readonly secureContext?: SslContext
  /**
   * ms for the handshake; a client that has not done it by then is destroyed.
   * @default 120000
   */
  readonly handshakeTimeout?: number
}

const serverRules = {
  ...contextRules,
  ...streamClosingRules,
  requestCert: { check: (name, value) => checkFlag(name, value) ?? false, unit: '', default: 'false' },
  secureContext: {
    check: (name, value) => {
      if (value === undefined || value instanceof SslContext) return value
      throw invalid(name, 'an SslContext of createContext()', value)
    },
    unit: '',
    default: 'none',
  },
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

  #accept(stream: TlsStream, handshakeTimeout: number): void {
    const timer = startTimer(() => {
      const message = `The client has not done its handshake within ${handshakeTimeout} ms (handshakeTimeout)`
      stream.destroy(Object.assign(new Error(message), { code: 'ERR_TLS_HANDSHAKE_TIMEOUT' }))
    }, handshakeTimeout).unref()
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
  const { onTruncation, allowHalfOpen, openssl, ca, cert, key, passphrase, ALPNProtocols, ciphers } = checked
  if (secureContext !== undefined && secureContext.side !== 'server') {
    throw new ClosureError('ERR_CLOSURE_INVALID_ARGUMENT', 'Expected a context of a server for secureContext')
  }
  const { minVersion, maxVersion } = checked
  const context =
    secureContext ??
    contextOf(
      { side: 'server', verify: requestCert ? 'require' : 'none' },
      {
        ...(openssl !== undefined && { openssl }),
        ...(ca !== undefined && { ca }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
        ...(passphrase !== undefined && { passphrase }),
        ...(ALPNProtocols !== undefined && { ALPNProtocols }),
        ...(minVersion !== undefined && { minVersion }),
        ...(maxVersion !== undefined && { maxVersion }),
        ...(ciphers !== undefined && { ciphers }),
      },
    )
  const streamOptions = { closing, flushTimeout, waitTimeout, maxDiscardBytes, onTruncation, allowHalfOpen }
  const server = new TlsServer(context, streamOptions, handshakeTimeout)
  if (listener !== undefined) server.on('secureConnection', listener)
  return server
}
