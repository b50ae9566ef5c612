import {
  clearImmediate as stopImmediate,
  clearTimeout as stopTimer,
  setImmediate as startImmediate,
  setTimeout as startTimer,
} from 'node:timers'

/**
 * A time that runs out behind one more look at the network. The event loop comes to timers before sockets: where the process was
 * busy for longer than that time, what was waited for may have come, and lies in the kernel.
 *
 * It keeps no process alive, unless ref() is called.
 */
export class Deadline {
  readonly #timer: NodeJS.Timeout
  #lastLook: NodeJS.Immediate | undefined

  /** Calls `over` in `ms` ms, or somewhat later. */
  constructor(ms: number, over: () => void) {
    this.#timer = startTimer(() => {
      this.#lastLook = startImmediate(over)
    }, ms).unref()
  }

  /** As of Node's timers: the process lives as long as it runs. */
  ref(): this {
    this.#timer.ref()
    return this
  }

  /** It is not over any more; behind that, does nothing. */
  stop(): void {
    stopTimer(this.#timer)
    stopImmediate(this.#lastLook)
  }
}
