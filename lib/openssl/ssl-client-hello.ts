import { checkOptions, checkText, invalid } from '../options.js'
import type { NativeSsl } from '../native/engine.js'
import { callFailed } from './call-failed.js'
import type { ContextIdentity } from './identity.js'
import { nativeContext } from './native-contexts.js'
import { SslInspection } from './ssl-inspection.js'

/** What a client asks for, before a server has answered. */
export interface ClientHello {
  /** The host name: RFC 6066 section 3. Undefined without one. */
  readonly servername: string | undefined
  /** The protocols that it offers, the most wanted first, a byte of each a character: RFC 7301 section 3.1. */
  readonly protocols: readonly string[]
}

/** The answer to a ClientHello. Unknown keys are refused by name. */
export interface ClientHelloAnswer {
  /**
   * Certificate, key, and whom to trust come from this one of side 'server', of the same library; all else stays as
   * the Ssl has it. ALPN too, where it has some.
   * @default the context of the Ssl
   */
  readonly context?: ContextIdentity
  /**
   * The protocol that is agreed on, one of the client's. False: none of them will do, which ends the handshake with
   * no_application_protocol.
   * @default by the context: RFC 7301 section 3.2
   */
  readonly protocol?: string | false
}

/** The calls that stop a server's handshake at the ClientHello, so that there is time to decide. */
export class SslClientHello extends SslInspection {
  readonly #native: NativeSsl

  constructor(context: ContextIdentity, native: NativeSsl) {
    super(context, native)
    this.#native = native
  }

  /**
   * SSL_CTX_set_client_hello_cb(3): the handshake stops when the ClientHello has come, before anything is chosen by it. Calls
   * give SSL_ERROR_WANT_CLIENT_HELLO_CB then, or with BoringSSL SSL_ERROR_PENDING_CERTIFICATE, until answerClientHello().
   * No other Ssl of the context stops.
   *
   * @throws ClosureError ERR_OPENSSL_STATE once the handshake has begun, and for a client; ERR_OPENSSL_UNSUPPORTED_CALL
   */
  holdClientHello(): void {
    this.#native.holdClientHello()
  }

  /** SSL_client_hello_get0_ext(3): of the ClientHello that waits for its answer. Undefined when none does. */
  getClientHello(): ClientHello | undefined {
    const hello = this.#native.getClientHello()
    if (hello === undefined) return undefined
    return { servername: hostName(hello.serverName), protocols: protocolNames(hello.alpn) }
  }

  /**
   * SSL_set_SSL_CTX(), and what SSL_CTX_set_alpn_select_cb(3) answers: the handshake goes on with the next call that
   * moves it.
   *
   * @throws ClosureError ERR_OPENSSL_STATE when no ClientHello waits; ERR_OPENSSL_FREED also for a context that was freed;
   * ERR_CLOSURE_INVALID_ARGUMENT; ERR_OPENSSL_CALL_FAILED
   */
  answerClientHello(answer?: ClientHelloAnswer): void {
    const { context, protocol } = checkOptions(answer, ['context', 'protocol'])
    const chosen = context === undefined ? undefined : nativeContext(context, this.context)
    const value = this.#native.answerClientHello(chosen, alpnOf(protocol))
    if (value !== 1) throw callFailed('SSL_set_SSL_CTX', this.#native.takeQueue())
  }
}

const nothing = Buffer.alloc(0)

function alpnOf(protocol: unknown): Uint8Array | undefined {
  if (protocol === undefined) return undefined
  if (protocol === false) return nothing
  const bytes = Buffer.from(checkText('protocol', protocol), 'latin1')
  if (bytes.length === 0 || bytes.length > 255) throw invalid('protocol', 'a name of 1 to 255 bytes', protocol)
  return bytes
}

// What is not of this form OpenSSL refuses when the handshake goes on.

// server_name: a list of one, of type host_name.
function hostName(extension: Uint8Array | undefined): string | undefined {
  const list = listIn(extension)
  if (list === undefined || list.length < 3 || list[0] !== 0 || list.length !== 3 + list.readUInt16BE(1))
    return undefined
  const name = list.subarray(3)
  return name.length === 0 || name.includes(0) ? undefined : name.toString()
}

function protocolNames(extension: Uint8Array | undefined): readonly string[] {
  const list = listIn(extension)
  const names: string[] = []
  let rest = list ?? nothing
  while (rest.length > 0) {
    const [length = 0] = rest
    if (length === 0 || rest.length < 1 + length) return []
    names.push(rest.toString('latin1', 1, 1 + length))
    rest = rest.subarray(1 + length)
  }
  return names
}

// Behind its length in two bytes.
function listIn(extension: Uint8Array | undefined): Buffer | undefined {
  if (extension === undefined || extension.length < 2) return undefined
  const bytes = Buffer.from(extension)
  return bytes.length === 2 + bytes.readUInt16BE(0) ? bytes.subarray(2) : undefined
}
