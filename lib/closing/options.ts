import type { Afterwards, ClosureMode, OnData } from '../report/facts.js'
import type { WaitPlanner } from './wait-plan.js'
import type { WaitingRoom } from './waiting-room.js'

/** The options of a closing, checked and complete. */
export interface ClosingOptions {
  readonly mode: ClosureMode
  /** Whether budgets run once, or count from when some of the output last left. */
  readonly flushBudget: 'once' | 'while-stalled'
  /** ms, for what was written before and for close_notify; then once more for FIN. */
  readonly flushTimeout: number
  /** ms, for the peer's close_notify, or who plans them. */
  readonly waitTimeout: number | WaitPlanner
  readonly maxDiscardBytes: number
  /** Undefined: `deliver`, or `discard` where the reader would act on what it is given. */
  readonly onData: OnData | undefined
  readonly afterwards: Afterwards
  readonly signal: AbortSignal | undefined
  readonly waitingRoom: WaitingRoom | undefined
}
