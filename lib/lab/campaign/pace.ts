/** In ms. A timer may come so late, and that is made up for by the next; more is not, or a pause would end in a burst. */
const slack = 5

/**
 * Spreads starts evenly: at 20 a second, one each 50 ms. A start that could have been and was not is lost.
 *
 *     if (pace.mayStart(now)) …
 *     else sleep(pace.waitAt(now))
 */
export class Pace {
  readonly #interval: number
  #due = 0

  /** Without a rate every start may be at once. */
  constructor(ratePerSecond: number | undefined) {
    this.#interval = ratePerSecond === undefined ? 0 : 1000 / ratePerSecond
  }

  /** Whether one may start at this time, in ms of a clock that never goes back; where it may, it has started. */
  mayStart(now: number): boolean {
    if (now < this.#due) return false
    this.#due = (now - this.#due <= slack ? this.#due : now) + this.#interval
    return true
  }

  /** In ms. */
  waitAt(now: number): number {
    return Math.max(0, this.#due - now)
  }
}
