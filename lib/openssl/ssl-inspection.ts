import { checkBoolean, checkBytes, checkCount, checkText, invalid } from '../options.js'
import type { NativeSsl } from '../native/engine.js'
import type { ContextIdentity } from './identity.js'
import { type SslVerifyMode, verifyOf } from './context-options.js'
import { callFailed } from './call-failed.js'
import { SslSession } from './session.js'

/** X509_V_OK is code 0; the others: X509_STORE_CTX_get_error(3). */
export interface VerifyResult {
  readonly code: number
  /** X509_verify_cert_error_string(3): 'ok', 'self-signed certificate', 'hostname mismatch' */
  readonly text: string
}

/**
 * The questions to an SSL, and the settings in it, that do not move it: nothing here reads or writes a record. Each is one call
 * of OpenSSL, can be made at any time, and throws ERR_OPENSSL_FREED after free(). What the handshake has not brought
 * yet is undefined.
 */
export class SslInspection {
  readonly context: ContextIdentity
  readonly #native: NativeSsl

  constructor(context: ContextIdentity, native: NativeSsl) {
    this.context = context
    this.#native = native
  }

  /**
   * SSL_get_shutdown(3): a mask of 1 (SSL_SENT_SHUTDOWN) and 2 (SSL_RECEIVED_SHUTDOWN). Flags, not evidence: quiet
   * shutdown, a fatal alert, an ignored EOF and setShutdown() set them without any close_notify.
   */
  getShutdown(): number {
    return this.#native.getShutdown()
  }

  /**
   * SSL_set_shutdown(3): overwrites the mask, 0 to 3. Nothing is sent. Clearing the received flag lets reading go on;
   * since OpenSSL 3.2, in TLS 1.3, it stays at its end.
   *
   * @throws ClosureError ERR_OPENSSL_STATE where it would clear a flag on BoringSSL or AWS-LC, which can only set them;
   * ERR_CLOSURE_INVALID_ARGUMENT
   */
  setShutdown(mask: number): void {
    if (checkCount('mask', 'flags', mask, 0) > 3 || mask === undefined) throw invalid('mask', 'a mask of 0 to 3', mask)
    this.#native.setShutdown(mask)
  }

  /** SSL_get_quiet_shutdown(3) */
  getQuietShutdown(): boolean {
    return this.#native.getQuietShutdown()
  }

  /**
   * SSL_set_quiet_shutdown(3): shutdown() then sets both flags and sends nothing, and reading ends.
   *
   * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT
   */
  setQuietShutdown(quiet: boolean): void {
    this.#native.setQuietShutdown(checkBoolean('quiet', quiet))
  }

  /**
   * SSL_set_verify(3): whether the peer is verified from now on, as the context's `verify`. A server that is to ask for
   * a certificate after the handshake needs 'peer' or 'require' by then.
   *
   * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT
   */
  setVerify(verify: SslVerifyMode): void {
    const { mode, acceptsAll } = verifyOf(verify)
    this.#native.setVerify(mode, acceptsAll)
  }

  /** SSL_get_verify_mode(3): 'peer' for 'report' too, which differs in its callback alone. */
  getVerifyMode(): 'none' | 'peer' | 'require' {
    const mode = this.#native.getVerifyMode()
    if ((mode & 1) === 0) return 'none'
    return (mode & 2) === 0 ? 'peer' : 'require'
  }

  /** SSL_pending(3): bytes of the current record that are decrypted and not read yet. */
  pending(): number {
    return this.#native.pending()
  }

  /**
   * SSL_has_pending(3): whether OpenSSL holds anything of the peer, decrypted or not.
   *
   * @throws ClosureError ERR_OPENSSL_UNSUPPORTED_CALL
   */
  hasPending(): boolean {
    return this.#native.hasPending()
  }

  /** SSL_in_init(3): whether a handshake is under way, or none has begun. */
  inInit(): boolean {
    return this.#native.inInit()
  }

  /**
   * SSL_renegotiate_pending(3): whether a new handshake was asked for, by renegotiate() or by the peer, and is not done.
   * Always false in TLS 1.3.
   *
   * @see RFC 5246 section 7.4.1.1
   */
  renegotiatePending(): boolean {
    return this.#native.renegotiatePending()
  }

  /** SSL_state_string_long(3): where the handshake is, in OpenSSL's words. They differ between builds. */
  getStateString(): string {
    return this.#native.getStateString()
  }

  /**
   * SSL_rstate_string(3): 'RH' while a record's header is awaited, 'RB' within its body. At an EOF it tells whether a
   * record was cut.
   *
   * @throws ClosureError ERR_OPENSSL_UNSUPPORTED_CALL
   */
  getRecordState(): string {
    return this.#native.getRecordState()
  }

  /** SSL_get_version(3): 'TLSv1.2', 'TLSv1.3'. Before the handshake what OpenSSL calls it then. */
  getVersion(): string {
    return this.#native.getVersion()
  }

  /** SSL_get_current_cipher(3), SSL_CIPHER_get_name(3) */
  getCipher(): string | undefined {
    return this.#native.getCipher()
  }

  /** SSL_get0_alpn_selected(3), RFC 7301 */
  getAlpn(): string | undefined {
    return this.#native.getAlpn()
  }

  /** SSL_get_servername(3): the name that the client asked for (SNI). Builds differ in what a resumed session keeps. */
  getServername(): string | undefined {
    return this.#native.getServername()
  }

  /**
   * SSL_get_verify_result(3): 0, which is 'ok', also where nothing was verified because there was no certificate. Under
   * `verify: 'none'` a client's chain is verified all the same, and this is where it is told.
   */
  getVerifyResult(): VerifyResult {
    return this.#native.getVerifyResult()
  }

  /** SSL_get1_peer_certificate(3), i2d_X509(3): DER, a Buffer of the caller's own. */
  getPeerCertificate(): Buffer | undefined {
    const certificate = this.#native.getPeerCertificate()
    return certificate === undefined ? undefined : Buffer.from(certificate)
  }

  /**
   * SSL_get_peer_cert_chain(3), i2d_X509(3): the certificates that the peer has sent, as DER, its own first, on either side.
   * A session that was resumed may have kept that one alone.
   */
  getPeerChain(): Buffer[] {
    return this.#native.getPeerChain().map((der) => Buffer.from(der))
  }

  /**
   * X509_STORE_CTX_get1_issuer(3): of the certificates that are trusted, as DER, the one that has issued the last of
   * getPeerChain(), then its issuer, up to one that has issued itself. Nothing is verified by that.
   *
   * @throws ClosureError ERR_OPENSSL_UNSUPPORTED_CALL
   */
  getTrustedIssuers(): Buffer[] {
    return this.#native.getTrustedIssuers().map((der) => Buffer.from(der))
  }

  /** SSL_get_certificate(3), i2d_X509(3): our own certificate, as DER. */
  getCertificate(): Buffer | undefined {
    const certificate = this.#native.getCertificate()
    return certificate === undefined ? undefined : Buffer.from(certificate)
  }

  /**
   * SSL_export_keying_material(3): bytes that both sides can derive and nobody else. RFC 5705, RFC 8446 section 7.5. In
   * TLS 1.2 no context and an empty one differ.
   *
   * @throws ClosureError ERR_OPENSSL_STATE before the handshake has brought the keys: in TLS 1.2 until it is done, also
   * where it is done again, and after a fatal error; ERR_OPENSSL_CALL_FAILED; ERR_CLOSURE_INVALID_ARGUMENT
   */
  exportKeyingMaterial(length: number, label: string, context?: Uint8Array): Buffer {
    if (checkCount('length', 'bytes', length, 0) < 1 || length > maxExported) {
      throw invalid('length', `1 to ${maxExported} bytes`, length)
    }
    checkText('label', label)
    if (context !== undefined) checkBytes('context', context)
    const material = this.#native.exportKeyingMaterial(length, label, context)
    if (material === undefined) throw callFailed('SSL_export_keying_material', this.#native.takeQueue())
    return Buffer.from(material)
  }

  /** SSL_session_reused(3): whether the handshake resumed a session. */
  sessionReused(): boolean {
    return this.#native.sessionReused()
  }

  /**
   * SSL_get1_session(3): the session as it is now; undefined before there is one. In TLS 1.3 one that can be resumed
   * comes with a ticket, after the handshake: read until 'new_session' is among the events. (BoringSSL hands those of
   * TLS 1.3 to a callback alone: there the event's `der` has it, and isResumable() of what this gives stays false.) A
   * new object at every call, which lives on after this Ssl is freed.
   */
  getSession(): SslSession | undefined {
    const session = this.#native.getSession()
    return session === undefined ? undefined : new SslSession(this.context.openssl, session)
  }
}

// 255 blocks of HMAC-SHA256 are the most that TLS 1.3 can give: RFC 5869 section 2.3.
const maxExported = 8160
