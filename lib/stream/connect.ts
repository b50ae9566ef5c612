import { errorMonitor } from 'node:events'
import { connect as connectTcp, isIP, type NetConnectOpts } from 'node:net'
import { addAbortSignal, Duplex } from 'node:stream'
import { slotOn } from '../closure/stand-ins.js'
import type { SslContext } from '../openssl/context.js'
import { checkAll, checkCount, checkTextIfGiven, invalid, type OptionRules, signalOption } from '../options.js'
import { connectArguments, type ConnectListener } from './connect-arguments.js'
import { type ContextOptions, contextOf, contextOptions, contextOptionsOf, contextRules } from './context.js'
import {
  checkIdleTime,
  contextOption,
  type IdentityOptions,
  identityRules,
  refuseBeside,
  type StreamClosingOptions,
  streamClosingRules,
} from './options.js'
import { TlsStream } from './tls-stream.js'

/** Options of {@link connect}: those of tls.connect() for the common case. Unknown keys are refused by name. */
export interface ConnectOptions extends ContextOptions, IdentityOptions, StreamClosingOptions {
  readonly port?: number
  /** A socket of Unix, in place of host and port. */
  readonly path?: string
  /** A Duplex that TLS begins on, in place of a new connection. It belongs to the stream then. */
  readonly socket?: Duplex
  /** A context of createContext(), in place of all options that make one, which are refused beside it. */
  readonly secureContext?: SslContext
  /** ms after which 'timeout' is emitted, as of `setTimeout()`. */
  readonly timeout?: number
  /** Destroys the stream, with an AbortError. */
  readonly signal?: AbortSignal
}

const connectRules = {
  ...contextRules,
  ...identityRules,
  ...streamClosingRules,
  port: {
    check: (name, value) => (value === undefined ? undefined : checkCount(name, 'a port', value, 0)),
    unit: '',
    default: 'none',
  },
  path: { check: checkTextIfGiven, unit: '', default: 'none' },
  socket: {
    check: (name, value) => {
      if (value === undefined || value instanceof Duplex) return value
      throw invalid(name, 'a Duplex', value)
    },
    unit: '',
    default: 'none',
  },
  secureContext: contextOption('client'),
  timeout: {
    check: (name, value) => (value === undefined ? 0 : checkIdleTime(name, value)),
    unit: 'ms',
    default: '0',
  },
  signal: signalOption,
} satisfies OptionRules<ConnectOptions>

/**
 * Connects and begins TLS, as tls.connect() does; `listener` is called at 'secureConnect'. The server is verified: its
 * chain against `ca`, and its name against `servername`, or else `host`. `servername` is the host by default, unless
 * that is an address.
 *
 * A port, a host or a path may stand before the options, as in Node; what the options name counts before it.
 *
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT; ERR_OPENSSL_CALL_FAILED; ERR_OPENSSL_UNSUPPORTED_CALL;
 * ERR_CLOSURE_UNSUPPORTED_RUNTIME
 */
export function connect(options: ConnectOptions | number | string, listener?: ConnectListener): TlsStream
export function connect(portOrPath: number | string, options?: ConnectOptions, listener?: ConnectListener): TlsStream
export function connect(port: number, host?: string, options?: ConnectOptions, listener?: ConnectListener): TlsStream
export function connect(port: number, host: string, listener?: ConnectListener): TlsStream
export function connect(...given: readonly unknown[]): TlsStream {
  const { options, listener } = connectArguments(given)
  const checked = checkAll(connectRules, options)
  const { port, path, socket, secureContext, timeout, signal, rejectUnauthorized, session } = checked
  refuseBeside(secureContext, options, contextOptions)
  const host = checked.host ?? (socket === undefined && path === undefined ? 'localhost' : undefined)
  const servername = checked.servername ?? (host === undefined || isIP(host) !== 0 ? undefined : host)
  const context =
    secureContext ??
    contextOf({ side: 'client', verify: rejectUnauthorized ? 'peer' : 'none' }, contextOptionsOf(checked))
  const { closing, flushTimeout, waitTimeout, maxDiscardBytes, onTruncation, allowHalfOpen, checkServerIdentity } =
    checked
  const streamOptions = {
    context,
    closing,
    flushTimeout,
    waitTimeout,
    maxDiscardBytes,
    onTruncation,
    allowHalfOpen,
    rejectUnauthorized,
    ...(servername !== undefined && { servername }),
    ...(host !== undefined && { host }),
    ...(checkServerIdentity !== undefined && { checkServerIdentity }),
    ...(session !== undefined && { session }),
  }
  const transport = socket ?? connectTcp(addressOf(port, path, host))
  try {
    const stream = new TlsStream(transport, streamOptions)
    if (socket === undefined) nameAddress(stream, { host: checked.host, port, path })
    if (listener !== undefined) stream.once('secureConnect', listener)
    if (timeout > 0) stream.setTimeout(timeout)
    if (signal !== undefined) addAbortSignal(signal, stream)
    return stream
  } catch (error) {
    // The caller has the error of ours; a path that nobody listens on would have one of its own behind it.
    if (socket === undefined) transport.on('error', () => undefined).destroy()
    throw error
  }
}

// As tls.connect() does in the error of a connection that ends in its handshake. To monitor is not to handle.
function nameAddress(stream: TlsStream, address: object): void {
  addresses.put(stream, address)
  stream.on(errorMonitor, addAddress)
}

const addresses = slotOn<object>()

function addAddress(this: TlsStream, error: Error): void {
  if (!this.isSecured && 'code' in error && error.code === 'ECONNRESET') Object.assign(error, addresses.of(this))
}

function addressOf(port: number | undefined, path: string | undefined, host: string | undefined): NetConnectOpts {
  if (path !== undefined) return { path, allowHalfOpen: true }
  if (port === undefined) throw invalid('port', 'a port, a path or a socket', port)
  return { port, allowHalfOpen: true, ...(host !== undefined && { host }) }
}
