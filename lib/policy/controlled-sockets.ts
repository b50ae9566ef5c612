import type { TLSSocket } from 'node:tls'
import type { Closing } from '../closing/closing.js'
import type { ClosingOptions } from '../closing/options.js'
import { WaitingRoom } from '../closing/waiting-room.js'
import { ControlledSocket, type SocketControl } from './controlled-socket.js'
import type { Framing } from './framing.js'
import { failedHandshakeReport, knownLifetimeOf, type Lifetime, lifetimeOf } from '../closure/lifetime.js'
import { type CheckedConnectionPolicy, type CheckedPolicy, connectionPolicy } from './policy.js'
import { type ClosureReport, noReports, type Verdict } from '../report/verdict.js'

/** Whether a socket is under a policy that has not been stopped. */
export function isControlled(socket: TLSSocket): boolean {
  return knownLifetimeOf(socket)?.control?.isActive === true
}

/** The sockets of one target, and the policy at work on them. */
export class ControlledSockets implements SocketControl {
  readonly policy: CheckedPolicy
  readonly counters: Record<Verdict, number> = noReports()
  isActive = true
  connections = 0
  readonly waitingRoom: WaitingRoom
  /** Takes away what stands on the target. */
  onStop: () => void = () => undefined

  readonly #framing: Framing
  readonly #onReport: (report: ClosureReport, socket: TLSSocket) => void
  readonly #sockets = new Set<ControlledSocket>()
  readonly #inHandshake = new Set<Lifetime>()
  readonly #closings = new Set<Closing>()
  #lookout: NodeJS.Timeout | undefined

  constructor(policy: CheckedPolicy, framing: Framing, onReport: (report: ClosureReport, socket: TLSSocket) => void) {
    this.policy = policy
    this.waitingRoom = new WaitingRoom(policy.maxWaiting)
    this.#framing = framing
    this.#onReport = onReport
    policy.signal?.addEventListener('abort', this.#abortClosings)
  }

  /** Lays the policy on a socket, unless it is under another one. */
  take(socket: TLSSocket): void {
    if (!this.isActive) return
    const lifetime = lifetimeOf(socket)
    if (lifetime.control?.isActive === true) return
    lifetime.control = this
    this.connections++
    lifetime.holdFinInHandshake(this.policy.flushTimeout)
    lifetime.watchHandshake()
    this.#inHandshake.add(lifetime)
    this.#lookOut()
    let controlled: ControlledSocket | undefined
    lifetime.whenFinished((report) => {
      // At once: who hears that a server is closed may ask.
      this.connections--
      this.#inHandshake.delete(lifetime)
      if (controlled !== undefined) this.#sockets.delete(controlled)
      this.#report(report, socket)
    })
    lifetime.whenJoined((connection) => {
      this.#inHandshake.delete(lifetime)
      if (!this.isActive) return
      const policy = connectionPolicy(this.policy, socket)
      controlled = new ControlledSocket(lifetime, connection, policy, this, this.#framing)
      this.#sockets.add(controlled)
      this.#lookOut()
    })
  }

  /** A server's connection failed in its handshake, before there was a socket to take. */
  handshakeFailed(socket: TLSSocket): void {
    if (this.isActive) this.#report(failedHandshakeReport(socket), socket)
  }

  /** The sockets whose closing is under way. */
  get closingSockets(): readonly TLSSocket[] {
    return [...this.#sockets].map(({ socket }) => socket).filter((socket) => lifetimeOf(socket).closingHasBegun)
  }

  /** Ends the policy; closings that have begun go on. The second call does nothing. */
  stop(): void {
    if (!this.isActive) return
    this.isActive = false
    this.onStop()
    clearTimeout(this.#lookout)
    for (const socket of this.#sockets) socket.letGo()
    for (const lifetime of this.#inHandshake) lifetime.letFinGoInHandshake()
    this.#sockets.clear()
    this.#inHandshake.clear()
    this.policy.signal?.removeEventListener('abort', this.#abortClosings)
  }

  closingOptions({ mode, flushTimeout, waitTimeout, maxDiscardBytes }: CheckedConnectionPolicy): ClosingOptions {
    return {
      mode,
      flushBudget: 'while-stalled',
      flushTimeout,
      waitTimeout,
      maxDiscardBytes,
      onData: undefined,
      afterwards: 'fin',
      signal: undefined,
      waitingRoom: this.waitingRoom,
    }
  }

  closingBegan(closing: Closing): void {
    this.#closings.add(closing)
    if (this.policy.signal?.aborted === true) closing.abort()
  }

  closingEnded(closing: Closing): void {
    this.#closings.delete(closing)
  }

  readonly #abortClosings = (): void => {
    for (const closing of this.#closings) closing.abort()
  }

  #report(report: ClosureReport, socket: TLSSocket): void {
    this.counters[report.verdict]++
    this.#onReport(report, socket)
  }

  // No event announces that a connection has died, or that nothing happens on it.
  #lookOut(): void {
    const interval = Math.max(1, Math.min(longestInterval, Math.floor(this.policy.flushTimeout / 2)))
    this.#lookout ??= setTimeout(() => {
      this.#lookout = undefined
      for (const socket of this.#sockets) socket.look(interval)
      for (const lifetime of this.#inHandshake) lifetime.lookAtHandshake()
      if (this.#sockets.size + this.#inHandshake.size > 0) this.#lookOut()
    }, interval).unref()
  }
}

// ms between two looks at every socket; a look at one that is idle costs about a microsecond.
const longestInterval = 1000
