// The reasons that can end a closing at any time, and the time that it is given.
import { clearTimeout as stopTimer, setTimeout as startTimer } from 'node:timers'
import type { EndedBy } from '../report/facts.js'

/** The reason why a closing ended before it was done. The first one counts. */
export class EarlyEnd {
  reason: EndedBy | undefined
  #promise: Promise<void> | undefined
  #resolve: () => void = () => undefined

  set(reason: EndedBy): void {
    this.reason ??= reason
    this.#resolve()
  }

  /** Waits for something, or for the early end; returns its reason, if that is what came. */
  async orUntil(awaited: Promise<unknown>): Promise<EndedBy | undefined> {
    if (this.reason !== undefined) return this.reason
    this.#promise ??= new Promise((resolve) => {
      this.#resolve = resolve
    })
    await Promise.race([awaited, this.#promise])
    return this.reason
  }
}

/** The time that a step is given, in ms. It keeps no process alive. */
export class Budget {
  readonly #earlyEnd: EarlyEnd
  #timer: NodeJS.Timeout | undefined

  constructor(earlyEnd: EarlyEnd) {
    this.#earlyEnd = earlyEnd
  }

  /** Starts the budget, in place of an earlier one. When `reason` returns undefined at its end, it begins anew. */
  start(ms: number, reason: () => EndedBy | undefined): void {
    this.stop()
    this.#timer = startTimer(() => {
      const ended = reason()
      if (ended === undefined) this.start(ms, reason)
      else this.#earlyEnd.set(ended)
    }, ms)
    this.#timer.unref()
  }

  stop(): void {
    stopTimer(this.#timer)
  }
}
