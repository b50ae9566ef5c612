import type { TLSSocket } from 'node:tls'
import type { Closing } from '../closing/closing.js'
import { ControlledSocket, type Supervisor } from './controlled-socket.js'
import type { Framing } from './framing.js'
import { knownLifetimeOf, lifetimeOf } from '../closure/lifetime.js'
import { type CheckedPolicy, connectionPolicy } from './policy.js'
import { type ClosureReport, noReports, type Verdict } from '../report/verdict.js'

/** Whether a socket is under a policy that has not been stopped. */
export function isSupervised(socket: TLSSocket): boolean {
  return knownLifetimeOf(socket)?.supervisor?.isActive === true
}

/** A policy at work on the sockets of one target. */
export class Supervision implements Supervisor {
  readonly policy: CheckedPolicy
  readonly counters: Record<Verdict, number> = noReports()
  isActive = true
  connections = 0
  waiting = 0
  waitingRefused = 0
  /** Takes away what stands on the target. */
  onStop: () => void = () => undefined

  readonly #framing: Framing
  readonly #onReport: (report: ClosureReport, socket: TLSSocket) => void
  readonly #sockets = new Set<ControlledSocket>()
  readonly #closings = new Set<Closing>()
  #lookout: NodeJS.Timeout | undefined

  constructor(policy: CheckedPolicy, framing: Framing, onReport: (report: ClosureReport, socket: TLSSocket) => void) {
    this.policy = policy
    this.#framing = framing
    this.#onReport = onReport
    policy.signal?.addEventListener('abort', this.#abortClosings)
  }

  /** Lays the policy on a socket, unless it is under another one. */
  take(socket: TLSSocket): void {
    if (!this.isActive) return
    const lifetime = lifetimeOf(socket)
    if (lifetime.supervisor?.isActive === true) return
    lifetime.supervisor = this
    this.connections++
    let controlled: ControlledSocket | undefined
    lifetime.whenFinished((report) => {
      // At once: who hears that a server is closed may ask.
      this.connections--
      if (controlled !== undefined) this.#sockets.delete(controlled)
      // There was no TLS connection to close.
      if (report.verdict === 'no-handshake') return
      this.counters[report.verdict]++
      this.#onReport(report, socket)
    })
    lifetime.whenJoined((connection) => {
      if (!this.isActive) return
      const policy = connectionPolicy(this.policy, socket)
      controlled = new ControlledSocket(lifetime, connection, policy, this, this.#framing)
      this.#sockets.add(controlled)
      if (connection.protocol !== 'TLSv1.3') this.#lookOut()
    })
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
    this.#sockets.clear()
    this.policy.signal?.removeEventListener('abort', this.#abortClosings)
  }

  enter(): boolean {
    if (this.waiting >= this.policy.maxWaiting) {
      this.waitingRefused++
      return false
    }
    this.waiting++
    return true
  }

  leave(): void {
    this.waiting--
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

  // Before TLS 1.3 a connection can die without any event: it is looked at now and then.
  #lookOut(): void {
    const interval = Math.max(1, Math.floor(this.policy.flushTimeout / 2))
    this.#lookout ??= setTimeout(() => {
      this.#lookout = undefined
      for (const socket of this.#sockets) {
        if (socket.hasDiedSilently()) socket.tlsDied(interval)
      }
      if (this.#sockets.size > 0) this.#lookOut()
    }, interval).unref()
  }
}
