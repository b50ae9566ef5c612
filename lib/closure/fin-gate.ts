import { completeRequest } from './socket-internals.js'
import { type Method, replaceRemovably, slotOn, standBeforeOwn } from './stand-ins.js'

// StreamBase's Shutdown: 0 is under way, 1 is done already, negative is an errno.
const underWay = 0
const doneAlready = 1

/** The fate of a FIN that has come to the gate: it waits for release(), or it goes at once. */
export type AtTheGate = 'hold' | 'pass'

/** Decides on a FIN, in Node's own stack, when all writes have drained. */
export interface GateKeeper {
  finArrived(): AtTheGate
}

/** The connection that a gate belongs to. */
export interface GateOwner {
  /** Returns what a FIN that nobody holds must wait for, if anything; false in the end: FIN is not to go any more. */
  delayOfFin(): Promise<boolean> | undefined
  /** Runs Node's own call, {@link FinGate.callNode}. */
  sendFin(request: unknown): unknown
  /** Hears whether TCP took FIN; it refuses where the connection is gone. */
  finCompleted(taken: boolean): void
}

/**
 * The one place where Node ends the writing side of a TLS connection: `handle.shutdown(request)`, called when all
 * writes have drained, whichever of end(), destroySoon(), http, http2 or a `_final` of the program's own led there. It
 * calls SSL_shutdown up to twice and sends FIN at once.
 *
 * The gate can hold that call back, and runs it by way of its owner, so that a closing of ours can come between the
 * last write and FIN.
 */
export class FinGate {
  /** When FIN was given to TCP, in ms of performance.now(). */
  finAt: number | undefined
  /** What TCP has done with FIN; it refuses where the connection is gone. */
  outcome: 'taken' | 'refused' | undefined
  /** The connection, from when the handshake is done. */
  owner: GateOwner | undefined

  readonly #handle: object
  // Node's own shutdown(), from when it is called.
  #native: Method | undefined
  #keeper: GateKeeper | undefined
  #held: unknown
  #whenCompleted: (() => void) | undefined

  constructor(handle: object) {
    this.#handle = handle
    standBeforeShutdown(handle, this)
  }

  /** Whether FIN was given to TCP, which has not refused it: one that it refused came behind the peer's RST. */
  get mayHaveLeft(): boolean {
    return this.finAt !== undefined && this.outcome !== 'refused'
  }

  /** Node calls shutdown(). */
  arrived(native: Method, request: unknown): unknown {
    this.#native = native
    if (this.#held !== undefined) return this.#send(request)
    if (this.#keeper === undefined) {
      const delay = this.owner?.delayOfFin()
      return delay === undefined ? this.#send(request) : this.#sendAfter(delay, request)
    }
    // Held before it is told: a closing that begins there holds it anew.
    this.#held = request
    if (this.#keeper.finArrived() === 'hold') return underWay
    this.#held = undefined
    return this.#send(request)
  }

  /** Node's own call, which sends FIN. */
  callNode(request: unknown): unknown {
    return this.#native === undefined ? underWay : Reflect.apply(this.#native, this.#handle, [request])
  }

  /**
   * From now on FIN is stopped here; the keeper is asked when all writes have drained, and at once when FIN is held
   * already. A later call takes the place of an earlier one.
   */
  hold(keeper: GateKeeper): void {
    this.#keeper = keeper
    if (this.#held !== undefined && keeper.finArrived() === 'pass') this.release()
  }

  /** Takes hold() back, unless FIN has come to the gate: then only release() lets it go. */
  open(): void {
    if (this.#held === undefined) this.#keeper = undefined
  }

  /**
   * Lets FIN go. `completed` is called when TCP has taken or refused it, after everybody else has heard of that: at once
   * without a held FIN, as at the second call.
   */
  release(completed?: () => void): void {
    this.#keeper = undefined
    const request = this.#held
    this.#held = undefined
    if (typeof request !== 'object' || request === null) {
      completed?.()
      return
    }
    this.#whenCompleted = completed
    const status = this.#send(request)
    if (status === underWay) return
    if (!completeRequest(request, status === doneAlready ? 0 : status)) completed?.()
  }

  #send(request: unknown): unknown {
    this.finAt ??= performance.now()
    if (typeof request === 'object' && request !== null) this.#watchCompletion(request)
    const status = this.owner === undefined ? this.callNode(request) : this.owner.sendFin(request)
    if (status !== underWay) this.#completed(status === doneAlready)
    return status
  }

  #watchCompletion(request: object): void {
    const complete: unknown = Reflect.get(request, 'oncomplete')
    if (typeof complete !== 'function') return
    Reflect.set(request, 'oncomplete', (...given: readonly unknown[]) => {
      this.#completed(given[0] === 0)
      const result: unknown = Reflect.apply(complete, request, given)
      this.#whenCompleted?.()
      return result
    })
  }

  #sendAfter(delay: Promise<boolean>, request: unknown): number {
    this.#held = request
    void delay.then((mayGo) => {
      // A closing that has begun meanwhile holds it on.
      if (mayGo && this.#keeper === undefined) this.release()
    })
    return underWay
  }

  #completed(taken: boolean): void {
    this.outcome = taken ? 'taken' : 'refused'
    this.owner?.finCompleted(taken)
  }
}

const gates = slotOn<FinGate>()

// Handles are Node's alone, so that one function stands on their class for all of them; a handle without a gate passes.
// A package that has put a method of its own on a handle may have kept Node's from before: we stand before that one
// then, and are not to be met a second time where it calls the class.
function standBeforeShutdown(handle: object, gate: FinGate): void {
  if (Object.hasOwn(handle, 'shutdown')) {
    standBeforeOwn(handle, 'shutdown', gate, (owner, native, [request]) => owner.arrived(native, request))
    return
  }
  gates.put(handle, gate)
  const above = Reflect.getPrototypeOf(handle)
  if (above === null || above === lastClass) return
  lastClass = above
  if (classes.has(above)) return
  classes.add(above)
  replaceRemovably(
    above,
    'shutdown',
    (native) =>
      function (this: object, ...args: readonly unknown[]): unknown {
        const gateOfThis = gates.of(this)
        return gateOfThis === undefined ? Reflect.apply(native, this, args) : gateOfThis.arrived(native, args[0])
      },
  )
}

// Those whose shutdown() we stand before.
const classes = new WeakSet()
let lastClass: object | undefined
