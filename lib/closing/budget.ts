import { clearTimeout as stopTimer, setTimeout as startTimer } from 'node:timers'
import type { ClosingOptions } from './options.js'
import type { ClosingSide } from './side.js'

/** The time that a step of a closing is given: one at a time. It keeps no process alive. */
export class Budget {
  readonly #side: ClosingSide
  readonly #whileStalled: boolean
  readonly #over: () => void
  #timer: NodeJS.Timeout | undefined
  #outputLeft = 0

  /** `over` is called when it runs out. */
  constructor(side: ClosingSide, { flushBudget }: ClosingOptions, over: () => void) {
    this.#side = side
    this.#whileStalled = flushBudget === 'while-stalled'
    this.#over = over
  }

  /** Starts it with that many ms, in place of an earlier one. */
  start(ms: number): void {
    stopTimer(this.#timer)
    this.#timer = startTimer(this.#over, ms).unref()
  }

  beginAnew(): void {
    this.#timer?.refresh()
  }

  stop(): void {
    stopTimer(this.#timer)
  }

  /**
   * From now on {@link isFlushing} tells. To be called where a step has to wait: the kernel is asked, which most closings
   * need not pay for.
   */
  noteOutput(): void {
    if (this.#whileStalled) this.#outputLeft = this.#side.outputLeft()
  }

  /** Whether some of the output has left since the last look, where that counts. */
  isFlushing(): boolean {
    if (!this.#whileStalled) return false
    const before = this.#outputLeft
    this.#outputLeft = this.#side.outputLeft()
    return this.#outputLeft !== before
  }
}
