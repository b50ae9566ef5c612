import type { Socket } from 'node:net'
import { wrapRemovably } from '../closure/stand-ins.js'
import { ClosureError } from '../errors.js'

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

  readonly #listeners: readonly { readonly event: string; readonly listener: Listener }[]
  readonly #wasFlowing: boolean | null
  readonly #allowHalfOpen: boolean
  readonly #freed: readonly (() => void)[]
  // The call is TLS's own.
  #isOurs = false
  #isGivenBack = false

  constructor(tcp: Socket) {
    this.tcp = tcp
    this.#wasFlowing = tcp.readableFlowing
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
    held.add(tcp)
    this.#freed = [
      wrapRemovably(tcp, 'write', (previous, args) => {
        if (this.#isOurs) return previous(args)
        refuse(args)
        return false
      }),
      wrapRemovably(tcp, 'end', (previous, args) => {
        if (this.#isOurs) return previous(args)
        const [chunk] = args
        const isPlain = chunk === undefined || chunk === null || typeof chunk === 'function'
        if (!isPlain) refuse(args)
        this.endAsked()
        return tcp
      }),
    ]
  }

  /** Whether TLS is on that socket, by startTls(). */
  static has(tcp: Socket): boolean {
    return held.has(tcp)
  }

  /** Writes for TLS. */
  write(chunk: Buffer, callback: Done | undefined): void {
    this.#asOurs(() => this.tcp.write(chunk, callback))
  }

  /** Sends FIN for TLS. */
  end(callback: Done): void {
    this.#asOurs(() => this.tcp.end(callback))
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
    const { tcp } = this
    held.delete(tcp)
    for (const free of this.#freed) free()
    if (!tcp.readableEnded) tcp.allowHalfOpen = this.#allowHalfOpen
    // It was paused by the program, not by a 'readable' listener.
    if (this.#wasFlowing === false && this.#listensTo('data') && !this.#listensTo('readable')) tcp.pause()
    for (const { event, listener } of this.#listeners) tcp.on(event, listener)
  }

  #listensTo(event: string): boolean {
    return this.#listeners.some((entry) => entry.event === event)
  }

  #asOurs(call: () => void): void {
    this.#isOurs = true
    try {
      call()
    } finally {
      this.#isOurs = false
    }
  }
}

const held = new WeakSet<Socket>()

function isListener(value: unknown): value is Listener {
  return typeof value === 'function'
}

function refuse(args: readonly unknown[]): void {
  const callback = args.find((arg) => typeof arg === 'function')
  if (typeof callback !== 'function') return
  const message = 'TLS is on this net.Socket: write to the TLSSocket, or await unwrap() before'
  process.nextTick(() => {
    Reflect.apply(callback, undefined, [new ClosureError('ERR_PLAINTEXT_UNDER_TLS', message)])
  })
}
