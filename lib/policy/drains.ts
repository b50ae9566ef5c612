// Who waits for the last connection of a policy to be gone.
import { Deadline } from '../deadline.js'
import { checkAll, milliseconds, type OptionRules } from '../options.js'

/** Options of {@link ClosureControl.drained}. Unknown keys are refused by name. */
export interface DrainOptions {
  /**
   * Budget in ms, from the call on. Give it the longest request, `flushTimeout` and `waitTimeout` together.
   * @default 30000
   */
  readonly timeout?: number
}

export const drainRules = { timeout: milliseconds(30_000) } satisfies OptionRules<DrainOptions>

/** The budget of drained(), in ms. */
export function checkDrainOptions(options: DrainOptions | undefined): number {
  return checkAll(drainRules, options).timeout
}

/** The end of {@link ClosureControl.drained}: all are gone, or so many are open, of which so many wait for their peer. */
export type Drained =
  | { readonly kind: 'drained' }
  | { readonly kind: 'timed-out'; readonly connections: number; readonly waiting: number }

interface Open {
  /** How many are open now. */
  readonly connections: number
  /** How many of those wait now. */
  readonly waiting: number
}

export class Drains {
  readonly #waiting = new Set<() => void>()

  add(open: Open, timeout: number): Promise<Drained> {
    if (open.connections === 0) return Promise.resolve({ kind: 'drained' })
    return new Promise((resolve) => {
      const deadline = new Deadline(timeout, () => {
        this.#waiting.delete(done)
        resolve({ kind: 'timed-out', connections: open.connections, waiting: open.waiting })
      })
      const done = () => {
        deadline.stop()
        resolve({ kind: 'drained' })
      }
      this.#waiting.add(done)
    })
  }

  /** Something has gone there. */
  lookWhere(open: Open): void {
    if (this.#waiting.size === 0 || open.connections > 0) return
    const all = [...this.#waiting]
    this.#waiting.clear()
    for (const done of all) done()
  }
}
