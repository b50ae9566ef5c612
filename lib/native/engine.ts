// The engine's part of the addon, typed. lib/native/addon.ts loads it; nothing but lib/openssl uses it.
import type { LibraryKind } from '../tls/libraries.js'
import type { QueuedError } from '../tls/ssl-result.js'

/** Where the addon writes what a call left behind, and reads of which SSL the next one is: indexes of the status block. */
export const statusIndex = {
  /** SSL_get_error(3), by number; none of an SSL_shutdown(3) that gave 0, which has not failed. */
  error: 0,
  /** Entries of OpenSSL's error queue, kept until takeQueue() or the next call. */
  queue: 1,
  /** Bytes in the output slab, of transmit(), pump() and shutdownAndTransmit(). */
  output: 2,
  /** Bytes in the plaintext slab, of read(), peek() and pump(). */
  plaintext: 3,
  /** Bytes that OpenSSL has written and that did not fit into the output slab: transmit() gives them. */
  outputPending: 4,
  /** The return value of OpenSSL's function. */
  value: 5,
  /** The id of the SSL that the next of the {@link SslCalls} is of. */
  ssl: 6,
  /** Events that wait for takeEvents(). */
  events: 7,
  /** Bytes that were fed and that OpenSSL has not consumed. */
  inputPending: 8,
} as const

/** Memory that the addon and this thread share. Shared buffers, because those cannot be detached under the addon. */
export interface Slabs {
  readonly status: Int32Array
  readonly output: Uint8Array
  readonly plaintext: Uint8Array
}

/** An event of one of OpenSSL's callbacks; `at` is on the addon's clock. */
export type NativeEvent =
  | (NativeMessage & { readonly kind: 'alert'; readonly level: number; readonly code: number })
  | (NativeMessage & { readonly kind: 'handshake' | 'change_cipher_spec'; readonly bytes: Uint8Array })
  | { readonly kind: 'keylog'; readonly line: string; readonly at: number }
  | { readonly kind: 'new_session'; readonly der?: Uint8Array; readonly at: number }

interface NativeMessage {
  readonly sent: boolean
  /** As the message callback gives it. */
  readonly version: number
  /** From the header of the last record in that direction; 0 before the first. */
  readonly recordVersion: number
  readonly at: number
}

/** Why a library was not opened. The fields that a kind of failure does not have are empty. */
export interface LoadFailure {
  readonly failure:
    | 'soname-in-use'
    | 'libcrypto'
    | 'libssl'
    | 'wrong-libcrypto'
    | 'lacks-function'
    | 'unsupported-system'
  readonly message: string
  readonly library: string
  readonly soname: string
  readonly holder: string
  readonly functions: readonly string[]
}

/** Real paths and SONAMEs, as read from the files; the process's own library has none. */
export interface LibraryRequest {
  readonly libssl: string
  readonly libsslSoname: string
  /** Empty for a libssl that holds libcrypto in itself. */
  readonly libcrypto: string
  readonly libcryptoSoname: string
}

export interface NativeLibrary {
  readonly kind: LibraryKind
  /** OpenSSL_version(OPENSSL_VERSION) */
  readonly version: string
  /** OpenSSL_version_num() */
  readonly versionNumber: number
  /** Functions that the engine knows and this build lacks. */
  readonly lacking: readonly string[]
  createContext(isServer: boolean): NativeSslContext
  /** d2i_SSL_SESSION(3); null where the bytes are no session, its error queue in takeQueue(). */
  sessionFrom(bytes: Uint8Array): NativeSession | null
  takeQueue(): QueuedError[]
}

/**
 * One SSL_CTX. A method is one call of OpenSSL and gives what that returns, 1 being success; the error queue is kept
 * for takeQueue(). A call that the build lacks throws ERR_OPENSSL_UNSUPPORTED_CALL, any call after free()
 * ERR_OPENSSL_FREED.
 */
export interface NativeSslContext {
  /** The first certificate of the PEM is the leaf, the others its chain. */
  useCertificateChain(pem: Uint8Array): number
  usePrivateKey(pem: Uint8Array, passphrase: string | undefined): number
  checkPrivateKey(): number
  /** Every certificate of the PEM is trusted. */
  addTrusted(pem: Uint8Array): number
  setDefaultVerifyPaths(): number
  /** `acceptsAll`: whatever is wrong with a certificate, the handshake goes on. */
  setVerify(mode: number, acceptsAll: boolean): void
  setMinProtoVersion(version: number): number
  setMaxProtoVersion(version: number): number
  setCipherList(list: string): number
  setCiphersuites(list: string): number
  setGroupsList(list: string): number
  /** In wire format: length-prefixed names. On a server the first of ours that the client offers is chosen. */
  setAlpn(wire: Uint8Array): number
  setSessionCacheMode(mode: number): void
  setSessionIdContext(bytes: Uint8Array): number
  setNumTickets(count: number): number
  setOptions(bits: number): void
  setMode(bits: number): void
  setReadAhead(on: boolean): void
  setPostHandshakeAuth(on: boolean): void
  /** From now on SSLs record a keylog event per line. */
  recordKeylog(): void
  getQuietShutdown(): boolean
  setQuietShutdown(quiet: boolean): void
  createSsl(): NativeSsl
  takeQueue(): QueuedError[]
  free(): void
  isFreed(): boolean
}

/**
 * One SSL and what stands in for its socket. A method that returns a number is one call of OpenSSL, and gives what that
 * returned; the status block holds the rest. Errors are thrown as above.
 */
export interface NativeSsl {
  /** For {@link SslCalls}; its own for as long as this object lives. */
  readonly id: number

  doHandshake(): number
  /** At most `length` bytes into the plaintext slab. */
  peek(length: number): number
  shutdownEx(flags: number): number
  keyUpdate(type: number): number
  renegotiate(): number
  verifyClientPostHandshake(): number

  receiveEof(): void
  inputPending(): number
  outputPending(): number
  /** SSL_write and others see WANT_WRITE when that many bytes wait in the output. */
  setOutputLimit(bytes: number): void

  getShutdown(): number
  /** Throws ERR_OPENSSL_STATE where it would clear a flag and the build forbids that (BoringSSL asserts). */
  setShutdown(mask: number): void
  getQuietShutdown(): boolean
  setQuietShutdown(quiet: boolean): void
  pending(): number
  hasPending(): boolean
  inInit(): boolean
  renegotiatePending(): boolean
  getVersion(): string
  getStateString(): string
  getRecordState(): string
  getCipher(): string | undefined
  getAlpn(): string | undefined
  getServername(): string | undefined
  setServername(name: string): number
  setVerifyHost(name: string): number
  setVerify(mode: number, acceptsAll: boolean): void
  getVerifyMode(): number
  getVerifyResult(): { readonly code: number; readonly text: string }
  /** DER. */
  getPeerCertificate(): Uint8Array | undefined
  /** DER, the peer's own first. */
  getPeerChain(): Uint8Array[]
  /** DER, from the issuer of the last of that chain on. */
  getTrustedIssuers(): Uint8Array[]
  /** DER, of our own. */
  getCertificate(): Uint8Array | undefined
  /** Throws ERR_OPENSSL_STATE before the handshake has brought the keys; undefined where OpenSSL refuses. */
  exportKeyingMaterial(length: number, label: string, context: Uint8Array | undefined): Uint8Array | undefined
  sessionReused(): boolean
  /** SSL_get1_session(3) */
  getSession(): NativeSession | undefined
  /** Throws ERR_OPENSSL_STATE once the handshake has begun, and for a server. */
  setSession(session: NativeSession): number

  /** Throws ERR_OPENSSL_STATE once the handshake has begun, and for a client. */
  holdClientHello(): void
  /** While the ClientHello waits for its answer: the bodies of two extensions as the client has sent them. */
  getClientHello(): { readonly serverName?: Uint8Array; readonly alpn?: Uint8Array } | undefined
  /** Throws ERR_OPENSSL_STATE unless it waits. An empty `alpn` refuses what the client offers. */
  answerClientHello(context: NativeSslContext | undefined, alpn: Uint8Array | undefined): number

  /** From now on handshake messages and change_cipher_spec are recorded too; alerts always are. */
  recordMessages(): void
  /** Whether a client's sessions of TLS 1.3 are recorded: true before. */
  tellTickets(tell: boolean): void
  takeEvents(): NativeEvent[]
  /** Events that were not kept, because nobody took those before. */
  eventsDropped(): number
  takeQueue(): QueuedError[]
  free(): void
  isFreed(): boolean
}

/**
 * The calls that a connection makes over and over, of the SSL whose id stands in the status block: a call of a method
 * takes several times as long, and one that is given the id a little longer. What there is to know, the value too,
 * stands there as well. Errors are thrown as by the methods.
 */
export interface SslCalls {
  /** At most `length` bytes into the plaintext slab. */
  read(length: number): void
  write(bytes: Uint8Array): void
  shutdown(): void
  /**
   * Feeds the bytes, calls SSL_read until it gives no more or `into` is full, and takes the output. Without `into` the
   * plaintext lies in its slab.
   */
  pump(bytes: Uint8Array | undefined, into?: Uint8Array): void
  /** SSL_write, and the output: in `into`, or in its slab. */
  writeAndTransmit(bytes: Uint8Array, into?: Uint8Array): void
  shutdownAndTransmit(): void
  receive(bytes: Uint8Array): void
  /** Moves output into the slab. */
  transmit(): void
  /** SSL_free_buffers, and 0 where OpenSSL holds something of the peer. */
  freeBuffers(): void
}

/** One SSL_SESSION; counted by OpenSSL, so it outlives the SSL. */
export interface NativeSession {
  isResumable(): boolean
  /** i2d_SSL_SESSION(3) */
  toBytes(): Uint8Array
  free(): void
  isFreed(): boolean
}

/** The engine's part of the addon. */
export interface Engine {
  /** Once per thread, before anything else. */
  setUp(slabs: Slabs): void
  /** Those of setUp(), kept here by lib/openssl: a second copy of it in the thread is to find them. */
  slabs?: Slabs
  readonly calls: SslCalls
  /** Bytes outside of its heap that V8 was told of in this thread, by whomever: what steers the garbage collector. */
  externalMemory(): number
  /** The process's own library. */
  ownLibrary(): NativeLibrary | LoadFailure
  openLibrary(request: LibraryRequest): NativeLibrary | LoadFailure
}
