import type { TLSSocket } from 'node:tls'
import type { Closing } from '../closing/closing.js'
import type { ClosingOptions } from '../closing/options.js'
import { WaitingRoom } from '../closing/waiting-room.js'
import type { Connection } from '../closure/connection.js'
import { Deadline } from '../deadline.js'
import { ControlledSocket, type SocketControl } from './controlled-socket.js'
import type { Framing } from './framing.js'
import type { HandshakeObserver } from './handshake-watch.js'
import type { NodeSsl } from '../native/node-ssl.js'
import {
  failedHandshakeReport,
  knownLifetimeOf,
  type Lifetime,
  type LifetimeObserver,
  lifetimeOf,
  type PolicyOnSocket,
} from '../closure/lifetime.js'
import { type CheckedConnectionPolicy, type CheckedPolicy, connectionPolicy } from './policy.js'
import { type OnRoll, Roll } from './roll.js'
import { type ClosureReport, noReports, type Verdict } from '../report/verdict.js'

/** A socket's report, which is made when somebody reads it. */
interface Reported {
  readonly socket: TLSSocket
  readonly finalReport: ClosureReport | undefined
}

export type OnReport = (reported: Reported) => void

/** Whether a socket is under a policy that has not been stopped. */
export function isControlled(socket: TLSSocket): boolean {
  return knownLifetimeOf(socket)?.control?.isActive === true
}

/** The same, of a policy that does not give way to another one. */
export function isControlledForGood(socket: TLSSocket): boolean {
  const control = knownLifetimeOf(socket)?.control
  return control?.isActive === true && !control.givesWay
}

/** What the sockets of one policy have in common. */
export interface SocketsOptions {
  readonly policy: CheckedPolicy
  readonly framing: Framing
  readonly onReport: OnReport
  /** Whether another policy may take a socket from this one: the policy of a process is there for what has no other. */
  readonly givesWay?: boolean
  /** The policy of one connection, once its handshake is done; `off` leaves it as Node has it. */
  readonly policyOf?: (socket: TLSSocket) => CheckedConnectionPolicy | 'off'
}

/** The sockets of one target, and the policy at work on them. */
export class ControlledSockets implements LifetimeObserver, HandshakeObserver {
  readonly policy: CheckedPolicy
  readonly givesWay: boolean
  readonly counters: Record<Verdict, number> = noReports()
  isActive = true
  connections = 0
  readonly waitingRoom: WaitingRoom
  /** Takes away what stands on the target. */
  onStop: () => void = () => undefined
  /** A connection is gone, or under another policy. */
  onGone: () => void = () => undefined

  readonly #framing: Framing
  readonly #onReport: OnReport
  readonly #policyOf: (socket: TLSSocket) => CheckedConnectionPolicy | 'off'
  readonly #places = new Roll<Place>()
  readonly #closings = new Set<Closing>()
  #lookout: Deadline | undefined
  #options: ClosingOptions | undefined

  constructor({ policy, framing, onReport, givesWay = false, policyOf }: SocketsOptions) {
    this.policy = policy
    this.givesWay = givesWay
    this.waitingRoom = new WaitingRoom(policy.maxWaiting)
    this.#framing = framing
    this.#onReport = onReport
    this.#policyOf = policyOf ?? ((socket) => connectionPolicy(policy, socket))
    policy.signal?.addEventListener('abort', this.#abortClosings)
  }

  handshakeDone(socket: TLSSocket, ssl: NodeSsl | undefined): void {
    this.take(socket, ssl)
  }

  /**
   * Lays the policy on a socket, unless it is under another one that does not give way to this one. Whoever knows its SSL
   * gives that away by this call.
   */
  take(socket: TLSSocket, ssl?: NodeSsl): void {
    if (!this.isActive) {
      ssl?.release()
      return
    }
    const lifetime = lifetimeOf(socket, ssl)
    const { control } = lifetime
    if (control?.isActive === true) {
      if (this.givesWay || !control.givesWay) return
      control.leave()
    }
    const place = new Place(this, lifetime)
    lifetime.control = place
    this.#places.add(place)
    this.connections++
    if (lifetime.connection === undefined) {
      lifetime.holdFinInHandshake(this.policy.flushTimeout)
      lifetime.watchHandshake()
    }
    lifetime.observe(this)
    // It has joined before, and its policy is to leave it alone.
    if (place.hasLeft) lifetime.forget(this)
    else this.#lookOut()
  }

  joined(lifetime: Lifetime, connection: Connection): void {
    const place = this.#placeOf(lifetime)
    if (place?.isActive !== true) return
    const policy = this.#policyOf(lifetime.socket)
    if (policy === 'off') {
      place.leave()
      connection.gate.release()
    } else place.controlled = new ControlledSocket(lifetime, connection, policy, place, this.#framing)
  }

  /** Another policy has one of the sockets from now on, or none has. */
  left(place: Place): void {
    this.connections--
    this.#places.remove(place)
    place.lifetime.forget(this)
    this.onGone()
  }

  finished(lifetime: Lifetime, verdict: Verdict): void {
    // At once: who hears that a server is closed may ask.
    this.connections--
    const place = this.#placeOf(lifetime)
    if (place !== undefined) this.#places.remove(place)
    this.counters[verdict]++
    this.#onReport(lifetime)
    this.onGone()
  }

  /** A server's connection failed in its handshake, before there was a socket to take. */
  handshakeFailed(socket: TLSSocket): void {
    if (!this.isActive) return
    const report = failedHandshakeReport(socket)
    this.counters[report.verdict]++
    this.#onReport({ socket, finalReport: report })
  }

  #placeOf({ control }: Lifetime): Place | undefined {
    return control instanceof Place && control.sockets === this ? control : undefined
  }

  /** The sockets whose closing is under way. */
  get closingSockets(): readonly TLSSocket[] {
    return [...this.#places].filter(({ lifetime }) => lifetime.closingHasBegun).map(({ lifetime }) => lifetime.socket)
  }

  /** Ends the policy; closings that have begun go on. The second call does nothing. */
  stop(): void {
    if (!this.isActive) return
    this.isActive = false
    this.onStop()
    this.#lookout?.stop()
    for (const place of this.#places) {
      if (place.controlled === undefined) place.lifetime.letFinGoInHandshake()
      else place.controlled.letGo()
      this.#places.remove(place)
    }
    this.policy.signal?.removeEventListener('abort', this.#abortClosings)
  }

  closingOptions(policy: CheckedConnectionPolicy): ClosingOptions {
    // Nearly all connections have the policy of the target, and with it the same options.
    if (policy !== this.policy) return this.#newOptions(policy)
    this.#options ??= this.#newOptions(policy)
    return this.#options
  }

  #newOptions({ mode, flushTimeout, waitTimeout, maxDiscardBytes }: CheckedConnectionPolicy): ClosingOptions {
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

  // No event announces that a connection has died, or that nothing happens on it.
  #lookOut(): void {
    const interval = intervalOf(this.policy)
    this.#lookout ??= new Deadline(interval, () => {
      this.#lookout = undefined
      for (const { lifetime, controlled } of this.#places) {
        if (controlled === undefined) lifetime.lookAtHandshake()
        else controlled.look(interval)
      }
      if (!this.#places.isEmpty) this.#lookOut()
    })
  }
}

/** One socket's place among those of its target. */
class Place implements OnRoll<Place>, PolicyOnSocket, SocketControl {
  readonly sockets: ControlledSockets
  readonly lifetime: Lifetime
  /** From when the handshake is done. */
  controlled: ControlledSocket | undefined
  before: Place | undefined
  after: Place | undefined
  isOn = false
  hasLeft = false

  constructor(sockets: ControlledSockets, lifetime: Lifetime) {
    this.sockets = sockets
    this.lifetime = lifetime
  }

  get isActive(): boolean {
    return !this.hasLeft && this.sockets.isActive
  }

  get givesWay(): boolean {
    return this.sockets.givesWay
  }

  leave(): void {
    this.hasLeft = true
    // In a handshake FIN is held on, for whoever comes.
    this.controlled?.letGo()
    this.sockets.left(this)
  }

  closingOptions(policy: CheckedConnectionPolicy): ClosingOptions {
    return this.sockets.closingOptions(policy)
  }

  closingBegan(closing: Closing): void {
    this.sockets.closingBegan(closing)
  }

  closingEnded(closing: Closing): void {
    this.sockets.closingEnded(closing)
  }
}

// ms between two looks at every socket; a look at one that is idle costs about a microsecond.
const longestInterval = 1000

// A budget ends at the first look after it, and begins at the first look that finds the socket still: so often that it is
// not much longer than it was asked to be.
function intervalOf({ flushTimeout, lingerTimeout }: CheckedConnectionPolicy): number {
  const linger = lingerTimeout === 'off' ? Infinity : lingerTimeout / 4
  return Math.max(1, Math.floor(Math.min(longestInterval, flushTimeout / 2, linger)))
}
