import { errorOf } from '../errors.js'
import { invalid } from '../options.js'
import type { NativeSession } from '../native/engine.js'
import type { LibraryIdentity } from './identity.js'

/**
 * An SSL_SESSION: what resumes a connection. OpenSSL counts its users, so it outlives the Ssl that it came from. Made
 * by `Ssl.getSession` and `OpenSSL.sessionFrom`.
 */
export class SslSession {
  readonly openssl: LibraryIdentity
  readonly #native: NativeSession

  /** Made by `Ssl.getSession` and `OpenSSL.sessionFrom` only. */
  constructor(openssl: LibraryIdentity, native: NativeSession) {
    this.openssl = openssl
    this.#native = native
  }

  /**
   * Whether a later connection can be resumed with it: SSL_SESSION_is_resumable(3). OpenSSL makes a session unusable
   * when its connection ended without a close_notify and something was wrong; the builds differ in when.
   *
   * @throws ClosureError ERR_OPENSSL_FREED; ERR_OPENSSL_UNSUPPORTED_CALL
   */
  isResumable(): boolean {
    return this.#native.isResumable()
  }

  /** Its ASN.1 form, a Buffer of the caller's own: i2d_SSL_SESSION(3). Holds the session's secrets. */
  toBuffer(): Buffer {
    return Buffer.from(this.#native.toBytes())
  }

  /** Gives it back: SSL_SESSION_free(3). Twice is harmless; every other call afterwards throws ERR_OPENSSL_FREED. */
  free(): void {
    this.#native.free()
  }

  /** {@link SslSession.free}, for `using`. */
  [Symbol.dispose](): void {
    this.free()
  }

  /** The addon's object of a session; refused where it is of another library. */
  static native(session: unknown, openssl: LibraryIdentity): NativeSession {
    if (typeof session !== 'object' || session === null || !(#native in session)) {
      throw invalid('session', 'an SslSession', session)
    }
    if (session.openssl !== openssl) {
      const [ours, theirs] = [openssl.version, session.openssl.version]
      const facts = { expected: `one of ${ours}`, received: `one of ${theirs}: libraries never mix` }
      throw errorOf({ code: 'ERR_CLOSURE_INVALID_ARGUMENT', name: 'session', ...facts })
    }
    return session.#native
  }
}
