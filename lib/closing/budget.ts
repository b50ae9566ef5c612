import { Deadline } from '../deadline.js'
import type { ClosingOptions } from './options.js'
import type { ClosingSide } from './side.js'

/**
 * The time that a step of a closing is given: one at a time. It keeps no process alive.
 *
 * With `while-stalled` it counts from the last moment at which some of the output has left. No event tells that: it is
 * looked at some times in the course of a budget, and a step may take longer by the time between two looks.
 */
export class Budget {
  readonly #side: Pick<ClosingSide, 'outputLeft'>
  readonly #whileStalled: boolean
  readonly #over: () => void
  #deadline: Deadline | undefined
  #ms = 0
  // What was left at the last look, and when some of it was last seen to have left; undefined where nobody looks.
  #output: { readonly left: number; readonly since: number } | undefined

  /** `over` is called when it runs out. */
  constructor(
    side: Pick<ClosingSide, 'outputLeft'>,
    { flushBudget }: Pick<ClosingOptions, 'flushBudget'>,
    over: () => void,
  ) {
    this.#side = side
    this.#whileStalled = flushBudget === 'while-stalled'
    this.#over = over
  }

  /** Starts it with that many ms, in place of an earlier one. */
  start(ms: number): void {
    this.#ms = ms
    this.#output = undefined
    this.#run(ms)
  }

  stop(): void {
    this.#deadline?.stop()
  }

  /**
   * From now on what leaves prolongs it, where that counts. To be called where a step has to wait: the kernel is asked,
   * which most closings need not pay for.
   */
  watchOutput(): void {
    if (!this.#whileStalled || this.#output !== undefined) return
    this.#output = { left: this.#side.outputLeft(), since: performance.now() }
    this.#run(this.#ms / looks)
  }

  #timeUp(): void {
    const rest = this.#rest()
    if (rest <= 0) this.#over()
    else this.#run(Math.min(rest, this.#ms / looks))
  }

  #rest(): number {
    if (this.#output === undefined) return 0
    const now = performance.now()
    const left = this.#side.outputLeft()
    if (left !== this.#output.left) this.#output = { left, since: now }
    return this.#ms - (now - this.#output.since)
  }

  #run(ms: number): void {
    this.stop()
    this.#deadline = new Deadline(Math.ceil(ms), () => this.#timeUp())
  }
}

const looks = 8
