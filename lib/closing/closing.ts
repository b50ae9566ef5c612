// Theory of operation
//
// A closing brings one connection from "open" to "our side is closed", and a connection has at most one of it. It has
// five steps, always in this order:
//
//   drain   Everything that was written before goes first, and FIN is stopped.
//   alert   One SSL_shutdown, never a second: with data of the peer's queued that would be fatal to the SSL. None at
//           all for `quiet`, or after the peer's RST.
//   flush   SSL_shutdown leaves the alert in a buffer. It is moved on and looked at until the kernel has it; no event
//           tells that.
//   wait    Only `bidirectional`: until the peer's close_notify, a budget, or the end of TCP.
//   end     FIN is let go, or left to the program (`keep-open`). When a budget ran out the connection is destroyed, for
//           nobody would close it any more.
//
// There are four ways through these steps, and nothing closes by another one:
//
//   Closing.run()             all five
//   Closing.runAtOnce()       all five in one go, on FIN's own way to TCP, where nothing is to be drained, flushed or
//                             waited for; most closings are of this kind. Alert and FIN leave together, as Node's own
//                             do: to an alert alone a peer that has gone would answer by RST before FIN
//   sendCloseNotify()         drain, alert and flush; the connection stays half-closed
//   alertBeforeDestroy()      alert and flush, as far as a few turns of the event loop do; the caller destroys
//
// giveUp() is the end alone, where nothing moves any more: somebody else has seen that (policy/standstill.ts).
// flush() is the step flush alone, for a program that calls SSL_shutdown itself.
//
// The machine knows no socket: it drives a ClosingSide (side.ts), which has an adapter for Node's sockets
// (closure/socket-side.ts). The machine is the one writer of a closing's facts: `endedBy`, `discardedBytes`,
// `waitRefused`.
//
// User code can run inside SSL_read, so that the steps start outside of the caller's stack, and outside of it again
// when the stream has drained. Two things alone happen in the caller's stack: FIN is stopped, and a reader that would
// act on requests is kept from them. runAtOnce() acts in the stack of the write that drained; its side refuses where
// that stack may be inside SSL_read.
//
// Whatever can end a closing at any time goes through one EarlyEnd: the flush budget, which runs from the call on, the
// signal, and destroy() by anybody. What happens to the connection is told through BegunClosing, synchronously and
// sometimes inside Node's own stack: it only sets state there, the acting is left to the step that waits for it.
import type { ClosureMode, EndedBy, OnData } from '../report/facts.js'
import { Budget, EarlyEnd } from './early-end.js'
import type { ClosingOptions } from './options.js'
import type { BegunClosing, ClosingSide } from './side.js'
import { flushBriefly, flushOutput, untilBriefly, writeAlert } from './steps.js'
import { leaveStack, pacedTurn } from './turns.js'

export class Closing implements BegunClosing {
  readonly mode: ClosureMode
  readonly startedAt = performance.now()
  endedBy: EndedBy | undefined
  discardedBytes = 0
  waitRefused = false

  readonly #side: ClosingSide
  readonly #options: ClosingOptions
  readonly #earlyEnd = new EarlyEnd()
  readonly #budget = new Budget(this.#earlyEnd)
  #onData: OnData = 'deliver'
  #outputLeft = 0
  // Whether data is kept from the reader from now on.
  #taking = false
  #peerEnded: () => void = () => undefined
  // Only after runAtOnce(): resolves when TCP has taken FIN.
  #finCompleted: (() => void) | undefined

  constructor(side: ClosingSide, options: ClosingOptions) {
    this.#side = side
    this.#options = options
    this.mode = options.mode
  }

  /** Runs all steps; `endedBy` reports what ended them. Never rejects. */
  async run(): Promise<void> {
    const side = this.#side
    const { signal, flushTimeout, onData } = this.#options
    side.begin(this)
    this.#onData = onData ?? (side.mayDeliver() ? 'deliver' : 'discard')
    this.#outputLeft = side.outputLeft()
    const abort = () => {
      this.abort()
    }
    signal?.addEventListener('abort', abort)
    if (signal?.aborted === true) abort()
    this.#budget.start(flushTimeout, () => (this.#isFlushing() ? undefined : 'flush-timeout'))
    try {
      // In the tick of the call; all else starts outside of the caller's stack.
      this.#taking = side.takeReading()
      const drain = side.startDraining()
      this.endedBy = (await this.#send(drain)) ?? (await this.#wait())
      await this.#end(this.endedBy)
    } finally {
      this.#budget.stop()
      signal?.removeEventListener('abort', abort)
    }
  }

  /**
   * Runs all steps in one go: the alert leaves with FIN, as Node's own does. False, and nothing done, where a step
   * takes time: something is still to leave or to be waited for, or OpenSSL may not be called from here.
   */
  runAtOnce(): boolean {
    const side = this.#side
    const mayHaveToWait = this.mode === 'bidirectional' && side.peerEnd() !== 'alert'
    if (mayHaveToWait || !side.canCloseAtOnce()) return false
    try {
      if (this.mode === 'quiet') side.closeQuietly()
      else if (side.alertReadiness() === 'ready') side.writeCloseNotify('with-fin')
    } catch {
      return false
    }
    this.endedBy = 'done'
    this.#finCompleted = () => undefined
    side.begin(this)
    return true
  }

  /** Ends the closing early: the connection is destroyed. */
  abort(): void {
    this.#earlyEnd.set('signal')
  }

  giveUp(reason: EndedBy): void {
    this.#side.begin(this)
    if (this.endedBy === undefined || this.endedBy === 'done') this.endedBy = reason
    void this.#destroy()
  }

  dataCame(bytes: number): boolean {
    if (!this.#taking) return false
    this.discardedBytes += bytes
    if (this.#onData === 'fail') this.#earlyEnd.set('unexpected-data')
    if (this.discardedBytes <= this.#options.maxDiscardBytes) return true
    this.#earlyEnd.set('discard-limit')
    // The closing may be over already: the peer has our FIN and sends on.
    if (this.endedBy !== undefined) void this.#destroy()
    return true
  }

  peerEnded(): void {
    this.#peerEnded()
  }

  finGiven(): void {
    if (this.#finCompleted !== undefined && this.#side.isQueueing()) void this.#watchFin()
  }

  finCompleted(): void {
    this.#finCompleted?.()
  }

  destroyed(): void {
    const peerEnd = this.#side.peerEnd()
    this.#earlyEnd.set(peerEnd === undefined ? 'destroy' : peerEnd === 'alert' ? 'done' : 'tcp-end')
    // The report is made before run() has the floor again.
    this.endedBy ??= this.#earlyEnd.reason
  }

  // Drain, alert, flush. Returns what ended the closing early.
  async #send(drain: () => Promise<void>): Promise<EndedBy | undefined> {
    const side = this.#side
    const earlyEnd = this.#earlyEnd
    if ((await drainOutside(drain, earlyEnd)) !== undefined) return earlyEnd.reason
    if (this.mode === 'quiet') {
      // Data written before may still lie in TLS's output, as it does while Node waits for a 'newSession' listener.
      const isFlushed = await flushOutput(side, earlyEnd)
      if (isFlushed) side.closeQuietly()
      return earlyEnd.reason ?? (isFlushed ? undefined : 'tcp-end')
    }
    try {
      await writeAlert(side, earlyEnd)
    } catch {
      return 'openssl-error'
    }
    // Nothing is to be waited for: the alert leaves with FIN, as Node's own does. Alone it could draw a RST before FIN.
    if (side.peerEnd() === 'tcp-end') return 'tcp-end'
    this.#taking ||= this.mode === 'bidirectional' && this.#onData !== 'deliver'
    const isFlushed = await flushOutput(side, earlyEnd)
    return earlyEnd.reason ?? (isFlushed ? undefined : 'tcp-end')
  }

  // Returns what ended the waiting.
  async #wait(): Promise<EndedBy> {
    const { waitingRoom } = this.#options
    if (this.mode !== 'bidirectional') return 'done'
    const early = this.#answer()
    if (early !== undefined) return early
    if (waitingRoom?.enter() === false) {
      this.waitRefused = true
      return 'done'
    }
    const ended = await this.#untilPeerEnded()
    waitingRoom?.leave()
    // An answer that came together with the end of a budget is an answer.
    return this.#answer() ?? ended ?? 'tcp-end'
  }

  #answer(): EndedBy | undefined {
    const peerEnd = this.#side.peerEnd()
    return peerEnd === 'alert' ? 'done' : peerEnd
  }

  async #untilPeerEnded(): Promise<EndedBy | undefined> {
    if (this.#onData === 'discard') this.#side.startReading()
    this.#outputLeft = this.#side.outputLeft()
    this.#budget.start(this.#options.waitTimeout, () => {
      // Our alert stands behind data that the peer is still taking: it cannot have been answered.
      if (this.#isFlushing()) return undefined
      return this.#isReaderStalled() ? 'reader-stalled' : 'wait-timeout'
    })
    const peerEnded = new Promise<void>((resolve) => {
      this.#peerEnded = resolve
    })
    return this.#earlyEnd.orUntil(peerEnded)
  }

  #isReaderStalled(): boolean {
    return this.#onData === 'deliver' && this.#side.isReaderStalled()
  }

  async #end(endedBy: EndedBy): Promise<void> {
    const side = this.#side
    const keepOpen = this.#options.afterwards === 'keep-open'
    switch (endedBy) {
      case 'destroy':
        return
      case 'signal':
      case 'flush-timeout':
      case 'wait-timeout':
      case 'linger-timeout':
      case 'discard-limit':
      case 'unexpected-data':
      case 'openssl-error':
        return this.#destroy()
      case 'tcp-end':
      case 'reader-stalled':
      case 'done':
        if (keepOpen) {
          if (endedBy === 'tcp-end') await this.#destroy()
          else side.leaveTransport()
          return
        }
    }
    if (side.isDestroyed()) return
    // A transport that never takes our FIN must not hold the caller.
    this.#budget.start(this.#options.flushTimeout, () => 'flush-timeout')
    const stopped = await this.#earlyEnd.orUntil(side.endTransport())
    if (stopped === 'flush-timeout' || stopped === 'signal') await this.#destroy()
    if (this.#taking) side.readToEnd()
  }

  // The kernel had taken all when we closed at once, but takes no more: the peer has stopped reading, with our alert and
  // FIN behind the rest.
  async #watchFin(): Promise<void> {
    const side = this.#side
    const finCompleted = new Promise<void>((resolve) => {
      this.#finCompleted = resolve
    })
    this.#outputLeft = side.outputLeft()
    this.#budget.start(this.#options.flushTimeout, () => (this.#isFlushing() ? undefined : 'flush-timeout'))
    const stopped = await this.#earlyEnd.orUntil(finCompleted)
    this.#budget.stop()
    if (stopped !== 'flush-timeout' && stopped !== 'signal') return
    this.endedBy = stopped
    await this.#destroy()
  }

  // http2 may have called us: Node crashes when the socket of a session goes inside the session's own callback.
  async #destroy(): Promise<void> {
    await pacedTurn()
    this.#side.destroy()
  }

  // Whether some of the output has left since the last look, where that counts.
  #isFlushing(): boolean {
    if (this.#options.flushBudget === 'once') return false
    const left = this.#side.outputLeft()
    const before = this.#outputLeft
    this.#outputLeft = left
    return left !== before
  }
}

/** Drains from a stack of its own, and resolves in another one; returns what ended the closing early. */
async function drainOutside(drain: () => Promise<void>, earlyEnd: EarlyEnd): Promise<EndedBy | undefined> {
  await pacedTurn()
  if (earlyEnd.reason !== undefined || (await earlyEnd.orUntil(drain())) !== undefined) return earlyEnd.reason
  await leaveStack()
  return earlyEnd.reason
}

/** How sendCloseNotify() and flush() ended. */
export type Sending = 'sent' | 'flush-timeout' | 'tcp-end'

/**
 * The steps drain, alert and flush, in at most `flushTimeout` ms.
 *
 * @throws (rejects) ClosureError ERR_CLOSURE_OPENSSL when OpenSSL refuses the alert
 */
export async function sendCloseNotify(side: ClosingSide, flushTimeout: number): Promise<Sending> {
  const drain = side.startDraining()
  return withinBudget(flushTimeout, async (earlyEnd) => {
    if ((await drainOutside(drain, earlyEnd)) !== undefined) return false
    await writeAlert(side, earlyEnd)
    return flushOutput(side, earlyEnd)
  })
}

/** The step flush alone, for what somebody else has made OpenSSL write, in at most `flushTimeout` ms. */
export function flush(side: ClosingSide, flushTimeout: number): Promise<Sending> {
  return withinBudget(flushTimeout, async (earlyEnd) => {
    await leaveStack()
    return flushOutput(side, earlyEnd)
  })
}

/**
 * The steps alert and flush before somebody destroys the connection: the alert leaves if the kernel takes it at once.
 * `isTrue` is asked outside of the caller's stack, for much may have happened until then.
 */
export async function alertBeforeDestroy(side: ClosingSide, isTrue: () => boolean): Promise<void> {
  const mayGo = () => isTrue() && side.alertReadiness() === 'ready'
  // SSL_read may be on the stack, or http2's session, which crashes when its socket goes there; what was written in the
  // callback of the handshake leaves with the stack, too.
  if (!(await untilBriefly(mayGo))) return
  try {
    side.writeCloseNotify('alone')
  } catch {
    // OpenSSL refuses: the connection goes without an alert.
    return
  }
  await flushBriefly(side)
}

async function withinBudget(flushTimeout: number, run: (earlyEnd: EarlyEnd) => Promise<boolean>): Promise<Sending> {
  const earlyEnd = new EarlyEnd()
  const budget = new Budget(earlyEnd)
  budget.start(flushTimeout, () => 'flush-timeout')
  try {
    const isDone = await run(earlyEnd)
    if (earlyEnd.reason !== undefined) return 'flush-timeout'
    return isDone ? 'sent' : 'tcp-end'
  } finally {
    budget.stop()
  }
}
