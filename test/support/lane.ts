/**
 * One direction of the relay: a queue between two TCP sockets that keeps order and passes FIN as FIN and RST as RST,
 * and can be slowed, held, merged, stalled or cut. It knows nothing of TLS.
 */
import type { Socket } from 'node:net'

export type Delivery =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'fin' }
  | { readonly kind: 'rst' }

interface Queued {
  readonly delivery: Delivery
  /** ms of `performance.now()` before which it is not delivered. */
  readonly due: number
  /** Neighbours of one batch are delivered in one write. */
  readonly batch: number | undefined
}

export interface Cut {
  /** Bytes that still pass, counted from the call. */
  readonly afterBytes: number
  readonly with: 'fin' | 'rst'
}

export class Lane {
  readonly #source: Socket
  readonly #target: Socket
  #delay: number
  #window = 0
  #windowEnds = 0
  #batch = 0
  #held: 'nothing' | 'fin' | 'all' = 'nothing'
  #queue: Queued[] = []
  #timer: NodeJS.Timeout | undefined
  #cut: { remaining: number; readonly with: 'fin' | 'rst' } | undefined
  /** How this direction ended so far. After FIN only RST may follow; after a cut nothing. */
  #ended: 'open' | 'fin' | 'over' = 'open'
  #stalled = false
  #pressed = false

  constructor(source: Socket, target: Socket, delay: number) {
    this.#source = source
    this.#target = target
    this.#delay = delay
    target.on('drain', () => {
      this.#pressed = false
      this.#regulate()
    })
  }

  set delay(ms: number) {
    this.#delay = ms
  }

  /** Everything that arrives within `ms` of the first byte is delivered together, in one write. 0 ends it. */
  set window(ms: number) {
    this.#window = ms
  }

  push(delivery: Delivery): void {
    if (this.#ended === 'over' || (this.#ended === 'fin' && delivery.kind !== 'rst')) return
    let due = performance.now() + this.#delay
    let batch: number | undefined
    if (this.#window > 0) {
      if (due >= this.#windowEnds) {
        this.#windowEnds = due + this.#window
        this.#batch++
      }
      due = this.#windowEnds
      batch = this.#batch
    }
    // RST overtakes a FIN that is held
    if (delivery.kind === 'rst' && this.#held === 'fin')
      this.#queue = this.#queue.filter((q) => q.delivery.kind !== 'fin')
    this.#queue.push({ delivery, due, batch })
    this.#run()
  }

  hold(what: 'all' | 'fin'): void {
    this.#held = what
  }

  /** Bytes that were held go out in one write. */
  release(): void {
    if (this.#held === 'all') {
      const batch = ++this.#batch
      this.#queue = this.#queue.map(({ delivery }) => ({ delivery, due: 0, batch }))
    }
    this.#held = 'nothing'
    this.#run()
  }

  stall(stalled: boolean): void {
    this.#stalled = stalled
    this.#regulate()
  }

  cut({ afterBytes, with: end }: Cut): void {
    this.#cut = { remaining: afterBytes, with: end }
    if (afterBytes === 0) this.#cutOff(end)
  }

  close(): void {
    this.#ended = 'over'
    this.#queue = []
    clearTimeout(this.#timer)
  }

  #run(): void {
    clearTimeout(this.#timer)
    for (;;) {
      const [head] = this.#queue
      if (head === undefined || this.#held === 'all') return
      if (this.#held === 'fin' && head.delivery.kind === 'fin') return
      const wait = head.due - performance.now()
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#run(), Math.ceil(wait))
        return
      }
      if (head.delivery.kind === 'bytes') this.#send(this.#takeBytes())
      else this.#end(head.delivery.kind)
    }
  }

  #takeBytes(): Buffer {
    const parts: Buffer[] = []
    let batch: number | undefined
    for (const { delivery, batch: own } of this.#queue) {
      if (delivery.kind !== 'bytes' || (parts.length > 0 && (own === undefined || own !== batch))) break
      parts.push(delivery.bytes)
      batch = own
    }
    this.#queue.splice(0, parts.length)
    return Buffer.concat(parts)
  }

  #send(bytes: Buffer): void {
    const cut = this.#cut
    const passing = cut === undefined ? bytes : bytes.subarray(0, cut.remaining)
    if (!this.#target.destroyed && passing.length > 0 && !this.#target.write(passing)) {
      this.#pressed = true
      this.#regulate()
    }
    if (cut === undefined) return
    cut.remaining -= passing.length
    if (cut.remaining === 0) this.#cutOff(cut.with)
  }

  #cutOff(how: 'fin' | 'rst'): void {
    this.#end(how)
    this.close()
  }

  #end(how: 'fin' | 'rst'): void {
    this.#queue.shift()
    if (how === 'fin') {
      this.#ended = 'fin'
      this.#target.end()
      return
    }
    this.close()
    // a reset ends the connection for both sides
    reset(this.#target)
    reset(this.#source)
  }

  #regulate(): void {
    if (this.#stalled || this.#pressed) this.#source.pause()
    else if (this.#source.isPaused()) this.#source.resume()
  }
}

/**
 * RST, as far as Node can: libuv refuses it (EINVAL) after a FIN of ours, so that then the socket is only closed, and
 * the kernel answers RST to whatever the peer still sends.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}
