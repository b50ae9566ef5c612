import type { LibraryKind } from '../tls/libraries.js'

/** A library, as the objects know it that it has made. An {@link OpenSSL} is one. */
export interface LibraryIdentity {
  readonly kind: LibraryKind
  /** OpenSSL_version(3) */
  readonly version: string
  /** OpenSSL_version_num(3) */
  readonly versionNumber: number
  readonly libssl: string | undefined
  readonly libcrypto: string | undefined
  readonly lacking: readonly string[]
}

/** A context, as the Ssl objects know it that it has made. An {@link SslContext} is one. */
export interface ContextIdentity {
  readonly openssl: LibraryIdentity
  readonly side: 'client' | 'server'
}
