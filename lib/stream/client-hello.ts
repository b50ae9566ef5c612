// What a server decides when it has the ClientHello: the context, by the host name that is asked for, and the protocol. The
// handshake stands meanwhile, so that the program may take its time, and none of its code runs inside OpenSSL.
import type { Duplex } from 'node:stream'
import { ClosureError } from '../errors.js'
import { SslContext } from '../openssl/context.js'
import type { ClientHello, ClientHelloAnswer, LibraryIdentity } from '../openssl/index.js'
import { invalid, type OptionRules, shown } from '../options.js'
import { asError } from './refusals.js'

/**
 * Chooses a context by the host name that a client asks for. `callback` is called once, whenever that may be: with an error,
 * which destroys the stream, with a context of `createContext('server', ...)`, or with none for the server's own.
 */
export type SNICallback = (
  servername: string,
  callback: (error: Error | null | undefined, context?: SslContext | null) => void,
) => void

/** Chooses one of the protocols that a client offers: RFC 7301. Undefined refuses it, with no_application_protocol. */
export type ALPNCallback = (offer: {
  /** False where the client names no host. */
  readonly servername: string | false
  /** The most wanted first. */
  readonly protocols: string[]
}) => string | undefined

/** A server's callbacks, as node:tls has them. They run outside of OpenSSL, while the handshake stands. */
export interface ClientHelloOptions {
  /**
   * Chooses a context by the host name that a client asks for: RFC 6066 section 3. Not called for a client that names none.
   * Certificate, key and `ca` of the chosen one count, and its ALPNProtocols; all else is the server's.
   */
  readonly SNICallback?: SNICallback
  /** Chooses the protocol, in place of ALPNProtocols. Not called for a client that offers none. */
  readonly ALPNCallback?: ALPNCallback
}

export const clientHelloRules = {
  SNICallback: {
    check: (name, value) => (value === undefined || isSni(value) ? value : refuse(name, value)),
    unit: '',
    default: 'none',
  },
  ALPNCallback: {
    check: (name, value) => (value === undefined || isAlpn(value) ? value : refuse(name, value)),
    unit: '',
    default: 'none',
  },
} satisfies OptionRules<ClientHelloOptions>

/** Refuses the callbacks where the library cannot wait for their answer. */
export function requireWaiting({ lacking, version }: LibraryIdentity): void {
  const call = ['SSL_CTX_set_client_hello_cb', 'SSL_client_hello_get0_ext'].find((each) => lacking.includes(each))
  if (call === undefined) return
  const message = `SNICallback, addContext() and ALPNCallback need ${call}, which is not in this build: ${version}`
  throw new ClosureError('ERR_OPENSSL_UNSUPPORTED_CALL', message)
}

/** A server's context for connections of another one; those of tls.createSecureContext() are Node's own, and cannot be. */
export function contextFor(name: string, context: unknown, { openssl }: SslContext): SslContext {
  if (!(context instanceof SslContext) || context.side !== 'server') {
    throw invalid(
      name,
      "an SslContext of createContext('server', options), not one of tls.createSecureContext(),",
      context,
    )
  }
  if (context.openssl === openssl) return context
  throw invalid(name, `one of ${openssl.version}, for libraries never mix,`, context.openssl.version)
}

interface Asked {
  readonly context: SslContext
  readonly SNICallback: SNICallback | undefined
  readonly ALPNCallback: ALPNCallback | undefined
}

/** Asks the program, and answers once. What it throws, or gives as an error, destroys the stream. */
export function decideOn(
  { servername, protocols }: ClientHello,
  options: Asked,
  stream: Duplex,
  answer: (answer: ClientHelloAnswer) => void,
): void {
  const { SNICallback: choose, ALPNCallback: negotiate, context: own } = options
  const attempt = (act: () => void): void => {
    try {
      if (!stream.destroyed) act()
    } catch (error) {
      stream.destroy(asError(error))
    }
  }
  const finish = (context: SslContext | undefined): void => {
    const isAsked = negotiate !== undefined && protocols.length > 0
    const protocol = isAsked
      ? chosen(negotiate({ servername: servername ?? false, protocols: [...protocols] }), protocols)
      : undefined
    answer({ ...(context !== undefined && { context }), ...(protocol !== undefined && { protocol }) })
  }
  let isAnswered = false
  const answered = (error: unknown, context: unknown): void => {
    if (isAnswered) {
      stream.destroy(withCode(new Error('The callback of SNICallback was called twice'), 'ERR_MULTIPLE_CALLBACK'))
      return
    }
    isAnswered = true
    if (error) stream.destroy(asError(error))
    // Whatever is false is none, as in Node.
    else attempt(() => finish(context ? contextFor('context', context, own) : undefined))
  }
  attempt(() => {
    if (choose === undefined || servername === undefined) finish(undefined)
    else Reflect.apply(choose, stream, [servername, answered])
  })
}

// What the program has chosen of what the client offers.
function chosen(result: unknown, protocols: readonly string[]): string | false {
  if (result === undefined) return false
  const protocol = protocols.find((each) => each === result)
  if (protocol !== undefined) return protocol
  const message = `ALPNCallback gave ${shown(result)}, and the client offers ${protocols.join(', ')}`
  throw withCode(new TypeError(message), 'ERR_TLS_ALPN_CALLBACK_INVALID_RESULT')
}

function isSni(value: unknown): value is SNICallback {
  return typeof value === 'function'
}

function isAlpn(value: unknown): value is ALPNCallback {
  return typeof value === 'function'
}

function refuse(name: string, value: unknown): never {
  throw invalid(name, 'a function', value)
}

function withCode(error: Error, code: string): Error {
  return Object.assign(error, { code })
}
