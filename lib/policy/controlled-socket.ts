// One socket under a policy. Three things of Node's are met here: end(), whichever way it is reached; destroy(); and the
// errors after which TLS is dead and Node leaves TCP open. What closes is the state machine of closing.ts; this file
// only says when, and what of the policy holds. Once the control is stopped everything passes through.
import type { TLSSocket } from 'node:tls'
import { Closing, type WaitingRoom } from '../closing/closing.js'
import type { Connection } from '../closure/connection.js'
import type { Framing } from './framing.js'
import type { DestroyHook, Lifetime } from '../closure/lifetime.js'
import type { CheckedConnectionPolicy } from './policy.js'
import {
  dropInput,
  handleOf,
  isInsideOwnMessage,
  isQueueing,
  outputLeft,
  ownerOf,
  pumpOutput,
  takeReadingFromHttpServer,
  wrapMethod,
} from '../closure/socket-internals.js'
import { closeAtOnce, leaveStack } from '../closure/steps.js'
import { TruncationGuard } from './truncation.js'

/** The control that a socket is under. */
export interface Supervisor extends WaitingRoom {
  readonly isActive: boolean
  closingBegan(closing: Closing): void
  closingEnded(closing: Closing): void
}

export class ControlledSocket implements DestroyHook {
  readonly #lifetime: Lifetime
  readonly #connection: Connection
  readonly #policy: CheckedConnectionPolicy
  readonly #supervisor: Supervisor
  readonly #framing: Framing
  readonly #guard: TruncationGuard | undefined
  #isFinGiven = false

  constructor(
    lifetime: Lifetime,
    connection: Connection,
    policy: CheckedConnectionPolicy,
    supervisor: Supervisor,
    framing: Framing,
  ) {
    this.#lifetime = lifetime
    this.#connection = connection
    this.#policy = policy
    this.#supervisor = supervisor
    this.#framing = framing
    const { socket, gate } = connection
    lifetime.destroyHook = this
    if (policy.onTruncation === 'error') {
      this.#guard = new TruncationGuard(connection, framing, () => supervisor.isActive)
    }
    wrapMethod(socket, 'end', (previous, args) => {
      const result = previous(args)
      if (socket.writableEnded) this.#close()
      if (this.#isFinGiven && isQueueing(socket)) this.#giveUpWhenStalled()
      return result
    })
    gate.hold(() => {
      if (this.#closesAtOnce()) return 'pass'
      this.#close()
      return 'hold'
    })
    const handle = handleOf(socket)
    if (handle === undefined) return
    wrapMethod(handle, 'onerror', (previous, args) => {
      const result = previous(args)
      this.tlsDied()
      return result
    })
  }

  get socket(): TLSSocket {
    return this.#connection.socket
  }

  /** From now on Node's own ways hold; a closing that has begun goes on. */
  letGo(): void {
    if (!this.#lifetime.closingHasBegun) this.#connection.gate.open()
  }

  /**
   * Whether the peer has ended TLS in a way that Node does not hear of: in TLS 1.2 a close_notify at level fatal makes
   * OpenSSL read no more and say nothing.
   */
  hasDiedSilently(): boolean {
    const { socket, evidence, ssl } = this.#connection
    if (socket.destroyed || !ssl.alive() || ssl.getShutdown() === 0) return false
    return evidence.received().kind === 'fatal-alert'
  }

  /** TLS is dead in both directions, and Node leaves TCP open: what has come may still be read, for that many ms. */
  tlsDied(timeToRead = this.#policy.flushTimeout): void {
    const { socket } = this.#connection
    const destroy = () => {
      if (this.#supervisor.isActive) socket.destroy()
    }
    if (socket.readableLength === 0) {
      setImmediate(destroy)
      return
    }
    const timer = setTimeout(destroy, timeToRead).unref()
    socket.once('close', () => {
      clearTimeout(timer)
    })
  }

  before(error: unknown): Promise<void> | undefined {
    const { socket } = this.#connection
    if (!this.#supervisor.isActive || !this.#alertIsAsked() || !this.#isOrderly(error)) return undefined
    if (!this.#alertWouldBeTrue() || isInsideOwnMessage(socket)) return undefined
    // Nothing may reach a handler of http any more.
    const handle = handleOf(socket)
    if (ownerOf(socket) === 'http-server') takeReadingFromHttpServer(socket)
    if (handle !== undefined) dropInput(handle)
    return this.#sendAlert()
  }

  shownError(error: unknown): unknown {
    return this.#guard === undefined ? error : this.#guard.shownError(error)
  }

  #close(): void {
    const { socket } = this.#connection
    const { mode, flushTimeout, waitTimeout, maxDiscardBytes } = this.#policy
    if (!this.#mayBegin()) return
    this.#lifetime.closingHasBegun = true
    const owner = ownerOf(socket)
    const closing = new Closing(this.#connection, {
      mode,
      owner,
      streamEndedBy: 'program',
      flushBudget: 'while-stalled',
      flushTimeout,
      waitTimeout,
      maxDiscardBytes,
      onData: owner === 'http-server' || owner === 'http2' ? 'discard' : 'deliver',
      afterwards: 'fin',
      signal: undefined,
      waitingRoom: this.#supervisor,
    })
    this.#supervisor.closingBegan(closing)
    void closing.run().then(() => {
      this.#supervisor.closingEnded(closing)
    })
  }

  // On the way to FIN with nothing left to do but the alert; most closings are of this kind.
  #closesAtOnce(): boolean {
    const { mode } = this.#policy
    if (!this.#mayBegin()) return !this.#lifetime.closingHasBegun
    if (mode === 'bidirectional' || this.#lifetime.mayBeInsideHandshake() || !closeAtOnce(this.#connection, mode))
      return false
    this.#lifetime.closingHasBegun = true
    this.#isFinGiven = true
    return true
  }

  // The kernel had taken all but takes no more: the peer has stopped reading, with our alert and FIN behind the rest.
  #giveUpWhenStalled(): void {
    const { socket } = this.#connection
    let left = outputLeft(socket)
    const timer = setInterval(() => {
      const before = left
      left = outputLeft(socket)
      if (left !== before) return
      this.#connection.endedBy = 'flush-timeout'
      socket.destroy()
    }, this.#policy.flushTimeout).unref()
    const clear = () => {
      clearInterval(timer)
    }
    socket.once('finish', clear)
    socket.once('close', clear)
  }

  #mayBegin(): boolean {
    const { socket, gate } = this.#connection
    const isOver = this.#lifetime.closingHasBegun || gate.finAt !== undefined || socket.destroyed
    return !isOver && this.#supervisor.isActive
  }

  // Leaving a `for await` loop destroys with an AbortError; one of a signal has a cause. undici closes its idle
  // connections with errors of its own.
  #isOrderly(error: unknown): boolean {
    if (error === null || error === undefined) return true
    if (!(error instanceof Error) || !('code' in error)) return false
    if (error.code === 'ABORT_ERR') return error.cause === undefined
    const isOfUndici = error.code === 'UND_ERR_DESTROYED' || error.code === 'UND_ERR_INFO'
    return isOfUndici && this.#framing(this.socket).kind === 'nothing'
  }

  // destroy() after end(): Node has sent its alert by then, our closing is a turn away from it.
  #alertIsAsked(): boolean {
    const { mode } = this.#connection
    return this.#policy.onDestroy === 'close_notify' || mode === 'unidirectional' || mode === 'bidirectional'
  }

  // Whether "this is all" is what a close_notify would say, and somebody is there to hear it.
  #alertWouldBeTrue(): boolean {
    const { socket, ssl, evidence, gate } = this.#connection
    if (!ssl.alive() || gate.finAt !== undefined || evidence.tcp.kind !== 'open') return false
    return socket.writableLength === 0 && evidence.sent().kind === 'nothing' && !evidence.wasCut()
  }

  // As far as it can be done at once: one SSL_shutdown, one turn of TLSWrap's cycle.
  async #sendAlert(): Promise<void> {
    // SSL_read may be on the stack, or http2's session, which crashes when its socket goes there.
    await leaveStack()
    const { socket, ssl, evidence } = this.#connection
    if (!this.#alertWouldBeTrue() || ssl.inInit()) return
    socket.setNoDelay(true)
    ssl.sslShutdown()
    evidence.latch()
    for (let turn = 0; turn < turnsToFlush && ssl.alive(); turn++) {
      pumpOutput(socket)
      evidence.latch()
      if (evidence.outputProgress() !== 'pending') return
      await leaveStack()
    }
  }
}

// TLSWrap empties its BIO in the turn after TCP has taken it.
const turnsToFlush = 3
