export interface CampaignProgress {
  /** Targets of the list that are dealt with: with a result, failed, or skipped. */
  readonly done: number
  /** How many the list has, where the plan says so. */
  readonly total?: number
  /** Targets that are run at the moment. */
  readonly running: number
  /** Targets that got a result or failed, over the last five seconds. */
  readonly perSecond: number
}

/** How many targets ended in each second of late. */
export class Rate {
  #samples: readonly Sample[] = []

  /** Takes the count of all that ended so far, at a time in ms, and gives how many a second they were of late. */
  at(now: number, count: number): number {
    const samples = [...this.#samples, { now, count }]
    const recent = samples.filter((sample) => now - sample.now <= 5000)
    this.#samples = recent
    const [first] = recent
    return first === undefined || first.now === now ? 0 : (1000 * (count - first.count)) / (now - first.now)
  }
}

interface Sample {
  readonly now: number
  readonly count: number
}
