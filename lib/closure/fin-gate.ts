import { completeRequest, wrapMethod } from './socket-internals.js'

// StreamBase's Shutdown: 0 is under way, 1 is done already, negative is an errno.
const underWay = 0
const doneAlready = 1

/** The fate of a FIN that has come to the gate: it waits for release(), or it goes at once. */
export type AtTheGate = 'hold' | 'pass'

/**
 * The one place where Node ends the writing side of a TLS connection: `handle.shutdown(request)`, called when all
 * writes have drained, whichever of end(), destroySoon(), http, http2 or a `_final` of the program's own led there. It
 * calls SSL_shutdown up to twice and sends FIN at once.
 *
 * The gate can hold that call back, and runs it inside `around`, so that a closing of ours can come between the last
 * write and FIN.
 */
export class FinGate {
  /** When FIN was given to TCP, in ms of performance.now(). */
  finAt: number | undefined
  /** Whether TCP has taken FIN, or refused it. */
  hasCompleted = false

  #native: ((request: unknown) => unknown) | undefined
  #onArrival: (() => AtTheGate) | undefined
  #held: unknown

  /** Returns what a FIN that nobody holds must wait for, if anything; false in the end: FIN is not to go any more. */
  delay: () => Promise<boolean> | undefined = () => undefined
  /** Runs Node's own call; set by the connection that the gate belongs to. */
  around: (send: () => unknown) => unknown = (send) => send()
  /** Hears whether TCP took FIN; it refuses where the connection is gone. */
  onCompleted: (taken: boolean) => void = () => undefined

  constructor(handle: object) {
    wrapMethod(handle, 'shutdown', (previous, args) => {
      this.#native = (request) => {
        this.finAt ??= performance.now()
        if (typeof request === 'object' && request !== null) {
          wrapMethod(request, 'oncomplete', (complete, given) => {
            this.#completed(given[0] === 0)
            return complete(given)
          })
        }
        const status = this.around(() => previous([request]))
        if (status !== underWay) this.#completed(status === doneAlready)
        return status
      }
      if (this.#held !== undefined) return this.#native(args[0])
      if (this.#onArrival === undefined) {
        const delay = this.delay()
        return delay === undefined ? this.#native(args[0]) : this.#sendAfter(delay, args[0])
      }
      // Held before it is told: a closing that begins there holds it anew.
      this.#held = args[0]
      if (this.#onArrival() === 'hold') return underWay
      this.#held = undefined
      return this.#native(args[0])
    })
  }

  #sendAfter(delay: Promise<boolean>, request: unknown): number {
    this.#held = request
    void delay.then((mayGo) => {
      // A closing that has begun meanwhile holds it on.
      if (mayGo && this.#onArrival === undefined) void this.release()
    })
    return underWay
  }

  #completed(taken: boolean): void {
    this.hasCompleted = true
    this.onCompleted(taken)
  }

  /**
   * From now on FIN is stopped here; `onArrival` is called, in Node's own stack, when all writes have drained, and at
   * once when FIN is held already. A later call takes the place of an earlier one.
   */
  hold(onArrival: () => AtTheGate): void {
    this.#onArrival = onArrival
    if (this.#held !== undefined && onArrival() === 'pass') void this.release()
  }

  /** Takes hold() back, unless FIN has come to the gate: then only release() lets it go. */
  open(): void {
    if (this.#held === undefined) this.#onArrival = undefined
  }

  /** Lets FIN go; resolves when TCP has taken it. The second call, or one without a held FIN, does nothing. */
  release(): Promise<void> {
    this.#onArrival = undefined
    const request = this.#held
    this.#held = undefined
    if (typeof request !== 'object' || request === null || this.#native === undefined) return Promise.resolve()
    const native = this.#native
    return new Promise((resolve) => {
      wrapMethod(request, 'oncomplete', (previous, args) => {
        const result = previous(args)
        resolve()
        return result
      })
      const status = native(request)
      if (status === underWay) return
      if (!completeRequest(request, status === doneAlready ? 0 : status)) resolve()
    })
  }
}
