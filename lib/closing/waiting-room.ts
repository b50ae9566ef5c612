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

/** The room of all closings of this thread, whatever other they wait in: it is never full. */
export const everybodyWaiting = new WaitingRoom(Number.POSITIVE_INFINITY)

/** How many closings of this thread wait for their peer's close_notify now, under whatever policy or under none. */
export function closingsWaiting(): number {
  return everybodyWaiting.waiting
}
