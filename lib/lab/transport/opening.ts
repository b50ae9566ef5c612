/**
 * A socket while it is being opened. Whatever ends it - its error, its end, the caller's signal - ends the wait that is
 * under way, so that no step has to think of it, and nothing of ours stays on the socket or the signal:
 *
 *     const opening = new Opening(socket, signal)
 *     await opening.wait(…)              rejects with a TransportFailure, or with the signal's reason
 *     return opening.release()           or opening.destroy()
 *
 * The socket is paused from the start: nothing is read before somebody asks.
 */
import type { Socket } from 'node:net'
import { failureOfSocket, TransportFailure } from './failure.js'

export class Opening {
  readonly socket: Socket
  readonly #signal: AbortSignal
  #failure: TransportFailure | undefined
  #isAborted = false
  #interrupt: (() => void) | undefined

  constructor(socket: Socket, signal: AbortSignal) {
    this.socket = socket.pause().on('error', this.#onError).on('close', this.#onClose)
    this.#signal = signal
    signal.addEventListener('abort', this.#onAbort, { once: true })
    if (signal.aborted) this.#onAbort()
  }

  /**
   * Waits for what `start` calls back with. What `start` returns undoes it, and is called once, however the wait ends.
   * @throws TransportFailure, or the reason of the signal
   */
  async wait<T>(start: (done: (value: T) => void) => () => void): Promise<T> {
    this.#throwIfOver()
    const got = await new Promise<{ readonly value: T } | undefined>((resolve) => {
      let undo: () => void = () => {}
      let isSettled = false
      const settle = (value: { readonly value: T } | undefined) => {
        if (isSettled) return
        isSettled = true
        this.#interrupt = undefined
        undo()
        resolve(value)
      }
      this.#interrupt = () => settle(undefined)
      undo = start((value) => settle({ value }))
      if (isSettled) undo()
    })
    if (got === undefined) this.#throwReason()
    return got.value
  }

  /** Gives it up for a reason that is not the socket's own. The first reason counts. */
  fail(failure: TransportFailure): void {
    if (this.#isAborted) return
    this.#failure ??= failure
    this.socket.destroy()
    this.#interrupt?.()
  }

  /**
   * The socket, paused, without anything of ours.
   * @throws TransportFailure, or the reason of the signal, where it has ended meanwhile
   */
  release(): Socket {
    this.#throwIfOver()
    this.#letGo()
    return this.socket.off('error', this.#onError)
  }

  /** Ends the connection: by RST where something is unread. */
  destroy(): void {
    this.#letGo()
    const { socket } = this
    const deafen = () => socket.off('error', this.#onError)
    // An error may be on its way already, and nobody would hear it but the process. 'close' comes after it.
    if (socket.closed) deafen()
    else socket.once('close', deafen)
    socket.destroy()
  }

  #letGo(): void {
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.socket.off('close', this.#onClose)
  }

  #throwIfOver(): void {
    if (this.#failure !== undefined || this.#signal.aborted) this.#throwReason()
  }

  // Whatever it is that the caller has aborted with, it is thrown as it is.
  #throwReason(): never {
    if (this.#failure !== undefined) throw this.#failure
    this.#signal.throwIfAborted()
    throw new Error('Expected a failure or an aborted signal where a wait has ended without a result')
  }

  readonly #onError = (error: Error): void => this.fail(failureOfSocket(error))

  readonly #onClose = (): void => this.fail(new TransportFailure('closed'))

  readonly #onAbort = (): void => {
    if (this.#failure === undefined) this.#isAborted = true
    this.socket.destroy()
    this.#interrupt?.()
  }
}
