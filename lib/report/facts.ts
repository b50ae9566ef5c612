import type { Alert } from '../tls/alerts.js'
import type { SslProtocol } from '../tls/versions.js'

/**
 * How our side ends TLS.
 *
 * - `quiet`: nothing is sent; OpenSSL marks both directions closed (`SSL_set_quiet_shutdown`), TCP is closed.
 * - `unidirectional`: our close_notify is sent, the peer's is not waited for.
 * - `bidirectional`: our close_notify is sent and FIN is held until the peer's close_notify arrives, a budget runs
 *   out, or TCP ends.
 *
 * @see RFC 8446 section 6.1, SSL_shutdown(3)
 */
export type ClosureMode = 'quiet' | 'unidirectional' | 'bidirectional'

/** The fate of application data that arrives while we wait for the peer's close_notify. */
export type OnData = 'deliver' | 'discard' | 'fail'

/** The fate of TCP once the TLS part is over: send FIN, or leave it open. */
export type Afterwards = 'fin' | 'keep-open'

/** The fatal alert that ended TLS, as `alerts` has it. */
export interface FatalAlert extends Alert {
  readonly kind: 'fatal-alert'
}

/** The message by which our side ended TLS. */
export type Sent =
  | { readonly kind: 'close_notify'; readonly at: number }
  /** Our close_notify was written by OpenSSL, and nothing proved that it had left our buffers when the socket went. */
  | { readonly kind: 'not-flushed'; readonly at: number }
  | FatalAlert
  | { readonly kind: 'nothing' }
  /** The closure was taken after this direction had been closed: what was sent cannot be known. */
  | { readonly kind: 'unobserved' }

/** The message by which the peer ended TLS. */
export type Received =
  | { readonly kind: 'close_notify'; readonly userCanceledFirst: boolean; readonly at: number }
  | FatalAlert
  | { readonly kind: 'nothing' }
  /** The closure was taken after this direction had been closed: what came cannot be known. */
  | { readonly kind: 'unobserved' }

/** Where in the record layer TCP ended. Absent where OpenSSL cannot tell. */
export type Cut = 'between-records' | 'inside-header' | 'inside-record'

/**
 * How the peer's direction of TCP ended, as far as that had come to our side before it closed. After the peer's close_notify Node
 * ends the stream itself, so that `open` is the usual value there.
 */
export type TcpEnd =
  | { readonly kind: 'fin'; readonly at: number; readonly cut?: Cut }
  | { readonly kind: 'reset'; readonly at: number; readonly code: string }
  | { readonly kind: 'open' }

/** The reason why a closing that this package ran is over. */
export type EndedBy =
  | 'done'
  | 'tcp-end'
  | 'flush-timeout'
  | 'wait-timeout'
  | 'linger-timeout'
  | 'discard-limit'
  | 'unexpected-data'
  | 'reader-stalled'
  | 'destroy'
  | 'signal'
  | 'openssl-error'

/** The facts of a closure: what was seen, without judgement. Times are ms on the clock of `performance.now()`. */
export interface ClosureFacts {
  readonly side: 'client' | 'server'
  /** Absent when the handshake was not completed. */
  readonly protocol?: SslProtocol
  readonly handshake: 'completed' | 'not-completed' | 'untracked'
  /** The mode that this package was asked for; `uncontrolled` when Node closed the socket by itself. */
  readonly mode: ClosureMode | 'uncontrolled'
  /** Our side was told to close without an alert: mode `quiet`, or OpenSSL's quiet flag when our FIN was sent. */
  readonly quiet: boolean
  readonly sent: Sent
  readonly received: Received
  readonly tcp: TcpEnd
  /**
   * Whether `bidirectional` did not wait for the peer, because the target's `maxWaiting` closings were waiting.
   */
  readonly waitRefused: boolean
  /** ms that our closing waited for the peer's close_notify, from when ours had left. Absent where it did not wait. */
  readonly waited?: number
  /**
   * ms that `learnedWaiting()` gave the peer for its close_notify; 0: it was not waited for. Absent where a number of the
   * program's counted, and where nothing was to be waited for.
   */
  readonly learnedWait?: number
  /** Whose act of closing (alert, FIN, RST, destroy) was first. A destroy() that meets an end of the peer's is none. */
  readonly began: 'local' | 'peer'
  /** Absent when `mode` is `uncontrolled`. */
  readonly endedBy?: EndedBy
  /** Application data that `onData: 'discard'` dropped. */
  readonly discardedBytes: number
  /**
   * Bytes written to the socket that the kernel had not been given when the socket was destroyed, in whole TLS records:
   * the peer cannot have them. Bytes that the kernel has and the peer has not acknowledged do not count, nor does what
   * http or http2 still hold themselves. Absent where it cannot be known: TLS's output holds parts of several writes, or
   * the system refused a write, as it does behind RST.
   */
  readonly undeliveredBytes?: number
  /** Bytes that followed the peer's close_notify in the same read; Node drops them. */
  readonly surplusBytes: number
  readonly alerts: readonly Alert[]
  /**
   * When the closing began: when our side was told to close, or the first alert, FIN, RST or destroy() was seen,
   * whichever came first. And when this report was made.
   */
  readonly startedAt: number
  readonly endedAt: number
}
