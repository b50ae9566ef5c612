// One socket under a policy. Three things of Node's are met here: end(), whichever way it is reached; destroy(); and the
// errors after which TLS is dead and Node leaves TCP open. The machine of lib/closing closes; this file only says when,
// and which way through it. Once the policy is stopped everything passes through.
import type { TLSSocket } from 'node:tls'
import { Closing } from '../closing/closing.js'
import { alertBeforeDestroy } from '../closing/half-close.js'
import type { ClosingOptions } from '../closing/options.js'
import type { Connection } from '../closure/connection.js'
import type { AtTheGate, GateKeeper } from '../closure/fin-gate.js'
import { Deadline } from '../deadline.js'
import type { Framing } from './framing.js'
import type { Lifetime, SocketHook } from '../closure/lifetime.js'
import type { CheckedConnectionPolicy } from './policy.js'
import { isInsideOwnMessage, ownerOf, takeReadingFromHttpServer } from '../closure/http-internals.js'
import { bytesBeingWritten, dropInput, handleOf } from '../closure/socket-internals.js'
import { type StandIn, standBeforeOwn } from '../closure/stand-ins.js'
import { SocketSide } from '../closure/socket-side.js'
import { isTelling, tell } from '../closure/story.js'
import { Standstill } from './standstill.js'
import { TruncationGuard } from './truncation.js'

/** The policy that a socket is under, at work on all sockets of its target. */
export interface SocketControl {
  readonly isActive: boolean
  /** The options of a closing under the policy of one connection. */
  closingOptions(policy: CheckedConnectionPolicy): ClosingOptions
  closingBegan(closing: Closing): void
  closingEnded(closing: Closing): void
}

export class ControlledSocket implements SocketHook, GateKeeper {
  readonly #lifetime: Lifetime
  readonly #connection: Connection
  readonly #policy: CheckedConnectionPolicy
  readonly #control: SocketControl
  readonly #framing: Framing
  #standstill: Standstill | undefined
  readonly #guard: TruncationGuard | undefined

  constructor(
    lifetime: Lifetime,
    connection: Connection,
    policy: CheckedConnectionPolicy,
    control: SocketControl,
    framing: Framing,
  ) {
    this.#lifetime = lifetime
    this.#connection = connection
    this.#policy = policy
    this.#control = control
    this.#framing = framing
    lifetime.setHook(this)
    if (policy.onTruncation === 'error') {
      this.#guard = new TruncationGuard(connection, framing, () => control.isActive)
    }
    connection.gate.hold(this)
    standBeforeOwn(connection.handle, 'onerror', this, tlsFailed)
  }

  /** Node is about to tell that TLS has failed; returns whether somebody else has told. */
  tlsFails(error: unknown): boolean {
    const { socket } = this.#connection
    const isToldElsewhere = this.#guard?.tlsFailed(error) === true
    if (!isToldElsewhere && !this.#isLeft()) return false
    // Nobody else hears of it, also when the policy is stopped by then.
    setImmediate(() => socket.destroy())
    return true
  }

  get socket(): TLSSocket {
    return this.#connection.socket
  }

  /** TLSWrap. */
  get handle(): object {
    return this.#connection.handle
  }

  /** From now on Node's own ways hold; a closing that has begun goes on. */
  letGo(): void {
    if (!this.#lifetime.closingHasBegun) this.#connection.gate.open()
  }

  /** Looks after what no event announces; called every `interval` ms. */
  look(interval: number): void {
    const { socket, closing, evidence } = this.#connection
    if (socket.destroyed) return
    if (evidence.hasReadingEnd()) {
      if (this.#hasDiedSilently()) {
        this.tlsDied(interval)
        return
      }
      this.#connection.hearCloseNotify()
    }
    this.#standstill ??= new Standstill()
    const reason = this.#standstill.overdue(this.#connection, this.#policy)
    if (reason !== undefined) (closing ?? this.#newClosing()).giveUp(reason)
  }

  /**
   * Whether the peer has ended TLS in a way that Node does not hear of: in TLS 1.2 a close_notify at level fatal makes
   * OpenSSL read no more and say nothing.
   */
  #hasDiedSilently(): boolean {
    const { socket, evidence, ssl } = this.#connection
    if (socket.destroyed || !ssl.alive() || ssl.getShutdown() === 0) return false
    return evidence.received().kind === 'fatal-alert'
  }

  /** TLS is dead in both directions, and Node leaves TCP open: what has come may still be read, for that many ms. */
  tlsDied(timeToRead = this.#policy.flushTimeout): void {
    const { socket } = this.#connection
    const destroy = () => {
      if (this.#control.isActive) socket.destroy()
    }
    if (socket.readableLength === 0) {
      setImmediate(destroy)
      return
    }
    const deadline = new Deadline(timeToRead, destroy)
    socket.once('close', () => {
      deadline.stop()
    })
  }

  beforeDestroy(error: unknown): Promise<void> | undefined {
    const { socket } = this.#connection
    if (!this.#control.isActive || !this.#alertIsAsked() || !this.#isOrderly(error)) return undefined
    if (!this.#alertMayCome() || isInsideOwnMessage(socket)) return undefined
    // Nothing may reach a handler of http any more.
    const handle = handleOf(socket)
    if (ownerOf(socket) === 'http-server') takeReadingFromHttpServer(socket)
    if (handle !== undefined) dropInput(handle)
    return alertBeforeDestroy(new SocketSide(this.#connection, 'ended'), () => this.#alertWouldBeTrue())
  }

  shownError(error: unknown): unknown {
    if (this.#connection.evidence.tcp.kind === 'reset' && this.#isLeft()) return undefined
    return this.#guard === undefined ? error : this.#guard.shownError(error)
  }

  /** Ends the connection as the policy says, once the program has ended its stream. */
  ended(): void {
    if (!this.#mayBegin()) return
    if (isTelling) tell(this.socket, `the stream has ended: mode ${this.#policy.mode}`)
    this.#begin(this.#newClosing())
  }

  #begin(closing: Closing): void {
    this.#control.closingBegan(closing)
    closing.start(() => {
      this.#control.closingEnded(closing)
    })
  }

  // Everything has drained, and Node asks for FIN; in most closings nothing is left to do but the alert.
  finArrived(): AtTheGate {
    if (!this.#mayBegin()) return this.#lifetime.closingHasBegun ? 'hold' : 'pass'
    if (isTelling) tell(this.socket, `the stream has ended: mode ${this.#policy.mode}`)
    const closing = this.#newClosing()
    if (!this.#lifetime.mayBeInsideHandshake() && closing.runAtOnce()) return 'pass'
    this.#begin(closing)
    return 'hold'
  }

  // Whether destroySoon() has been called, and only our closing keeps the socket from being destroyed: to its owner it is
  // gone, and stock Node would give an error of the peer's to nobody.
  #isLeft(): boolean {
    const { socket } = this.#connection
    if (!this.#control.isActive || !socket.writableEnded || socket.writableLength > 0) return false
    return socket.listeners('finish').some((listener) => listener === Reflect.get(socket, 'destroy'))
  }

  #newClosing(): Closing {
    return new Closing(new SocketSide(this.#connection, 'ended'), this.#control.closingOptions(this.#policy))
  }

  #mayBegin(): boolean {
    const { socket, gate } = this.#connection
    const isOver = this.#lifetime.closingHasBegun || gate.finAt !== undefined || socket.destroyed
    return !isOver && this.#control.isActive
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
    const { closing } = this.#connection
    return this.#policy.onDestroy === 'close_notify' || (closing !== undefined && closing.mode !== 'quiet')
  }

  // Whether it is worth leaving the stack for an alert. In the callback of the handshake the write that TLS has lies in a
  // buffer that nothing can look into, and leaves with the stack; those that wait behind it are lost by destroy(). In a
  // renegotiation OpenSSL gives no alert.
  #alertMayCome(): boolean {
    const { socket, ssl } = this.#connection
    if (this.#lifetime.mayBeInsideHandshake()) return socket.writableLength === (bytesBeingWritten(socket) ?? 0)
    return this.#alertWouldBeTrue() && !ssl.inInit()
  }

  // Whether "this is all" is what a close_notify would say, and somebody is there to hear it.
  #alertWouldBeTrue(): boolean {
    const { ssl, evidence, gate } = this.#connection
    if (!ssl.alive() || gate.finAt !== undefined || evidence.tcp.kind !== 'open') return false
    return evidence.sent().kind === 'nothing' && !evidence.wasCut() && this.#connection.undeliveredBytes() === 0
  }
}

const tlsFailed: StandIn<ControlledSocket> = (controlled, previous, args) => {
  if (controlled.tlsFails(args[0])) return undefined
  const result: unknown = Reflect.apply(previous, controlled.handle, args)
  controlled.tlsDied()
  return result
}
