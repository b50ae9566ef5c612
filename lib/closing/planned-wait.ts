// A wait whose budget somebody plans for each peer, and who hears what came of it: what was seen, or that nothing was
// learnt. The machine asks at the end of its step flush, where waiting would begin.
import type { Peer } from './peer.js'
import type { ClosingSide } from './side.js'
import { whenTaken } from './steps.js'
import { inPacedTurn } from './turns.js'
import type { EndedBy } from '../report/facts.js'

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

/** The wait of one closing. */
export class PlannedWait {
  readonly timeout: number
  readonly #side: ClosingSide
  readonly #plan: WaitPlan
  readonly #longest: number
  readonly #beganAt = performance.now()
  #isOver = false
  #dataCame = false

  constructor(side: ClosingSide, planner: WaitPlanner, mayBeSkipped: boolean) {
    this.#side = side
    this.#longest = planner.longest
    this.#plan = planner.plan(side.peer(), mayBeSkipped)
    this.timeout = this.#plan.timeout
  }

  get isSkipped(): boolean {
    return this.timeout === 0
  }

  /** The peer still sends: how long it takes to answer says nothing of how long it takes now. */
  dataCame(): void {
    this.#dataCame = true
  }

  /** ms that the wait goes on for after its end, because the peer still sends. */
  extension(): number {
    return this.#dataCame ? Math.max(0, Math.ceil(this.#beganAt + this.#longest - performance.now())) : 0
  }

  /** The wait is over. */
  ended(endedBy: EndedBy): void {
    this.#tell(this.#outcome(endedBy))
  }

  /** There was none: the peer is told of as one that was never asked. */
  abandoned(): void {
    this.#tell({ kind: 'unknown' })
  }

  /** The peer has ended its direction although it was not waited for. */
  peerEnded(): void {
    if (this.isSkipped && this.#side.peerAct() === 'close_notify') this.#tell(this.#answered())
  }

  /**
   * Behind a FIN that did not wait: destroys the connection once the peer's TCP has everything, for nobody would close it
   * any more. Not where the peer still sends, or the program still reads.
   */
  leaveSoon(flushTimeout: number): void {
    const side = this.#side
    const lastLook = performance.now() + flushTimeout
    // An answer that has come all the same ends the connection in order.
    const endsOtherwise = () => this.#dataCame || this.#isOver || side.isDestroyed()
    whenTaken(side, { isOver: () => endsOtherwise() || performance.now() > lastLook }, () => {
      inPacedTurn(() => {
        if (!endsOtherwise() && !side.isReaderStalled()) side.destroy()
      })
    })
  }

  #outcome(endedBy: EndedBy): WaitOutcome {
    const act = this.#side.peerAct()
    if (act === 'close_notify') return this.#answered()
    // What ends in the middle of the peer's data, or behind it, is about the data.
    if (this.#dataCame) return { kind: 'unknown' }
    if (endedBy === 'wait-timeout') return { kind: 'unanswered', certain: false }
    return endedBy === 'tcp-end' && act === 'fin' ? { kind: 'unanswered', certain: true } : { kind: 'unknown' }
  }

  #answered(): WaitOutcome {
    return { kind: 'answered', after: performance.now() - this.#beganAt }
  }

  #tell(outcome: WaitOutcome): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#plan.over(outcome)
  }
}
