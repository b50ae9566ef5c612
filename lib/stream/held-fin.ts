/** The end of the stream on its way to FIN, which a closing holds. */
export class HeldFin {
  #drained: (() => void) | undefined
  #done: (() => void) | undefined

  get isWaiting(): boolean {
    return this.#done !== undefined
  }

  /** The stream has ended and drained. True: a closing holds that. */
  arrived(done: () => void): boolean {
    this.#done = done
    this.#drained?.()
    return this.#drained !== undefined
  }

  hold(drained: () => void): void {
    this.#drained = drained
    if (this.#done !== undefined) drained()
  }

  letGo(): void {
    this.#drained = undefined
  }

  complete(): void {
    const done = this.#done
    this.#done = undefined
    done?.()
  }
}
