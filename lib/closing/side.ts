// The interface between the machine that closes and the connection that it closes.
import type { ClosureMode, EndedBy } from '../report/facts.js'
import type { Peer } from './peer.js'

/**
 * How far the output has got.
 *
 * - `pending`: some of it is in our buffers, or nothing proves that it is not.
 * - `taken`: the kernel has all of it.
 * - `given`: TCP was given all of it on a connection that the kernel has closed since, or before: taken or refused.
 * - `gone`: TLS has been freed, and its output with it.
 */
export type Progress = 'pending' | 'taken' | 'given' | 'gone'

/**
 * Whether close_notify can be written: now; later, because OpenSSL is in a handshake; or no more, because it is written
 * already, TLS has been freed, or the peer's RST has come.
 */
export type AlertReadiness = 'ready' | 'later' | 'never'

/** How the peer has ended TLS, or else TCP. */
export type PeerAct = 'close_notify' | 'fatal-alert' | 'fin' | 'reset'

/**
 * Our side of one TLS connection, as the machine sees it. An adapter moves bytes and calls OpenSSL; it decides nothing,
 * and keeps no time. Each method may be called in any state, and does nothing where there is nothing to do.
 */
export interface ClosingSide {
  // --- What has drained ---

  /** Makes a closing the connection's own: it hears what happens from now on, and its facts go into the report. */
  begin(closing: BegunClosing): void
  /**
   * Stops FIN, in the caller's stack. The function that it returns is called once, from a stack of its own. `drained` is
   * called once everything that was written before has been given to TLS: in the caller's stack, in that of the function
   * or in any other one.
   */
  startDraining(drained: () => void): () => void

  // --- Write the alert ---

  alertReadiness(): AlertReadiness
  /**
   * Calls SSL_shutdown once. Behind data the alert must not be held back by Nagle's algorithm.
   *
   * @throws ClosureError ERR_CLOSURE_OPENSSL when OpenSSL refuses
   */
  writeCloseNotify(leaves: 'alone' | 'behind-data' | 'with-fin'): void
  /** Calls SSL_shutdown under SSL_set_quiet_shutdown, so that nothing is sent; OpenSSL reads on. */
  closeQuietly(): void
  /** Whether an alert that is written now leaves with FIN: nothing waits before it, and OpenSSL may be called. */
  canCloseAtOnce(): boolean

  // --- What has left ---

  /** Moves TLS's output on, and returns how far it has got. */
  flush(): Progress
  /** A number that changes as long as some of what was written leaves. */
  outputLeft(): number
  /** Whether the peer's TCP is known to have acknowledged all that was written: nothing is under way. */
  isAllAcknowledged(): boolean
  /** Whether the transport queues some of what it was given. */
  isQueueing(): boolean

  // --- What came ---

  /** The act of the peer's that has ended the connection, so far. */
  peerEnd(): 'alert' | 'tcp-end' | undefined
  /** The same, told apart. */
  peerAct(): PeerAct | undefined
  /** Whom the connection is with. */
  peer(): Peer
  /** Whether the connection's reader may be given data that still comes: a server of http would act on it. */
  mayDeliver(): boolean
  /** Takes the reading from a reader that must not be given anything more; false where there is none such. */
  takeReading(): boolean
  /** Reads, also where the reader has stopped the reading. */
  startReading(): void
  /** Whether data that came, or that waits in the kernel, is not read by its reader. */
  isReaderStalled(): boolean
  /** Lets the stream come to its end, where nobody reads it any more. */
  readToEnd(): void

  // --- End the transport, or destroy it ---

  /** Sends FIN; `taken` is called when TCP has taken or refused it, which can be at once. */
  endTransport(taken: () => void): void
  /** Leaves the transport open, to the program: a FIN that it has asked for meanwhile goes. */
  leaveTransport(): void
  isDestroyed(): boolean
  destroy(): void
}

/** A closing as the connection knows it: it is told what happens, and it is asked for its facts. */
export interface BegunClosing {
  /** When the closing began, in ms of performance.now(). */
  readonly startedAt: number
  /** The mode that was asked for. */
  readonly mode: ClosureMode
  readonly endedBy: EndedBy | undefined
  readonly discardedBytes: number
  /** Whether the waiting room was full. */
  readonly waitRefused: boolean
  /** ms that it waited for the peer's close_notify, or has waited so far; undefined where it did not. */
  readonly waited: number | undefined
  /** ms that were planned for the peer; undefined where a number of the program's counted, or nothing was waited for. */
  readonly learnedWait: number | undefined

  /** Data is about to reach the reader; true keeps it from there. */
  dataCame(bytes: number): boolean
  /** The peer's alert has come, or its direction of TCP has ended. */
  peerEnded(): void
  /** TLS has failed in both directions, and leaves TCP open: nothing more can come. */
  tlsFailed(): void
  /** FIN has been given to TCP. */
  finGiven(): void
  /** TCP has taken FIN, or refused it. */
  finCompleted(): void
  /** The connection is being destroyed; the evidence is complete. */
  destroyed(): void
  /** Destroys the connection, for that reason, unless something else has ended the closing before it was done. */
  giveUp(reason: EndedBy): void
}
