// The options of Closure's calls: their types, and the tables that check them.
import type { ClosingOptions } from '../closing/options.js'
import { ClosureError } from '../errors.js'
import { checkAll, choiceOf, choiceOrNone, countOf, milliseconds, type OptionRules, signalOption } from '../options.js'
import { type LearnedWaiting, learnedOr } from '../learned/learned-waiting.js'
import type { Afterwards, ClosureMode, OnData } from '../report/facts.js'
import type { Owner } from './http-internals.js'

/** Options of {@link Closure.closeNotify} and {@link Closure.flush}. Unknown keys are refused by name. */
export interface FlushOptions {
  /**
   * Budget in ms, from the call on, for everything written before and our close_notify to reach the kernel. When it
   * runs out closeNotify() and flush() reject; shutdown() destroys the socket, and the report counts what was not
   * delivered.
   * @default 3000
   */
  readonly flushTimeout?: number
}

/** The options of waiting for the peer's close_notify, which shutdown() and policies share. */
export interface WaitOptions extends DiscardOptions {
  /**
   * Budget in ms, from our close_notify on, for the peer's. Only for `bidirectional`. Under a policy it counts
   * from when the peer's TCP last took some of what stands before our close_notify; it is looked at often, and an eighth
   * of the budget may be added. {@link learnedWaiting} makes one that fits each peer.
   * @default 3000
   */
  readonly waitTimeout?: number | LearnedWaiting
}

/** What bounds the data that comes while our side closes. */
export interface DiscardOptions {
  /**
   * Bytes of application data that are read and dropped in place of the reader; one more destroys the socket. Data is
   * dropped under `onData: 'discard'`, and under a policy on the sockets whose reader would act on it: a server's of http
   * from the closing on, those of http2, client's and server's, while a `bidirectional` closing waits.
   * @default 1048576
   */
  readonly maxDiscardBytes?: number
}

/** Options of {@link Closure.shutdown}. Unknown keys are refused by name. */
export interface ShutdownOptions extends FlushOptions, WaitOptions {
  /**
   * How our side ends TLS.
   * @default 'unidirectional'
   */
  readonly mode?: ClosureMode
  /**
   * `deliver` hands data that still arrives to the socket's reader; a reader that stalls ends the wait. `discard` reads
   * by itself, within `maxDiscardBytes`. `fail` ends the wait at the first byte. On the socket of an http server and on
   * one of http2 the default is `discard`, and `deliver` is refused: it would run requests that come after the response
   * that closed the connection.
   * @default 'deliver'
   */
  readonly onData?: OnData
  /**
   * `fin` ends TCP; `keep-open` leaves it open, for a protocol that goes on in the clear. Refused on sockets that http
   * or http2 owns, and unless the TLSSocket was made over a Duplex of the program's own.
   * @default 'fin'
   */
  readonly afterwards?: Afterwards
  /** Ends the closing early: the socket is destroyed and the promise resolves with a report whose verdict says so. */
  readonly signal?: AbortSignal
}

export const modeOption = choiceOf(['quiet', 'unidirectional', 'bidirectional'], 'unidirectional')

export const flushRules = { flushTimeout: milliseconds(3000) } satisfies OptionRules<FlushOptions>

export const discardRules = {
  maxDiscardBytes: countOf('bytes', 1024 * 1024),
} satisfies OptionRules<DiscardOptions>

export const fixedWait = milliseconds(3000)

export const waitRules = {
  waitTimeout: learnedOr(fixedWait),
  ...discardRules,
} satisfies OptionRules<WaitOptions>

export const shutdownRules = {
  mode: modeOption,
  ...flushRules,
  ...waitRules,
  // The default depends on who owns the socket.
  onData: choiceOrNone(['deliver', 'discard', 'fail'], 'deliver'),
  afterwards: choiceOf(['fin', 'keep-open'], 'fin'),
  signal: signalOption,
} satisfies OptionRules<ShutdownOptions>

/** The options of shutdown() on a socket with that owner, checked and complete. */
export function checkShutdownOptions(options: ShutdownOptions | undefined, owner: Owner): ClosingOptions {
  const checked = checkAll(shutdownRules, options)
  if (checked.onData === 'deliver' && (owner === 'http-server' || owner === 'http2')) {
    const message = `onData: 'deliver' is refused on a socket that ${owner} owns: it would go on to act on requests`
    throw new ClosureError('ERR_CLOSURE_OWNED', message)
  }
  return { ...checked, flushBudget: 'once', waitingRoom: undefined }
}

/** The flush budget of closeNotify() and flush(), in ms. */
export function checkFlushTimeout(options: FlushOptions | undefined): number {
  return checkAll(flushRules, options).flushTimeout
}
