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
//   wait    Only `bidirectional`: until the peer's close_notify, a budget, or the end of TCP (wait.ts).
//   end     FIN is let go, or left to the program (`keep-open`). When a budget ran out the connection is destroyed, for
//           nobody would close it any more.
//
// There are four ways through these steps, and nothing closes by another one:
//
//   Closing.start(), run()    all five. Where nothing is to be flushed or waited for once the stream has drained, and the
//                             peer has not closed, alert and FIN leave together, as Node's own do
//   Closing.runAtOnce()       all five in one go, on FIN's own way to TCP, where nothing is to be drained either; most
//                             closings are of this kind
//   sendCloseNotify()         drain, alert and flush; the connection stays half-closed (half-close.ts)
//   alertBeforeDestroy()      alert and flush, as far as a few turns of the event loop do; the caller destroys
//
// The step wait is an object of its own, a Wait, which a closing that does not get there never makes. The machine makes it,
// has it take a place, begins it and ends it; place, time and what was planned for the peer are the wait's affair, and so is a
// wait that is skipped, behind whose FIN the connection is destroyed as soon as the peer's TCP has it.
//
// giveUp() is the end alone, where nothing moves any more: somebody else has seen that (policy/standstill.ts).
// flush() is the step flush alone, for a program that calls SSL_shutdown itself.
//
// The machine knows no socket: it drives a ClosingSide (side.ts), which has an adapter for Node's sockets
// (closure/socket-side.ts). The machine is the one writer of a closing's facts: `endedBy` and `discardedBytes` here, those about
// the wait there.
//
// User code can run inside SSL_read, so that the steps start outside of the caller's stack, and outside of it again
// when the stream has drained. Two things alone happen in the caller's stack: FIN is stopped, and a reader that would
// act on requests is kept from them. runAtOnce() acts in the stack of the write that drained; its side refuses where
// that stack may be inside SSL_read.
//
// No promise leads from step to step, for ten thousand closings can go on at once: each step ends by calling the next
// one, and `#step` says which one waits. Whatever can end a closing at any time goes through #endEarly(): the flush budget,
// which runs from the call on, the signal, and destroy() by anybody. What happens to the connection is told through
// BegunClosing, synchronously and sometimes inside Node's own stack: it only sets state there, and the step that waits
// goes on in a microtask. Each step runs in the async context of the call that began the closing, whatever woke it.
import { AsyncResource } from 'node:async_hooks'
import type { ClosureMode, EndedBy, OnData } from '../report/facts.js'
import { Budget } from './budget.js'
import type { ClosingOptions } from './options.js'
import type { BegunClosing, ClosingSide } from './side.js'
import { type Asked, flushOutput, whenAlertIsDue, writeAlert, writeAlertWithFin } from './steps.js'
import { inPacedTurn } from './turns.js'
import { Wait } from './wait.js'

/**
 * Where a closing is. `turn` waits for its turn, `drain` for the stream, `wait` for the peer, `end` and `at-once` for TCP to
 * take FIN; `send` is the alert and the flush, which look again and again.
 */
type Step = 'not-begun' | 'turn' | 'drain' | 'send' | 'wait' | 'end' | 'at-once' | 'over'

export class Closing implements BegunClosing {
  readonly mode: ClosureMode
  readonly startedAt = performance.now()
  endedBy: EndedBy | undefined
  discardedBytes = 0

  readonly #side: ClosingSide
  readonly #options: ClosingOptions
  #budget: Budget | undefined
  #step: Step = 'not-begun'
  // Why the closing ended before it was done. The first reason counts.
  #early: EndedBy | undefined
  #abort: (() => void) | undefined
  #over: () => void = nothing
  #context: AsyncResource | undefined
  #waiting: Wait | undefined
  #isDrained = false
  #onData: OnData = 'deliver'
  // Whether data is kept from the reader from now on.
  #taking = false
  // The alert left with FIN: where FIN is not taken, the alert is not either.
  #atOnce = false

  constructor(side: ClosingSide, options: ClosingOptions) {
    this.#side = side
    this.#options = options
    this.mode = options.mode
  }

  get waitRefused(): boolean {
    return this.#waiting?.isRefused === true
  }

  get waited(): number | undefined {
    return this.#waiting?.took
  }

  get learnedWait(): number | undefined {
    return this.#waiting?.planned
  }

  /** Runs all steps and calls `over`, in a stack of its own; `endedBy` reports what ended them. */
  start(over: () => void): void {
    const side = this.#side
    const { signal, flushTimeout, onData } = this.#options
    this.#over = over
    side.begin(this)
    this.#onData = onData ?? (side.mayDeliver() ? 'deliver' : 'discard')
    if (signal !== undefined) this.#watch(signal)
    this.#startBudget(flushTimeout)
    this.#context = new AsyncResource('CLOSENOTIFY')
    // In the tick of the call; all else starts outside of the caller's stack.
    this.#taking = side.takeReading()
    this.#step = 'turn'
    const drain = side.startDraining(() => {
      this.#drained()
    })
    inPacedTurn(() => {
      this.#inContext(() => this.#drain(drain))
    })
  }

  /** The same; resolves when all is over. Never rejects. */
  run(): Promise<void> {
    return new Promise((resolve) => {
      this.start(resolve)
    })
  }

  /**
   * Runs all steps in one go: the alert leaves with FIN, as Node's own does. False, and nothing done, where a step
   * takes time: something is still to leave or to be waited for, or OpenSSL may not be called from here.
   */
  runAtOnce(): boolean {
    if (!writeAlertWithFin(this.#side, this.mode)) return false
    this.endedBy = 'done'
    this.#step = 'at-once'
    this.#side.begin(this)
    return true
  }

  /** Whether something has ended the closing early. */
  isOver(): boolean {
    return this.#early !== undefined
  }

  /** Ends the closing early: the connection is destroyed. */
  abort(): void {
    this.#endEarly('signal')
  }

  giveUp(reason: EndedBy): void {
    this.#side.begin(this)
    if (this.endedBy === undefined || this.endedBy === 'done') this.endedBy = reason
    this.#destroySoon()
  }

  dataCame(bytes: number): boolean {
    this.#waiting?.dataCame()
    if (!this.#taking) return false
    this.discardedBytes += bytes
    if (this.#onData === 'fail') this.#endEarly('unexpected-data')
    if (this.discardedBytes <= this.#options.maxDiscardBytes) return true
    this.#endEarly('discard-limit')
    // The closing may be over already: the peer has our FIN and sends on.
    if (this.endedBy !== undefined) this.#destroySoon()
    return true
  }

  peerEnded(): void {
    if (this.#step === 'wait') this.#soon(() => this.#stopWaiting())
    else if (this.#waiting?.isSkipped === true) this.#soon(() => this.#waiting?.peerEnded())
  }

  tlsFailed(): void {
    if (this.#side.peerEnd() !== undefined) this.peerEnded()
    else if (this.#step === 'wait') this.#endEarly('openssl-error')
  }

  finGiven(): void {
    if (this.#step !== 'at-once' || !this.#side.isQueueing()) return
    this.#startBudget(this.#options.flushTimeout)
    this.#budget?.watchOutput()
  }

  finCompleted(): void {
    if (this.#step === 'at-once') this.#finish()
  }

  destroyed(): void {
    const peerEnd = this.#side.peerEnd()
    this.#endEarly(peerEnd === undefined ? 'destroy' : peerEnd === 'alert' ? 'done' : 'tcp-end')
    // The report is made before the closing has the floor again.
    this.endedBy ??= this.#early
  }

  #drain(drain: () => void): void {
    if (this.#early === undefined) drain()
    this.#step = 'drain'
    if (this.#early !== undefined) this.#send()
    else if (this.#isDrained) this.#sendSoon()
    else this.#budget?.watchOutput()
  }

  // In any stack, that of SSL_read too.
  #drained(): void {
    this.#isDrained = true
    if (this.#step === 'drain') this.#sendSoon()
  }

  // A turn later: what has come with the end of the handshake is read by then, and no FIN of ours becomes a RST.
  #sendSoon(): void {
    setImmediate(() => {
      this.#inContext(() => this.#send())
    })
  }

  // Alert and flush.
  #send(): void {
    if (this.#step !== 'drain') return
    if (this.#early !== undefined) {
      this.#end(this.#early)
      return
    }
    this.#step = 'send'
    // A peer that has closed may be about to go, and its RST about to come: then the alert leaves alone, so that it is known to
    // have left before FIN is refused.
    const mayGoTogether = this.#options.afterwards === 'fin' && this.#side.peerEnd() === undefined
    this.#atOnce = mayGoTogether && writeAlertWithFin(this.#side, this.mode)
    if (this.#atOnce) this.#end('done')
    else if (this.mode === 'quiet') this.#flush(() => this.#closeQuietly())
    else whenAlertIsDue(this.#side, this, () => this.#sendAlert())
    if (this.#isSending()) this.#budget?.watchOutput()
  }

  #isSending(): boolean {
    return this.#step === 'send'
  }

  #sendAlert(): void {
    const side = this.#side
    if (this.#step !== 'send') return
    let asked: Asked | undefined
    try {
      if (this.#early === undefined) asked = writeAlert(side)
    } catch {
      this.#end('openssl-error')
      return
    }
    // Nothing is to be waited for: the alert leaves with FIN, as Node's own does. Alone it could draw a RST before FIN.
    if (side.peerEnd() === 'tcp-end') {
      this.#end('tcp-end')
      return
    }
    this.#taking ||= this.mode === 'bidirectional' && this.#onData !== 'deliver'
    this.#flush(() => this.#wait(asked))
  }

  // Data written before may still lie in TLS's output, as it does while Node waits for a 'newSession' listener.
  #flush(then: () => void): void {
    flushOutput(this.#side, this, (isFlushed) => {
      if (this.#step !== 'send') return
      if (isFlushed && this.#early === undefined) then()
      else this.#end(this.#early ?? 'tcp-end')
    })
  }

  // The next look comes too late for a process that nothing else keeps alive.
  #stopSending(): void {
    if (this.#step === 'send' && this.#early !== undefined) this.#end(this.#early)
  }

  #closeQuietly(): void {
    this.#side.closeQuietly()
    this.#end('done')
  }

  #wait(asked: Asked | undefined): void {
    const side = this.#side
    // Nobody is waited for who had closed before our alert.
    if (this.mode !== 'bidirectional' || (asked === undefined && side.peerEnd() === 'alert')) {
      this.#end('done')
      return
    }
    this.#step = 'wait'
    this.#budget?.stop()
    const wait = new Wait(side, this.#options, asked)
    this.#waiting = wait
    const endedBy = wait.enter()
    if (endedBy === undefined) wait.begin(this.#onData, (reason) => this.#endEarly(reason))
    else this.#end(endedBy)
  }

  #stopWaiting(): void {
    if (this.#step === 'wait' && this.#waiting !== undefined) this.#end(this.#waiting.end(this.#early))
  }

  #end(endedBy: EndedBy): void {
    this.endedBy = endedBy
    this.#step = 'end'
    switch (endedBy) {
      case 'destroy':
        this.#finish()
        return
      case 'signal':
      case 'flush-timeout':
      case 'wait-timeout':
      case 'linger-timeout':
      case 'discard-limit':
      case 'unexpected-data':
        this.#destroySoon()
        return
      case 'openssl-error':
        // What came before TLS failed may still be read.
        if (this.#side.isReaderStalled()) this.#endTransport()
        else this.#destroySoon()
        return
      case 'tcp-end':
      case 'reader-stalled':
      case 'done':
        if (this.#options.afterwards === 'fin') this.#endTransport()
        else if (endedBy === 'tcp-end') this.#destroySoon()
        else {
          this.#side.leaveTransport()
          this.#finish()
        }
    }
  }

  #endTransport(): void {
    const side = this.#side
    if (side.isDestroyed()) {
      this.#finish()
      return
    }
    // A transport that never takes our FIN must not hold the caller.
    this.#startBudget(this.#options.flushTimeout)
    side.endTransport(() => {
      this.#inContext(() => this.#stopEnding())
    })
    if (this.#early !== undefined) this.#stopEnding()
    else if (this.#atOnce && side.isQueueing()) this.#budget?.watchOutput()
  }

  #stopEnding(): void {
    if (this.#step !== 'end') return
    if (this.#early === 'flush-timeout' || this.#early === 'signal') {
      if (this.#atOnce) this.endedBy = this.#early
      this.#destroySoon()
      return
    }
    if (this.#taking) this.#side.readToEnd()
    if (this.#waiting?.isSkipped === true) this.#waiting.leaveSoon()
    this.#finish()
  }

  #finish(): void {
    if (this.#step === 'over') return
    this.#step = 'over'
    this.#budget?.stop()
    if (this.#abort !== undefined) this.#options.signal?.removeEventListener('abort', this.#abort)
    this.#over()
  }

  // http2 may have called us: Node crashes when the socket of a session goes inside the session's own callback.
  #destroySoon(): void {
    inPacedTurn(() => {
      this.#inContext(() => this.#side.destroy())
      if (this.#step === 'end') this.#finish()
    })
  }

  // Sets state alone, in whatever stack; the step that waits goes on outside of it.
  #endEarly(reason: EndedBy): void {
    if (this.#early !== undefined) return
    this.#early = reason
    switch (this.#step) {
      case 'drain':
        this.#soon(() => this.#send())
        break
      case 'send':
        this.#soon(() => this.#stopSending())
        break
      case 'wait':
        this.#soon(() => this.#stopWaiting())
        break
      case 'end':
        this.#soon(() => this.#stopEnding())
        break
      case 'at-once':
        this.#soon(() => this.#stopAtOnce())
        break
      case 'not-begun':
      case 'turn':
      case 'over':
    }
  }

  // The kernel had taken all when we closed at once, but takes no more: the peer has stopped reading, with our alert and
  // FIN behind the rest.
  #stopAtOnce(): void {
    if (this.#early === 'flush-timeout' || this.#early === 'signal') {
      this.endedBy = this.#early
      this.#destroySoon()
    }
    this.#finish()
  }

  #watch(signal: AbortSignal): void {
    this.#abort = () => {
      this.abort()
    }
    signal.addEventListener('abort', this.#abort)
    if (signal.aborted) this.abort()
  }

  /** Calls that in a microtask. */
  #soon(act: () => void): void {
    void settled.then(() => {
      this.#inContext(act)
    })
  }

  // User code is called there, by 'finish' for example: it is to find the AsyncLocalStorage of who has ended the connection.
  #inContext(act: () => void): void {
    if (this.#context === undefined) act()
    else this.#context.runInAsyncScope(act)
  }

  // Most closings are over before they need one.
  #startBudget(ms: number): void {
    this.#budget ??= new Budget(this.#side, this.#options, () => this.#endEarly('flush-timeout'))
    this.#budget.start(ms)
  }
}

const settled = Promise.resolve()

function nothing(): void {
  // Nobody is told.
}
