/** Bounds how many closings wait for their peer's close_notify at one time. */
export class WaitingRoom {
  /** How many wait now. */
  waiting = 0
  /** How many were turned away. */
  refused = 0
  readonly #places: number

  constructor(places: number) {
    this.#places = places
  }

  /** False when it is full. */
  enter(): boolean {
    if (this.waiting >= this.#places) {
      this.refused++
      return false
    }
    this.waiting++
    return true
  }

  leave(): void {
    this.waiting--
  }
}

/** How many closings of this thread wait for their peer's close_notify now, under whatever policy or under none. */
export function closingsWaiting(): number {
  return allWaiting
}

let allWaiting = 0

/** The wait of one closing, from now on. */
export class Wait {
  readonly #since = performance.now()
  #until: number | undefined

  constructor() {
    allWaiting++
  }

  /** ms that it took, or has taken so far. */
  get took(): number {
    return (this.#until ?? performance.now()) - this.#since
  }

  end(): void {
    this.#until = performance.now()
    allWaiting--
  }
}
