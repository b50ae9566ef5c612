import type { TLSSocket } from 'node:tls'
import { type NodeSsl, sslOfFinished } from '../native/node-ssl.js'
import { Deadline } from '../deadline.js'
import { Connection, liveHandle } from './connection.js'
import { type AtTheGate, FinGate } from './fin-gate.js'
import { Handshake } from './handshake.js'
import { areReportsHeard, publishFollowed, publishReport } from './published.js'
import { isServerSide, writableStateOf } from './socket-internals.js'
import { type Method, slotOn, standIns } from './stand-ins.js'
import { calledBy, isTelling, tell, tellDestroyed, tellReport } from './story.js'
import type { ClosureFacts } from '../report/facts.js'
import { type ClosureReport, reportOf, type Verdict } from '../report/verdict.js'

/** Who has a say in how a socket ends: a policy, at work on it. */
export interface SocketHook {
  /** The program has called end(); Node has done its part. */
  ended(): void
  /** Before anything of a destruction happens; the socket is destroyed when the promise resolves. */
  beforeDestroy(error: unknown): Promise<void> | undefined
  /** The evidence is complete. Gives the error that the socket shall show. */
  shownError(error: unknown): unknown
}

/** The policy that a socket is under. */
export interface PolicyOnSocket {
  readonly isActive: boolean
  /** Whether it has nothing to do with the socket any more, its report included. */
  readonly hasLeft: boolean
  /** Whether another policy may take the socket: this one is to leave it then. */
  readonly givesWay: boolean
  leave(): void
}

/** Who is told how a socket gets on: a policy, for all of its sockets. */
export interface LifetimeObserver {
  /** The handshake is done. */
  joined(lifetime: Lifetime, connection: Connection): void
  /** The socket is destroyed, in Node's own stack, or when the read that it is destroyed in is left: before anybody hears 'close'. */
  finished(lifetime: Lifetime, verdict: Verdict): void
}

/**
 * The life of a TLS socket: the same object at every call. Taking it changes nothing about how the socket behaves. Whoever
 * knows the socket's SSL gives it away by this call.
 */
export function lifetimeOf(socket: TLSSocket, ssl?: NodeSsl): Lifetime {
  const known = lifetimes.of(socket)
  if (known === undefined) return new Lifetime(socket, ssl)
  ssl?.release()
  return known
}

/** The life of a TLS socket that somebody has taken before. */
export function knownLifetimeOf(socket: TLSSocket): Lifetime | undefined {
  return lifetimes.of(socket)
}

/** One TLS socket from when it is first looked at: it joins its SSL when the handshake is done, and ends in a report. */
export class Lifetime {
  readonly socket: TLSSocket
  connection: Connection | undefined
  /** The socket was made before this module was loaded: nothing is known of it. */
  untracked = false
  /** Set once the socket is destroyed. */
  verdict: Verdict | undefined
  /** What the program has of it. */
  closure: object | undefined
  /** The policy that the socket is under, or was. */
  control: PolicyOnSocket | undefined

  // When it was looked at first, unless that was after the handshake.
  #startedAt: number | undefined
  #hook: SocketHook | undefined
  // Nearly always one: the policy.
  #observer: LifetimeObserver | undefined
  #laterObservers: LifetimeObserver[] | undefined
  // Stands before FIN until the handshake is done.
  #earlyGate: { readonly handle: object; readonly gate: FinGate } | undefined
  #handshake: Handshake | undefined
  #finalReport: ClosureReport | undefined
  #report: Promise<ClosureReport> | undefined

  /** Made by {@link lifetimeOf} only. */
  constructor(socket: TLSSocket, ssl: NodeSsl | undefined) {
    this.socket = socket
    lifetimes.put(socket, this)
    if (socket.destroyed) {
      ssl?.release()
      this.untracked = true
      this.#startedAt = performance.now()
      this.#finish()
      return
    }
    standInsOfSocket(socket, this)
    publishFollowed(socket)
    if (this.#joinWhenSecure(ssl)) return
    this.#startedAt = performance.now()
    if (isTelling) tell(socket, `${isServerSide(socket) ? 'server' : 'client'}, before its handshake`)
  }

  /** The report, once the socket is destroyed. */
  get finalReport(): ClosureReport | undefined {
    if (this.verdict === undefined) return undefined
    this.#finalReport ??= this.connection?.report()
    return this.#finalReport
  }

  /** Whether a closing has been started. */
  get closingHasBegun(): boolean {
    return this.connection?.closing !== undefined
  }

  /** Settles when the socket is destroyed; never rejects. */
  get report(): Promise<ClosureReport> {
    this.#report ??= new Promise((resolve) => {
      const finished = () => {
        const { finalReport } = this
        if (finalReport !== undefined) resolve(finalReport)
      }
      this.observe({ joined: () => undefined, finished })
    })
    return this.#report
  }

  /**
   * From now on that one is told: at once what has been before. Of a socket of which nothing is known, and of a
   * handshake that fails, nobody is told that it joined.
   */
  observe(observer: LifetimeObserver): void {
    if (this.connection !== undefined) observer.joined(this, this.connection)
    if (this.verdict !== undefined) observer.finished(this, this.verdict)
    else if (this.#observer === undefined) this.#observer = observer
    else this.#laterObservers = [...(this.#laterObservers ?? []), observer]
  }

  /** From now on that one is told nothing. */
  forget(observer: LifetimeObserver): void {
    if (this.#observer === observer) this.#observer = undefined
    else this.#laterObservers = this.#laterObservers?.filter((other) => other !== observer)
  }

  /** From now on that policy has a say, in the place of an earlier one. */
  setHook(hook: SocketHook): void {
    if (this.#hook === undefined) standInsForHook(this.socket, this)
    this.#hook = hook
  }

  /**
   * Holds a FIN that the program asks for before the handshake is done: it would go into the handshake, bare. Without a
   * handshake in that many ms it goes all the same. Whoever is told that the socket joined has to let it go.
   */
  holdFinInHandshake(budget: number): void {
    const { socket } = this
    // Node may take another handle until TCP is connected, and asks for no FIN before.
    if (socket.connecting) {
      socket.prependOnceListener('connect', () => {
        this.holdFinInHandshake(budget)
      })
      return
    }
    const handle = liveHandle(socket)
    if (handle === undefined || this.connection !== undefined || this.#earlyGate !== undefined) return
    const gate = new FinGate(handle)
    this.#earlyGate = { handle, gate }
    const finArrived = (): AtTheGate => {
      const deadline = new Deadline(budget, () => {
        this.letFinGoInHandshake()
      })
      const stop = (): void => {
        deadline.stop()
      }
      socket.once('secure', stop).once('close', stop)
      return 'hold'
    }
    gate.hold({ finArrived })
  }

  /** Takes holdFinInHandshake() back. */
  letFinGoInHandshake(): void {
    this.#earlyGate?.gate.release()
  }

  /** From now on lookAtHandshake() knows what becomes of the handshake, unless that is done. */
  watchHandshake(): void {
    if (this.connection === undefined && !this.untracked) this.#handshake ??= new Handshake(this.socket)
  }

  /** Ends a handshake that the peer has cut off, as far as Node has not; to be called now and then. */
  lookAtHandshake(): void {
    this.#handshake?.look()
  }

  /** Whether the stack may be inside OpenSSL's handshake: {@link Connection.mayBeInsideHandshake}. */
  mayBeInsideHandshake(): boolean {
    return this.connection?.mayBeInsideHandshake() === true
  }

  /** The program has called end(). */
  ended(): void {
    this.#hook?.ended()
  }

  /** Somebody destroys the socket; `destroy` is Node's own `_destroy`. */
  destroying(previous: Method, [error, callback]: readonly unknown[]): unknown {
    this.connection?.destructionBegins(error)
    const before = this.#hook?.beforeDestroy(error)
    if (before === undefined) return this.#destroy(previous, error, callback)
    void before.then(() => this.#destroy(previous, error, callback))
    return undefined
  }

  #destroy(previous: Method, error: unknown, callback: unknown): unknown {
    if (isTelling) tellDestroyed(this.socket, error)
    const finishLater = this.connection?.destroying(error) === 'inside-read' ? this.#finishOutsideRead() : undefined
    const finish = (...args: readonly unknown[]) => {
      if (finishLater === undefined) this.#finish()
      else finishLater()
      if (typeof callback === 'function') Reflect.apply(callback, undefined, args)
    }
    const shown = this.#hook === undefined ? error : this.#hook.shownError(error)
    return Reflect.apply(previous, this.socket, [shown, finish])
  }

  // The facts are complete when the read that is on the stack is left; what it gives is to be called when Node has destroyed
  // the socket. Asked before Node does that: over a stream of JavaScript it has 'close' told in a setImmediate.
  #finishOutsideRead(): () => void {
    let isLeft = false
    let isDestroyed = false
    const left = () => {
      isLeft = true
      if (isDestroyed) this.#finish()
    }
    setImmediate(left)
    // In whatever phase of the loop this is: nobody hears 'close' before.
    this.socket.prependOnceListener('close', left)
    return () => {
      isDestroyed = true
      if (isLeft) this.#finish()
    }
  }

  // Whether it has joined, as far as it ever will.
  #joinWhenSecure(ssl?: NodeSsl): boolean {
    if (this.#join(ssl)) return !this.untracked
    // First in line: whoever else waits for 'secure' may close the socket.
    this.socket.prependOnceListener('secure', () => {
      this.#joinWhenSecure()
    })
    return false
  }

  // Joins the socket with its SSL. False while the handshake is going on, and 'secure' is still to come: with both
  // Finished messages there, what OpenSSL is in is a session ticket or a renegotiation.
  #join(given: NodeSsl | undefined): boolean {
    const { socket } = this
    const known = given ?? this.#handshake?.takeSsl()
    const handle = liveHandle(socket)
    let ssl = handle && known
    let status = ssl?.status()
    if (handle !== undefined && status === undefined) {
      const found = this.#findSsl()
      ssl = found?.ssl
      status = found?.status
    }
    if (ssl !== known) known?.release()
    if (handle === undefined || ssl === undefined || status === undefined) return this.untracked
    if (status.inInit && socket.getPeerFinished() === undefined) {
      ssl.release()
      return false
    }
    const gate = this.#earlyGate?.handle === handle ? this.#earlyGate.gate : undefined
    const connection = new Connection(socket, handle, ssl, status, gate)
    this.connection = connection
    this.#handshake = undefined
    if (isTelling) tell(socket, `handshake done: ${calledBy(socket, connection.side, connection.protocol)}`)
    this.#observer?.joined(this, connection)
    for (const observer of this.#laterObservers ?? []) observer.joined(this, connection)
    return true
  }

  // By its Finished message, which there is before the handshake is done.
  #findSsl(): ReturnType<typeof sslOfFinished> {
    const finished = this.socket.getFinished()
    if (finished === undefined || finished === null) return undefined
    const found = sslOfFinished(finished)
    this.untracked = found === undefined
    return found
  }

  #finish(): void {
    if (this.verdict !== undefined) return
    this.#handshake?.takeSsl()?.release()
    if (this.connection !== undefined) this.verdict = this.connection.settle()
    else {
      const handshake = this.untracked ? 'untracked' : 'not-completed'
      this.#finalReport = reportOf(factsWithoutConnection(this.socket, handshake, this.#startedAt ?? performance.now()))
      this.verdict = this.#finalReport.verdict
    }
    if (isTelling && this.finalReport !== undefined) tellReport(this.socket, this.finalReport)
    this.#observer?.finished(this, this.verdict)
    for (const observer of this.#laterObservers ?? []) observer.finished(this, this.verdict)
    this.#publish()
  }

  // What a policy follows it reports itself; what the program has asked about is reported here.
  #publish(): void {
    const isReported = this.control?.hasLeft === false
    if (this.closure === undefined || isReported || !areReportsHeard()) return
    const { finalReport: report, socket } = this
    if (report !== undefined) publishReport({ report, socket, target: undefined })
  }
}

// A proxy of a socket, and what inherits from it, have its state too, and are the same life.
const lifetimes = slotOn<Lifetime>(writableStateOf)

const standInsOfSocket = standIns(lifetimes, {
  _destroy: (lifetime, previous, args) => lifetime.destroying(previous, args),
  push: ({ socket, connection }, previous, args) =>
    connection === undefined ? Reflect.apply(previous, socket, args) : connection.pushing(previous, args),
})

const standInsForHook = standIns(lifetimes, {
  end: (lifetime, previous, args) => {
    const result: unknown = Reflect.apply(previous, lifetime.socket, args)
    if (lifetime.socket.writableEnded) lifetime.ended()
    return result
  },
})

/** The report of a server's connection that failed in its handshake, for a socket that nobody has looked at before. */
export function failedHandshakeReport(socket: TLSSocket): ClosureReport {
  const report = reportOf(factsWithoutConnection(socket, 'not-completed', performance.now()))
  if (isTelling) tellReport(socket, report)
  return report
}

function factsWithoutConnection(
  socket: TLSSocket,
  handshake: 'untracked' | 'not-completed',
  startedAt: number,
): ClosureFacts {
  return {
    side: isServerSide(socket) ? 'server' : 'client',
    handshake,
    mode: 'uncontrolled',
    quiet: false,
    sent: { kind: 'unobserved' },
    received: { kind: 'unobserved' },
    tcp: { kind: 'open' },
    waitRefused: false,
    began: 'local',
    discardedBytes: 0,
    surplusBytes: 0,
    alerts: [],
    startedAt,
    endedAt: performance.now(),
  }
}
