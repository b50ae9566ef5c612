import type { Socket } from 'node:net'
import { wrapRemovably } from '../closure/stand-ins.js'
import { isAwaitingDrain, stopDecoding } from '../closure/stream-internals.js'
import type { ClosureError } from '../errors.js'
import { invalid } from '../options.js'
import { PlaintextLock } from './plaintext-lock.js'

type Listener = (...args: unknown[]) => void
type Done = (error?: Error | null) => void

// What is read while TLS is on belongs to TLS.
const readingEvents = ['data', 'readable', 'end'] as const

/**
 * A net.Socket while TLS is on it. The program's listeners for what is read are set aside, and what anybody but TLS writes
 * is refused, for it would go out in the clear between the records. giveBack() puts all of it back.
 */
export class HeldSocket {
  readonly tcp: Socket
  /** The program asks for FIN; set by whoever makes TLS end. */
  endAsked: () => void = () => undefined
  /** The program has taken off all listeners, those of TLS among them; set by whoever has put these there. */
  listenersGone: () => void = () => undefined

  // Set aside.
  readonly #listeners: { readonly event: string; readonly listener: Listener }[]
  readonly #wasFlowing: boolean | null
  readonly #wasAwaitingDrain: boolean
  readonly #allowHalfOpen: boolean
  // That of setEncoding().
  readonly #encoding: BufferEncoding | null
  readonly #lock: PlaintextLock
  readonly #freed: readonly (() => void)[]
  #isGivenBack = false
  #isFree = false

  /** @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT for what has been decoded and not read: it may have lost bytes */
  constructor(tcp: Socket) {
    this.tcp = tcp
    this.#encoding = tcp.readableEncoding
    if (!stopDecoding(tcp)) throw decoded(tcp)
    this.#wasFlowing = tcp.readableFlowing
    this.#wasAwaitingDrain = isAwaitingDrain(tcp)
    this.#allowHalfOpen = tcp.allowHalfOpen
    this.#listeners = readingEvents.flatMap((event) =>
      // As they were added: one of once() is to go after its first call.
      tcp
        .rawListeners(event)
        .filter(isListener)
        .map((listener) => ({ event, listener })),
    )
    for (const { event, listener } of this.#listeners) tcp.off(event, listener)
    // The peer's FIN would end our direction, and with it keep TLS from answering.
    tcp.allowHalfOpen = true
    this.#lock = new PlaintextLock(tcp, 'the TLSSocket', this)
    this.#freed = [
      ...['off', 'removeListener'].map((name) =>
        wrapRemovably(tcp, name, (previous, args) => (this.#forget(args) ? tcp : previous(args))),
      ),
      wrapRemovably(tcp, 'removeAllListeners', (previous, args) => {
        if (this.#isFree) return previous(args)
        const others = this.#listeners.filter(({ event }) => args.length > 0 && event !== args[0])
        this.#listeners.splice(0, this.#listeners.length, ...others)
        const result = previous(args)
        this.listenersGone()
        return result
      }),
    ]
  }

  /** Writes for TLS. */
  write(chunk: Buffer, callback: Done | undefined): void {
    this.#lock.write(chunk, callback)
  }

  /** Sends FIN for TLS. */
  end(callback: Done): void {
    this.#lock.end(callback)
  }

  /**
   * Puts back what was, once nobody reads any more; resolves when that is done. Where the program had listeners for data
   * they go on as they did; elsewhere nothing is read until somebody does.
   */
  async giveBack(): Promise<void> {
    if (this.#isGivenBack) return
    this.#isGivenBack = true
    // In the tick in which a 'readable' listener has gone, Node sets the flow by who listens then.
    await new Promise<void>((resolve) => {
      process.nextTick(resolve)
    })
    this.putBack()
  }

  /** The same at once, where nobody has read. */
  putBack(): void {
    const { tcp } = this
    this.#isGivenBack = true
    this.#isFree = true
    this.#lock.release()
    for (const free of this.#freed) free()
    tcp.allowHalfOpen = this.#allowHalfOpen
    if (this.#encoding !== null) tcp.setEncoding(this.#encoding)
    if (this.#isToBePaused()) tcp.pause()
    for (const { event, listener } of this.#listeners) tcp.on(event, listener)
    if (tcp.readableEnded && !tcp.destroyed) setImmediate(() => endAnew(tcp))
  }

  // Whether the program takes off a listener that is set aside, and no other.
  #forget([event, listener]: readonly unknown[]): boolean {
    if (this.#isFree || typeof event !== 'string' || !isListener(listener)) return false
    if (this.tcp.listeners(event).includes(listener)) return false
    const at = this.#listeners.findLastIndex((entry) => entry.event === event && isFor(entry.listener, listener))
    if (at !== -1) this.#listeners.splice(at, 1)
    return at !== -1
  }

  // It was paused by the program, and not by a 'readable' listener or by a pipe whose destination has drained meanwhile:
  // nobody else would have it flow again.
  #isToBePaused(): boolean {
    if (this.#wasFlowing !== false || (this.#wasAwaitingDrain && !isAwaitingDrain(this.tcp))) return false
    return this.#listensTo('data') && !this.#listensTo('readable')
  }

  #listensTo(event: string): boolean {
    return this.#listeners.some((entry) => entry.event === event)
  }
}

/** The error of a net.Socket that has handed out text in place of bytes. */
export function decoded(tcp: Socket): ClosureError {
  return invalid('socket', 'a net.Socket that has decoded nothing of TLS by setEncoding()', tcp.readableEncoding)
}

function isListener(value: unknown): value is Listener {
  return typeof value === 'function'
}

// FIN has come behind the peer's close_notify, and only TLS has heard 'end'.
function endAnew(tcp: Socket): void {
  if (tcp.destroyed) return
  tcp.emit('end')
  if (!tcp.allowHalfOpen) tcp.end()
}

// What once() adds has the listener that it was given as a member.
function isFor(added: Listener, listener: Listener): boolean {
  return added === listener || ('listener' in added && added.listener === listener)
}
