// Theory of operation
//
// A closing brings one connection from "open" to "our side is closed", and there is one of it per socket. It has five
// steps, always in this order:
//
//   drain   Everything written before goes first. With `afterwards: 'fin'` the stream is ended, and Node tells us that
//           it has drained by asking for FIN, which the gate holds (fin-gate.ts). With `keep-open` the stream must not
//           end, and the callback of an empty write tells it. http2 writes beneath the stream and ends it itself.
//   alert   One SSL_shutdown, never a second: with data of the peer's queued that would be fatal to the SSL. None at
//           all for `quiet`, or when the peer has ended TCP.
//   flush   SSL_shutdown leaves the alert in TLSWrap's output BIO. TLSWrap is made to run its cycle, and the BIO is
//           looked at until it is empty; there is no event for that.
//   wait    Only `bidirectional`: until the peer's close_notify, a budget, or the end of TCP.
//   end     FIN is let go, inside a bracket that gives Node's own SSL_shutdown nothing to do. When a budget ran out the
//           socket is destroyed, for nobody would close it any more.
//
// Where there is nothing to drain, to flush or to wait for, closeAtOnce() does the same in one go (steps.ts).
//
// Everything that acts on the SSL starts from setImmediate, because user code can run inside SSL_read. What can end a
// closing at any time goes through one Stop (steps.ts): the flush budget, which runs from the call on, the signal, and
// destroy() by anybody. Evidence arrives through the Watcher, synchronously and sometimes inside Node's own stack: it
// only sets state there, the acting is left to the step that waits for it.
import { setTimeout as startTimer, clearTimeout as stopTimer } from 'node:timers'
import type { Connection, Watcher } from '../closure/connection.js'
import {
  isReading,
  leaveAgent,
  outputLeft,
  type Owner,
  startReading,
  takeReadingFromHttpServer,
  handleOf,
} from '../closure/socket-internals.js'
import { closeQuietly, drained, flushed, leaveStack, Stop, takeTurn, writeCloseNotify } from '../closure/steps.js'
import type { Afterwards, ClosureMode, EndedBy, OnData } from '../report/facts.js'

/** How many closings may wait at one time. */
export interface WaitingRoom {
  /** False when it is full. */
  enter(): boolean
  leave(): void
}

/** The options of a closing, checked and complete. */
export interface ClosingOptions {
  readonly mode: ClosureMode
  /** Who owns the socket as the closing begins. */
  readonly owner: Owner
  /** Who has ended the stream, or is to: we, or the program before the closing began. */
  readonly streamEndedBy: 'closing' | 'program'
  /** Whether the flush budget runs once, or again and again as long as the kernel takes some of the output. */
  readonly flushBudget: 'once' | 'while-stalled'
  readonly flushTimeout: number
  readonly waitTimeout: number
  readonly maxDiscardBytes: number
  readonly onData: OnData
  readonly afterwards: Afterwards
  readonly signal: AbortSignal | undefined
  readonly waitingRoom: WaitingRoom | undefined
}

export class Closing implements Watcher {
  readonly #connection: Connection
  readonly #options: ClosingOptions
  readonly #stop = new Stop()
  #timer: NodeJS.Timeout | undefined
  #outputLeft = 0
  // Whether data is kept from the reader from now on.
  #taking = false
  #peerEnded: () => void = () => undefined

  constructor(connection: Connection, options: ClosingOptions) {
    this.#connection = connection
    this.#options = options
  }

  /** Runs the closing; `endedBy` of the connection tells what ended it. Never rejects. */
  async run(): Promise<void> {
    const connection = this.#connection
    const { signal, flushTimeout, mode } = this.#options
    connection.mode = mode
    connection.watcher = this
    this.#outputLeft = outputLeft(connection.socket)
    const abort = () => {
      this.abort()
    }
    signal?.addEventListener('abort', abort)
    if (signal?.aborted === true) abort()
    this.#startBudget(flushTimeout, () => (this.#isFlushing() ? undefined : 'flush-timeout'))
    try {
      // The gate closes in the tick of the call; all else starts outside of the caller's stack.
      const drain = this.#startDraining()
      connection.endedBy = (await this.#send(drain)) ?? (await this.#wait())
      await this.#end(connection.endedBy)
    } finally {
      stopTimer(this.#timer)
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Ends the closing early: the socket is destroyed. */
  abort(): void {
    this.#stop.set('signal')
  }

  dataCame(bytes: number): boolean {
    if (!this.#taking) return false
    this.#connection.discardedBytes += bytes
    if (this.#options.onData === 'fail') this.#stop.set('unexpected-data')
    if (this.#connection.discardedBytes <= this.#options.maxDiscardBytes) return true
    this.#stop.set('discard-limit')
    // The closing may be over already: the peer has our FIN and sends on.
    if (this.#connection.endedBy !== undefined) void this.#destroy()
    return true
  }

  streamEnded(): void {
    this.#peerEnded()
  }

  destroyed(): void {
    const { evidence } = this.#connection
    if (evidence.tcp.kind !== 'open') this.#stop.set('tcp-end')
    else this.#stop.set(evidence.received().kind === 'nothing' ? 'destroy' : 'done')
    // The report is made before run() has the floor again.
    this.#connection.endedBy ??= this.#stop.reason
  }

  // Gives what resolves when the stream has drained.
  #startDraining(): () => Promise<void> {
    const connection = this.#connection
    const { socket } = connection
    const { owner } = this.#options
    if (owner === 'http-server') {
      // The parser would run requests that come after the response that closed the connection.
      takeReadingFromHttpServer(socket)
      this.#taking = true
    }
    if (this.#options.afterwards === 'keep-open') {
      // Without this Node ends the stream, and with it TCP, when the peer's close_notify comes.
      socket.allowHalfOpen = true
      const allDrained = drained(connection)
      connection.refuseWrites()
      return () => allDrained
    }
    const atTheGate = new Promise<void>((resolve) => {
      connection.gate.hold(() => {
        resolve()
        return 'hold'
      })
    })
    // The gate is closed: from here on ending the stream sends nothing.
    if (owner === 'http-client') leaveAgent(socket)
    return () => {
      // http2 writes beneath the stream: it ends it by itself, after its last frame.
      if (owner !== 'http2' && this.#options.streamEndedBy === 'closing') {
        socket.end()
        connection.refuseWrites()
      }
      return atTheGate
    }
  }

  // Drain, alert, flush. Gives what ended the closing early.
  async #send(drain: () => Promise<void>): Promise<EndedBy | undefined> {
    const connection = this.#connection
    const stop = this.#stop
    await takeTurn()
    if (stop.reason !== undefined || (await stop.orUntil(drain())) !== undefined) return stop.reason
    await leaveStack()
    if (stop.reason !== undefined) return stop.reason
    if (this.#options.mode === 'quiet') {
      closeQuietly(connection)
      return undefined
    }
    try {
      await writeCloseNotify(connection, stop)
    } catch {
      return 'openssl-error'
    }
    this.#taking ||= this.#options.mode === 'bidirectional' && this.#options.onData !== 'deliver'
    const isFlushed = await flushed(connection, stop)
    return stop.reason ?? (isFlushed ? undefined : 'tcp-end')
  }

  // Gives what ended the waiting.
  async #wait(): Promise<EndedBy> {
    const { evidence } = this.#connection
    const { mode, waitingRoom } = this.#options
    const answer = (): EndedBy | undefined => {
      if (evidence.received().kind !== 'nothing') return 'done'
      return evidence.tcp.kind === 'open' ? undefined : 'tcp-end'
    }
    if (mode !== 'bidirectional') return 'done'
    const early = answer()
    if (early !== undefined) return early
    if (waitingRoom?.enter() === false) {
      this.#connection.mode = 'unidirectional'
      return 'done'
    }
    const stopped = await this.#peerEndedOrStopped()
    waitingRoom?.leave()
    // An answer that came together with the end of a budget is an answer.
    return answer() ?? stopped ?? 'tcp-end'
  }

  async #peerEndedOrStopped(): Promise<EndedBy | undefined> {
    const { onData, waitTimeout } = this.#options
    const handle = handleOf(this.#connection.socket)
    if (handle !== undefined && onData === 'discard') startReading(handle)
    this.#startBudget(waitTimeout, () => (this.#readerIsStalled() ? 'reader-stalled' : 'wait-timeout'))
    const peerEnded = new Promise<void>((resolve) => {
      this.#peerEnded = resolve
    })
    return this.#stop.orUntil(peerEnded)
  }

  async #end(endedBy: EndedBy): Promise<void> {
    const { socket, gate } = this.#connection
    const keepOpen = this.#options.afterwards === 'keep-open'
    switch (endedBy) {
      case 'destroy':
        return
      case 'signal':
      case 'flush-timeout':
      case 'wait-timeout':
      case 'discard-limit':
      case 'unexpected-data':
      case 'openssl-error':
        return this.#destroy()
      case 'tcp-end':
      case 'reader-stalled':
      case 'done':
        if (keepOpen) {
          if (endedBy === 'tcp-end') await this.#destroy()
          return
        }
    }
    if (socket.destroyed) return
    // A transport that never takes our FIN must not hold the caller.
    this.#startBudget(this.#options.flushTimeout, () => 'flush-timeout')
    const stopped = await this.#stop.orUntil(gate.release())
    if (stopped === 'flush-timeout' || stopped === 'signal') await this.#destroy()
    // Nobody is meant to read any more, and without a reader 'end' and 'close' would never come.
    if (this.#taking && socket.readableLength === 0) socket.resume()
  }

  // http2 may have called us: Node crashes when the socket of a session goes inside the session's own callback.
  async #destroy(): Promise<void> {
    await takeTurn()
    this.#connection.socket.destroy()
  }

  // Without a reason the budget begins anew.
  #startBudget(ms: number, reason: () => EndedBy | undefined): void {
    stopTimer(this.#timer)
    this.#timer = startTimer(() => {
      const ended = reason()
      if (ended === undefined) this.#startBudget(ms, reason)
      else this.#stop.set(ended)
    }, ms)
    this.#timer.unref()
  }

  // Whether the kernel has taken some of the output since the last look, where that counts.
  #isFlushing(): boolean {
    if (this.#options.flushBudget === 'once') return false
    const left = outputLeft(this.#connection.socket)
    const before = this.#outputLeft
    this.#outputLeft = left
    return left !== before
  }

  #readerIsStalled(): boolean {
    const { socket } = this.#connection
    const handle = handleOf(socket)
    if (this.#options.onData !== 'deliver' || handle === undefined) return false
    return socket.readableLength > 0 || isReading(handle) === false
  }
}
