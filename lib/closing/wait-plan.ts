// The interface between a wait (wait.ts) and whoever plans it for each peer, and hears what came of it: what was seen, or
// that nothing was learnt.
import type { Peer } from './peer.js'

/** The outcome of a wait: an answer, that many ms after waiting would have begun; none; or nothing that tells either. */
export type WaitOutcome =
  | { readonly kind: 'answered'; readonly after: number }
  /** `certain`: the peer's FIN has come, behind which nothing comes; otherwise the time has run out. */
  | { readonly kind: 'unanswered'; readonly certain: boolean }
  | { readonly kind: 'unknown' }

/** A wait for one connection's peer. */
export interface WaitPlan {
  /** ms; 0: the peer's close_notify is not waited for. */
  readonly timeout: number
  /** Is called once, and not at all where nothing was waited for and no answer came. */
  over(outcome: WaitOutcome): void
}

/** Plans waits, in place of a number of ms. Nothing of it throws. */
export interface WaitPlanner {
  /** ms, for the waits that it has not planned, and at most for those that it has. */
  readonly longest: number
  /** `mayBeSkipped`: whether the connection can do without an answer; otherwise it is waited for in full. */
  plan(peer: Peer, mayBeSkipped: boolean): WaitPlan
}
