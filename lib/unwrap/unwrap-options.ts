import {
  type DiscardOptions,
  discardRules,
  fixedWait,
  type FlushOptions,
  flushRules,
  shutdownRules,
} from '../closure/shutdown-options.js'
import { type CheckedOptions, choiceOf, type OptionRules } from '../options.js'
import type { OnData } from '../report/facts.js'

/** Options of `unwrap()`: of `startTls()` and of `TlsStream`. Unknown keys are refused by name. */
export interface UnwrapOptions extends FlushOptions, DiscardOptions {
  /**
   * Budget in ms, from our close_notify on, for the peer's: without it there is no way back, so that nothing is learned.
   * @default 3000
   */
  readonly waitTimeout?: number
  /**
   * The end of a budget. `destroy` destroys the connection and rejects. `reject` rejects alone: our close_notify has
   * left or is on its way, the peer's may still come, and nothing is given back; unwrap() again waits for it anew,
   * destroy() ends it, and until then the connection stays, for as long as the peer likes.
   * @default 'destroy'
   */
  readonly onTimeout?: 'destroy' | 'reject'
  /**
   * Data that still arrives between our close_notify and the peer's. `deliver` hands it to the reader of the TLS stream.
   * `discard` reads by itself, within `maxDiscardBytes`. `fail` destroys the connection at the first byte.
   * @default 'deliver'
   */
  readonly onData?: OnData
  /** Destroys the connection, and the promise rejects. */
  readonly signal?: AbortSignal
}

export const unwrapRules = {
  ...flushRules,
  waitTimeout: fixedWait,
  ...discardRules,
  onTimeout: choiceOf(['destroy', 'reject'], 'destroy'),
  onData: shutdownRules.onData,
  signal: shutdownRules.signal,
} satisfies OptionRules<UnwrapOptions>

/** The options of unwrap(), checked and complete. */
export type CheckedUnwrapOptions = CheckedOptions<typeof unwrapRules>
