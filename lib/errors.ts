import { detailOf, type ErrorFacts, sentenceOf } from './error-facts.js'

/**
 * Every code that this package throws or rejects with, and whose doing it is: the caller's, the environment's, or the
 * connection's. One table, so that a code is added in one place.
 */
const codes = {
  /** An argument or option has the wrong type, range or name. */
  ERR_CLOSURE_INVALID_ARGUMENT: 'caller',
  /** The socket is not a TLSSocket. */
  ERR_CLOSURE_NOT_TLS: 'caller',
  /** The handshake is not done yet: wait for 'secureConnect' or 'secureConnection'. */
  ERR_CLOSURE_HANDSHAKE_PENDING: 'caller',
  /** The call came from inside OpenSSL's reading of this very connection: call from setImmediate. */
  ERR_CLOSURE_INSIDE_OPENSSL: 'caller',
  /** A closing of this socket was asked for before. */
  ERR_CLOSURE_IN_PROGRESS: 'caller',
  /** The socket was closed, or ended by Node itself, before the call. */
  ERR_CLOSURE_CLOSED: 'caller',
  /** http or http2 owns the socket: what they write after the alert would vanish. */
  ERR_CLOSURE_OWNED: 'caller',
  /** Node's own handle is beneath TLS, and `keep-open` could not give it back: a Duplex of one's own is needed there. */
  ERR_CLOSURE_NATIVE_TRANSPORT: 'caller',
  /** The target, or the socket, is under a policy already. */
  ERR_CLOSURE_CONTROLLED: 'caller',
  /** A write, or an end() with data, after our close_notify. */
  ERR_WRITE_AFTER_CLOSE_NOTIFY: 'caller',
  /** startTls() or new TlsStream() was called for a stream that has TLS on it. */
  ERR_TLS_ALREADY_STARTED: 'caller',
  /** Something was written to the stream beneath TLS, of startTls() or of a TlsStream: it would have gone out in the clear. */
  ERR_PLAINTEXT_UNDER_TLS: 'caller',
  /** The signal of unwrap() was aborted. */
  ERR_UNWRAP_ABORTED: 'caller',
  /** A context, SSL or session of `close-notify/openssl` was used after its free(). */
  ERR_OPENSSL_FREED: 'caller',
  /** The call does not fit the state of the SSL: receive() after receiveEof(). */
  ERR_OPENSSL_STATE: 'caller',
  /** OpenSSL refused what it was given: a certificate, a cipher list. `detail` holds its error queue as text. */
  ERR_OPENSSL_CALL_FAILED: 'caller',
  /** There is not as much memory as the call needs. */
  ERR_CLOSURE_OUT_OF_MEMORY: 'environment',
  /** The socket was made before this module was loaded. */
  ERR_CLOSURE_UNTRACKED: 'environment',
  /** This runtime has no OpenSSL that can be reached. */
  ERR_CLOSURE_UNSUPPORTED_RUNTIME: 'environment',
  /** The addon could not be loaded. */
  ERR_CLOSURE_LOAD_FAILED: 'environment',
  /** There is no such file, or it is no libssl. */
  ERR_OPENSSL_NOT_A_LIBRARY: 'environment',
  /** The library is made for another processor, or for another word size. */
  ERR_OPENSSL_WRONG_ARCHITECTURE: 'environment',
  /** The library needs a newer glibc than this process has. */
  ERR_OPENSSL_NEEDS_NEWER_GLIBC: 'environment',
  /** The library lacks functions that every call here stands on. */
  ERR_OPENSSL_LACKS_FUNCTION: 'environment',
  /** The libcrypto that belongs to the libssl is not there, or another one was bound. */
  ERR_OPENSSL_LIBCRYPTO: 'environment',
  /** A library of the same SONAME is loaded already: the two would mix. */
  ERR_OPENSSL_SONAME_IN_USE: 'environment',
  /** The system's loader refused the library for another reason. */
  ERR_OPENSSL_LOAD_FAILED: 'environment',
  /** This build lacks the call or the option. */
  ERR_OPENSSL_UNSUPPORTED_CALL: 'environment',
  /** A libssl build that was named, or that a build.json describes, is not there or not as described. */
  ERR_LAB_BUILD: 'environment',
  /** The file that a campaign is to go on with holds something else than its journal. */
  ERR_LAB_NOT_A_JOURNAL: 'caller',
  /** The journal in the file is of a campaign with other settings; `detail` has a line for each that differs. */
  ERR_LAB_JOURNAL_DIFFERS: 'caller',
  /** Another process, or another part of this one, writes the journal. */
  ERR_LAB_JOURNAL_IN_USE: 'environment',
  /** A file of scenarios cannot be read, or is not of the form of docs/compare.md. */
  ERR_LAB_SCENARIO: 'caller',
  /** The peer's stream ended without its close_notify, and `onTruncation: 'error'` demanded one. */
  ERR_TLS_TRUNCATED: 'connection',
  /** Written data, or our close_notify, did not leave within the flush budget. */
  ERR_CLOSURE_FLUSH_TIMEOUT: 'connection',
  /** A budget of unwrap() ran out before both close_notify had passed. */
  ERR_UNWRAP_TIMEOUT: 'connection',
  /** The connection ended otherwise before both close_notify of an unwrap() had passed. */
  ERR_UNWRAP_FAILED: 'connection',
  /** OpenSSL refused to make the alert; `detail` holds its error queue as text. */
  ERR_CLOSURE_OPENSSL: 'connection',
} as const satisfies Readonly<Record<string, ClosureErrorOrigin>>

/**
 * The code of an error of this package, by which programs tell errors apart.
 * @useDeclaredType
 */
export type ClosureErrorCode = keyof typeof codes

/** Whose doing an error is. */
export type ClosureErrorOrigin = 'caller' | 'environment' | 'connection'

/** Options of the constructor of {@link ClosureError}, beside its code and its message. */
export interface ClosureErrorOptions extends ErrorOptions {
  /** Facts that belong to the error, for people: places tried, OpenSSL's error queue. */
  readonly detail?: readonly string[]
  readonly facts?: ErrorFacts
}

/** The error class of this package; TruncationError extends it. Match on `code`. */
export class ClosureError extends Error {
  readonly code: ClosureErrorCode
  readonly origin: ClosureErrorOrigin
  readonly detail: readonly string[]
  /** The fields that the sentence is made from, for the codes that have them: `error.facts?.code` tells which there are. */
  readonly facts: ErrorFacts | undefined

  constructor(code: ClosureErrorCode, message: string, options: ClosureErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.origin = codes[code]
    this.facts = options.facts
    this.detail = options.detail ?? (options.facts === undefined ? [] : detailOf(options.facts))
  }
}

/** The error of some facts. */
export function errorOf(facts: ErrorFacts, options?: ErrorOptions): ClosureError {
  return new ClosureError(facts.code, sentenceOf(facts), { ...options, facts })
}

// On the prototype, as the errors of the language have it.
Object.defineProperty(ClosureError.prototype, 'name', { value: 'ClosureError', configurable: true, writable: true })

/** Whether a text is one of our codes. */
export function isClosureErrorCode(code: string): code is ClosureErrorCode {
  return Object.hasOwn(codes, code)
}
