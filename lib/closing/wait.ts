// The step wait of a closing: the one wait for the peer's close_notify, with its place, its time and what comes of it.
//
// It stands behind our alert, once that has left. The constructor has its time planned, where somebody plans (wait-plan.ts);
// enter() says which of four kinds it is, and begin() is called for the last one alone:
//
//   answered   The peer has closed by then: there is nothing to wait for.
//   skipped    No time was planned for this peer: FIN follows the alert, and leaveSoon() destroys the connection once the
//              peer's TCP has both.
//   refused    The waiting room is full: FIN follows the alert.
//   waiting    It has a place, and its time runs.
//
// What has begun is ended by end() alone, which the closing calls once: the peer has acted, or the closing is over early. That
// its time is over, the wait tells as one of the things that end a closing early; a planned time goes on before that, up to
// the longest one, while the peer still sends. Behind end() no timer runs and no place is taken.
//
// Whoever planned hears the outcome once; of a wait that was skipped only where an answer comes all the same.
import type { EndedBy, OnData } from '../report/facts.js'
import { Budget } from './budget.js'
import type { ClosingOptions } from './options.js'
import type { ClosingSide } from './side.js'
import { type Asked, whenTaken } from './steps.js'
import { inPacedTurn } from './turns.js'
import type { WaitOutcome, WaitPlan } from './wait-plan.js'
import { everybodyWaiting } from './waiting-room.js'

export class Wait {
  /** Whether the waiting room was full. */
  isRefused = false

  readonly #side: ClosingSide
  readonly #options: ClosingOptions
  readonly #asked: Asked | undefined
  readonly #madeAt = performance.now()
  readonly #longest: number
  readonly #plan: WaitPlan | undefined
  #isTold = false
  #hasDataCome = false
  // From begin() on.
  #budget: Budget | undefined
  #onData: OnData = 'deliver'
  #timeIsOver: ((reason: EndedBy) => void) | undefined
  #endedAt: number | undefined

  /** `asked`: undefined where our alert went before this closing, or after the peer's. */
  constructor(side: ClosingSide, options: ClosingOptions, asked: Asked | undefined) {
    const { waitTimeout, afterwards } = options
    this.#side = side
    this.#options = options
    this.#asked = asked
    if (typeof waitTimeout === 'number') this.#longest = waitTimeout
    else {
      this.#longest = waitTimeout.longest
      // Who was not asked by this alert does not answer it. And without an answer there is no way back to plaintext.
      if (asked !== undefined) this.#plan = waitTimeout.plan(side.peer(), afterwards === 'fin')
    }
  }

  /** ms that it took, or has taken so far; undefined where it has not begun. */
  get took(): number | undefined {
    return this.#budget === undefined ? undefined : (this.#endedAt ?? performance.now()) - this.#madeAt
  }

  /** ms that were planned for this peer; undefined where nobody planned. */
  get planned(): number | undefined {
    return this.#plan?.timeout
  }

  get isSkipped(): boolean {
    return this.#plan?.timeout === 0
  }

  /** Takes a place for it; or returns what ends the closing where nothing is to be waited for. */
  enter(): EndedBy | undefined {
    const answer = this.#answer()
    if (answer !== undefined) {
      this.#tellOutcome(answer)
      return answer
    }
    if (this.isSkipped) return 'done'
    if (this.#options.waitingRoom?.enter() === false) {
      this.isRefused = true
      // To whoever planned it is a peer that was never asked.
      this.#tell({ kind: 'unknown' })
      return 'done'
    }
    everybodyWaiting.enter()
    return undefined
  }

  /** Begins it, in the place that it has. `timeIsOver` is called in any stack. */
  begin(onData: OnData, timeIsOver: (reason: EndedBy) => void): void {
    const side = this.#side
    this.#onData = onData
    this.#timeIsOver = timeIsOver
    this.#budget = new Budget(side, this.#options, () => this.#budgetOver())
    if (onData === 'discard') side.startReading()
    this.#budget.start(this.#plan?.timeout ?? this.#longest)
    // What stands before our alert may be on its way to the peer.
    if (this.#asked !== 'alone') this.#budget.watchOutput()
  }

  /** Ends what has begun; returns what has ended the closing. `early`: why that is over before it was done. */
  end(early: EndedBy | undefined): EndedBy {
    this.#budget?.stop()
    this.#endedAt = performance.now()
    this.#options.waitingRoom?.leave()
    everybodyWaiting.leave()
    // An answer that came together with the end of a budget is an answer.
    const endedBy = this.#answer() ?? early ?? 'tcp-end'
    this.#tellOutcome(endedBy)
    return endedBy
  }

  /** The peer still sends: how long it takes to answer says nothing of how long it takes now. */
  dataCame(): void {
    this.#hasDataCome = true
  }

  /** The peer has ended its direction although the wait was skipped. */
  peerEnded(): void {
    if (this.#side.peerAct() === 'close_notify') this.#tell(this.#answered())
  }

  /**
   * Behind a FIN that did not wait: destroys the connection once the peer's TCP has everything, for nobody would close it
   * any more. Not where the peer still sends, or the program still reads.
   */
  leaveSoon(): void {
    const side = this.#side
    const lastLook = performance.now() + this.#options.flushTimeout
    // An answer that has come all the same ends the connection in order.
    const endsOtherwise = () => this.#hasDataCome || this.#isTold || side.isDestroyed()
    whenTaken(side, { isOver: () => endsOtherwise() || performance.now() > lastLook }, () => {
      inPacedTurn(() => {
        if (!endsOtherwise() && !side.isReaderStalled()) side.destroy()
      })
    })
  }

  #answer(): EndedBy | undefined {
    const peerEnd = this.#side.peerEnd()
    return peerEnd === 'alert' ? 'done' : peerEnd
  }

  #budgetOver(): void {
    const goesOn = this.#plan !== undefined && this.#hasDataCome
    const rest = goesOn ? this.#madeAt + this.#longest - performance.now() : 0
    if (rest > 0) {
      this.#budget?.start(rest)
      return
    }
    const isStalled = this.#onData === 'deliver' && this.#side.isReaderStalled()
    this.#timeIsOver?.(isStalled ? 'reader-stalled' : 'wait-timeout')
  }

  // Asks nothing of the kernel where nobody wants to know.
  #tellOutcome(endedBy: EndedBy): void {
    if (this.#plan !== undefined) this.#tell(this.#outcome(endedBy))
  }

  #outcome(endedBy: EndedBy): WaitOutcome {
    const act = this.#side.peerAct()
    if (act === 'close_notify') return this.#answered()
    // What ends in the middle of the peer's data, or behind it, is about the data.
    if (this.#hasDataCome) return { kind: 'unknown' }
    if (endedBy === 'wait-timeout') return { kind: 'unanswered', certain: false }
    return endedBy === 'tcp-end' && act === 'fin' ? { kind: 'unanswered', certain: true } : { kind: 'unknown' }
  }

  #answered(): WaitOutcome {
    return { kind: 'answered', after: performance.now() - this.#madeAt }
  }

  #tell(outcome: WaitOutcome): void {
    if (this.#isTold) return
    this.#isTold = true
    this.#plan?.over(outcome)
  }
}
