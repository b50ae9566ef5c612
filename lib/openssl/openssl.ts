import type { LibraryRequest, NativeLibrary } from '../native/engine.js'
import type { LibraryKind } from '../tls/libraries.js'
import { checkOptionalCall, type OptionalCall } from './calls.js'
import { SslContext } from './context.js'
import { checkContextOptions, type SslContextOptions } from './context-options.js'
import { checkBytes } from '../options.js'
import { callFailed } from './call-failed.js'
import { SslSession } from './session.js'

/**
 * One libssl with its libcrypto. Its objects are made for it alone: what belongs to another library is refused.
 *
 * Nothing here blocks but what OpenSSL computes, and no JavaScript runs inside OpenSSL.
 */
export class OpenSSL {
  /** The kind of library, told by functions that only one of them has. */
  readonly kind: LibraryKind
  /** OpenSSL_version(3), as it calls itself: 'OpenSSL 3.0.20 …', 'BoringSSL'. */
  readonly version: string
  /**
   * OpenSSL_version_num(3): 0xMNN00PP0 since 3.0, 0xMNNFFPPS before. BoringSSL, LibreSSL and AWS-LC give the version of
   * the OpenSSL whose API they take after.
   */
  readonly versionNumber: number
  /** The real path of libssl; undefined for the process's own. */
  readonly libssl: string | undefined
  /** The real path of libcrypto; undefined for the process's own, and for a libssl that holds it in itself. */
  readonly libcrypto: string | undefined
  /** The calls of this API that this build lacks: they throw ERR_OPENSSL_UNSUPPORTED_CALL. */
  readonly lacking: readonly string[]

  readonly #native: NativeLibrary

  /** Made by `loadOpenSSL` only. */
  constructor(native: NativeLibrary, files: LibraryRequest | undefined) {
    this.#native = native
    this.kind = native.kind
    this.version = native.version
    this.versionNumber = native.versionNumber
    this.libssl = files?.libssl
    this.libcrypto = files?.libcrypto === '' ? undefined : files?.libcrypto
    this.lacking = native.lacking
  }

  /**
   * Whether this build has a call that others lack, by OpenSSL's name: `has('SSL_shutdown_ex')`.
   *
   * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT for a name that is not among those that a build may lack
   */
  has(call: OptionalCall): boolean {
    return !this.lacking.includes(checkOptionalCall(call))
  }

  /**
   * SSL_CTX_new(3) and what the options ask for. See {@link SslContextOptions}.
   *
   * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT; ERR_OPENSSL_UNSUPPORTED_CALL for what this build lacks;
   * ERR_OPENSSL_CALL_FAILED where OpenSSL refuses one, with its error queue in `detail`
   */
  createContext(options: SslContextOptions): SslContext {
    return new SslContext(this, this.#native, checkContextOptions(options, this))
  }

  /**
   * A session from what {@link SslSession.toBuffer} gave, of this process or another one. OpenSSL: d2i_SSL_SESSION(3).
   *
   * @throws ClosureError ERR_OPENSSL_CALL_FAILED for bytes that are no session; ERR_CLOSURE_INVALID_ARGUMENT
   */
  sessionFrom(der: Uint8Array): SslSession {
    const native = this.#native.sessionFrom(checkBytes('der', der))
    if (native === null) throw callFailed('d2i_SSL_SESSION', this.#native.takeQueue())
    return new SslSession(this, native)
  }
}
