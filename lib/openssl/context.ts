import { checkBoolean } from '../options.js'
import type { NativeLibrary, NativeSslContext } from '../native/engine.js'
import type { CheckedContextOptions } from './context-options.js'
import type { LibraryIdentity } from './identity.js'
import { callFailed } from './call-failed.js'
import { registerContext } from './native-contexts.js'
import { Ssl } from './ssl.js'
import { checkSslOptions, type SslOptions } from './ssl-options.js'

// SSL_CTX_set_mode(3)
const modeReleaseBuffers = 0x10

const ahead = new WeakSet<SslContext>()

/** Whether the Ssl objects of a context take all that they are fed: SSL_CTX_set_read_ahead(3). */
export function readsAhead(context: SslContext): boolean {
  return ahead.has(context)
}

/** One SSL_CTX: what its Ssl objects have in common. Made by `OpenSSL.createContext`. */
export class SslContext {
  readonly openssl: LibraryIdentity
  readonly side: 'client' | 'server'
  readonly #native: NativeSslContext

  /** Made by `OpenSSL.createContext` only. */
  constructor(openssl: LibraryIdentity, library: NativeLibrary, options: CheckedContextOptions) {
    this.openssl = openssl
    this.side = options.side
    this.#native = library.createContext(options.side === 'server')
    if (options.readAhead === true) ahead.add(this)
    registerContext(this, this.#native)
    try {
      configure(this.#native, options)
    } catch (error) {
      this.#native.free()
      throw error
    }
  }

  /** SSL_CTX_get_quiet_shutdown(3). Throws ERR_OPENSSL_FREED after free(). */
  getQuietShutdown(): boolean {
    return this.#native.getQuietShutdown()
  }

  /**
   * SSL_CTX_set_quiet_shutdown(3): for the Ssl objects that are made from now on.
   *
   * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT; ERR_OPENSSL_FREED
   */
  setQuietShutdown(quiet: boolean): void {
    this.#native.setQuietShutdown(checkBoolean('quiet', quiet))
  }

  /**
   * SSL_CTX_set_keylog_callback(3): from now on all Ssl objects of the context, those that exist included, record 'keylog'
   * events, as with its option `keylog`. A second call changes nothing.
   *
   * @throws ClosureError ERR_OPENSSL_FREED
   */
  recordKeylog(): void {
    this.#native.recordKeylog()
  }

  /**
   * An SSL without a socket: SSL_new(3), with SSL_set_connect_state(3) or SSL_set_accept_state(3) by the context's
   * side. Nothing is sent yet: doHandshake(), read() and write() begin the handshake.
   *
   * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT, also for a session of another library; ERR_OPENSSL_FREED;
   * ERR_OPENSSL_STATE for a session of a server's; ERR_OPENSSL_UNSUPPORTED_CALL; ERR_OPENSSL_CALL_FAILED
   */
  createSsl(options?: SslOptions): Ssl {
    const { servername, verifyHost, session, trace, maxOutput } = checkSslOptions(options, this.openssl)
    const native = this.#native.createSsl()
    const demand = (call: string, value: number): void => {
      if (value !== 1) throw callFailed(call, native.takeQueue())
    }
    try {
      if (servername !== undefined) demand('SSL_set_tlsext_host_name', native.setServername(servername))
      if (verifyHost !== undefined) demand('SSL_set1_host', native.setVerifyHost(verifyHost))
      if (session !== undefined) demand('SSL_set_session', native.setSession(session))
      if (trace) native.recordMessages()
      if (maxOutput !== undefined) native.setOutputLimit(maxOutput)
    } catch (error) {
      native.free()
      throw error
    }
    return new Ssl(this, native)
  }

  /**
   * SSL_CTX_free(3). The Ssl objects made of it live on, for they count as users of it. Twice is harmless; every other
   * call afterwards throws ERR_OPENSSL_FREED. What is never freed goes with the garbage.
   */
  free(): void {
    this.#native.free()
  }

  /** {@link SslContext.free}, for `using`. */
  [Symbol.dispose](): void {
    this.free()
  }
}

function configure(native: NativeSslContext, options: CheckedContextOptions): void {
  const demand = (call: string, value: number): void => {
    if (value !== 1) throw callFailed(call, native.takeQueue())
  }
  const { cert, key, ca, verify, minVersion, maxVersion, ciphers, ciphersuites, groups, alpn, tickets } = options
  if (cert !== undefined) demand('SSL_CTX_use_certificate', native.useCertificateChain(cert))
  if (key !== undefined) demand('SSL_CTX_use_PrivateKey', native.usePrivateKey(key, options.passphrase))
  if (cert !== undefined && key !== undefined) demand('SSL_CTX_check_private_key', native.checkPrivateKey())
  if (ca !== undefined) demand('X509_STORE_add_cert', native.addTrusted(ca))
  if (options.defaultVerifyPaths) demand('SSL_CTX_set_default_verify_paths', native.setDefaultVerifyPaths())
  if (verify !== undefined) native.setVerify(verify.mode, verify.acceptsAll)
  if (minVersion !== undefined) demand('SSL_CTX_set_min_proto_version', native.setMinProtoVersion(minVersion))
  if (maxVersion !== undefined) demand('SSL_CTX_set_max_proto_version', native.setMaxProtoVersion(maxVersion))
  if (ciphers !== undefined) demand('SSL_CTX_set_cipher_list', native.setCipherList(ciphers))
  if (ciphersuites !== undefined) demand('SSL_CTX_set_ciphersuites', native.setCiphersuites(ciphersuites))
  if (groups !== undefined) demand('SSL_CTX_set1_groups_list', native.setGroupsList(groups))
  if (alpn !== undefined) demand('SSL_CTX_set_alpn_protos', native.setAlpn(alpn))
  if (options.sessionCache !== undefined) native.setSessionCacheMode(options.sessionCache)
  if (options.sessionIdContext !== undefined) {
    demand('SSL_CTX_set_session_id_context', native.setSessionIdContext(options.sessionIdContext))
  }
  if (tickets !== undefined) demand('SSL_CTX_set_num_tickets', native.setNumTickets(tickets))
  if (options.options !== 0) native.setOptions(options.options)
  if (options.quietShutdown !== undefined) native.setQuietShutdown(options.quietShutdown)
  if (options.postHandshakeAuth !== undefined) native.setPostHandshakeAuth(options.postHandshakeAuth)
  if (options.readAhead !== undefined) native.setReadAhead(options.readAhead)
  if (options.releaseBuffers) native.setMode(modeReleaseBuffers)
  if (options.keylog) native.recordKeylog()
}
