/** How the run of one target ended. */
export type Attempted<Result> =
  | {
      readonly kind: 'result'
      readonly result: Result
    }
  | {
      readonly kind: 'failed'
      readonly reason: FailureReason
    }
  | {
      /** The campaign was stopped before there was a result. */
      readonly kind: 'aborted'
    }

/** Why a target has no result of its own. */
export type FailureReason =
  | {
      readonly kind: 'timeout'
      /** The time that it had, in ms. */
      readonly timeout: number
    }
  | {
      readonly kind: 'error'
      /** What the run threw, or rejected with. */
      readonly error: unknown
    }

export interface AttemptLimits {
  /** In ms. */
  readonly timeout: number
  /** In ms, after which a run that goes on in spite of its signal is left to itself. */
  readonly grace: number
}

/** The run of one target, within its time. */
export class Attempt<Result> {
  /** Never rejects. Settles within timeout and grace, or within the grace after abort(). */
  readonly ended: Promise<Attempted<Result>>
  readonly #grace: number
  // Of its own, not AbortSignal.any() of one that lives as long as the campaign: on Node 20 and 22 such a signal keeps a
  // trace of each that was made from it.
  readonly #controller = new AbortController()
  #interruption: Exclude<Attempted<Result>, { kind: 'result' }> | undefined
  #isOver = false
  #timer: NodeJS.Timeout
  #resolve: (ended: Attempted<Result>) => void = () => {}

  constructor(run: (signal: AbortSignal) => Promise<Result>, { timeout, grace }: AttemptLimits) {
    this.#grace = grace
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve
    })
    this.#timer = setTimeout(() => {
      const late = new DOMException(`Expected a result within ${timeout} ms`, 'TimeoutError')
      this.#interrupt({ kind: 'failed', reason: { kind: 'timeout', timeout } }, late)
    }, timeout)
    void this.#follow(run)
  }

  /** Does nothing where it has ended, or its time is up. */
  abort(reason: unknown): void {
    this.#interrupt({ kind: 'aborted' }, reason)
  }

  async #follow(run: (signal: AbortSignal) => Promise<Result>): Promise<void> {
    try {
      const result = await run(this.#controller.signal)
      // A result that came in spite of an abort may be that of half a run; what came after the timeout is all there will be.
      this.#end(this.#interruption?.kind === 'aborted' ? this.#interruption : { kind: 'result', result })
    } catch (error) {
      this.#end(this.#interruption ?? { kind: 'failed', reason: { kind: 'error', error } })
    }
  }

  #interrupt(interruption: Exclude<Attempted<Result>, { kind: 'result' }>, reason: unknown): void {
    if (this.#isOver || this.#interruption !== undefined) return
    this.#interruption = interruption
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#end(interruption), this.#grace)
    this.#controller.abort(reason)
  }

  #end(ended: Attempted<Result>): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#resolve(ended)
  }
}
