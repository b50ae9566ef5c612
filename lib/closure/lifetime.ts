import type { TLSSocket } from 'node:tls'
import { leaveStack } from '../closing/turns.js'
import { findSsl } from '../native/addon.js'
import { Connection, liveHandle } from './connection.js'
import { FinGate } from './fin-gate.js'
import { Handshake } from './handshake.js'
import { isServerSide, wrapMethod } from './socket-internals.js'
import type { ClosureFacts } from '../report/facts.js'
import { type ClosureReport, reportOf } from '../report/verdict.js'

/** Who has a say in how a socket is destroyed: a policy. */
export interface DestroyHook {
  /** Before anything happens; the socket is destroyed when the promise resolves. */
  before(error: unknown): Promise<void> | undefined
  /** The evidence is complete. Gives the error that the socket shall show. */
  shownError(error: unknown): unknown
}

const lifetimes = new WeakMap<TLSSocket, Lifetime>()

/** The life of a TLS socket: the same object at every call. Taking it changes nothing about how the socket behaves. */
export function lifetimeOf(socket: TLSSocket): Lifetime {
  const known = lifetimes.get(socket)
  if (known !== undefined) return known
  const lifetime = new Lifetime(socket)
  lifetimes.set(socket, lifetime)
  return lifetime
}

/** The life of a TLS socket that somebody has taken before. */
export function knownLifetimeOf(socket: TLSSocket): Lifetime | undefined {
  return lifetimes.get(socket)
}

/** One TLS socket from when it is first looked at: it joins its SSL when the handshake is done, and ends in a report. */
export class Lifetime {
  readonly socket: TLSSocket
  connection: Connection | undefined
  /** The socket was made before this module was loaded: nothing is known of it. */
  untracked = false
  finalReport: ClosureReport | undefined
  destroyHook: DestroyHook | undefined
  /** The control of the policy that the socket is under, or was. */
  control: { readonly isActive: boolean } | undefined

  readonly #startedAt = performance.now()
  // Bytes that the socket had written when it joined its SSL, in the turn in which it did.
  #bytesWhenJoined: number | undefined
  // Stands before FIN until the handshake is done.
  #earlyGate: { readonly handle: object; readonly gate: FinGate } | undefined
  #handshake: Handshake | undefined
  #onJoined: ((connection: Connection) => void)[] = []
  #onFinished: ((report: ClosureReport) => void)[] = []
  #report: Promise<ClosureReport> | undefined

  /** Made by {@link lifetimeOf} only. */
  constructor(socket: TLSSocket) {
    this.socket = socket
    if (socket.destroyed) {
      this.untracked = true
      this.#finish()
      return
    }
    wrapMethod(socket, '_destroy', (previous, [error, callback]) => {
      const destroy = () => {
        this.connection?.destroying(error, this.mayBeInsideHandshake())
        const finish = (...args: unknown[]) => {
          this.#finish()
          if (typeof callback === 'function') Reflect.apply(callback, undefined, args)
        }
        return previous([this.destroyHook === undefined ? error : this.destroyHook.shownError(error), finish])
      }
      const before = this.destroyHook?.before(error)
      if (before === undefined) return destroy()
      void before.then(destroy)
      return undefined
    })
    this.#joinWhenSecure()
  }

  /** Whether a closing has been started. */
  get closingHasBegun(): boolean {
    return this.connection?.closing !== undefined
  }

  /** Settles when the socket is destroyed; never rejects. */
  get report(): Promise<ClosureReport> {
    this.#report ??= new Promise((resolve) => {
      this.whenFinished(resolve)
    })
    return this.#report
  }

  /** Calls back when the handshake is done, at once if it is. Never, when it fails or nothing is known of the socket. */
  whenJoined(callback: (connection: Connection) => void): void {
    if (this.connection !== undefined) callback(this.connection)
    else this.#onJoined.push(callback)
  }

  /**
   * Holds a FIN that the program asks for before the handshake is done: it would go into the handshake, bare. Without a
   * handshake in that many ms it goes all the same. Whoever is called by whenJoined() has to let it go.
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
    gate.hold(() => {
      const timer = setTimeout(() => {
        this.letFinGoInHandshake()
      }, budget).unref()
      socket.once('secure', () => {
        clearTimeout(timer)
      })
      socket.once('close', () => {
        clearTimeout(timer)
      })
      return 'hold'
    })
  }

  /** Takes holdFinInHandshake() back. */
  letFinGoInHandshake(): void {
    void this.#earlyGate?.gate.release()
  }

  /** From now on lookAtHandshake() knows what becomes of the handshake, unless that is done. */
  watchHandshake(): void {
    if (this.connection === undefined && !this.untracked) this.#handshake ??= new Handshake(this.socket)
  }

  /** Ends a handshake that the peer has cut off, as far as Node has not; to be called now and then. */
  lookAtHandshake(): void {
    this.#handshake?.look()
  }

  /** Calls back with the report when the socket is destroyed, in Node's own stack: before anybody hears 'close'. */
  whenFinished(callback: (report: ClosureReport) => void): void {
    if (this.finalReport !== undefined) callback(this.finalReport)
    else this.#onFinished.push(callback)
  }

  /**
   * Whether a callback of Node's handshake may still be on the stack, inside OpenSSL: in the turn in which the socket
   * joined its SSL, until something written has left, for Node completes no write in the stack of another thing.
   */
  mayBeInsideHandshake(): boolean {
    if (this.#bytesWhenJoined === undefined) return false
    const { bytesWritten, writableLength } = this.socket
    return writableLength > 0 || bytesWritten === this.#bytesWhenJoined
  }

  /** The turn in which the socket joined its SSL is over. */
  turnEnded(): void {
    this.#bytesWhenJoined = undefined
  }

  #joinWhenSecure(): void {
    if (this.#join()) return
    // First in line: whoever else waits for 'secure' may close the socket.
    this.socket.prependOnceListener('secure', () => {
      this.#joinWhenSecure()
    })
  }

  // Joins the socket with its SSL, by its Finished message. False while the handshake is going on, and 'secure' is still
  // to come: with both Finished messages there, what OpenSSL is in is a session ticket or a renegotiation.
  #join(): boolean {
    const { socket } = this
    const handle = liveHandle(socket)
    const finished = handle === undefined ? undefined : socket.getFinished()
    if (handle === undefined || finished === undefined || finished === null) return false
    const ssl = findSsl(finished)
    if (ssl === undefined) {
      this.untracked = true
      return true
    }
    if (ssl.inInit() && socket.getPeerFinished() === undefined) return false
    const gate = this.#earlyGate?.handle === handle ? this.#earlyGate.gate : undefined
    const connection = new Connection(socket, handle, ssl, gate)
    connection.gate.delay = () => this.#delayOfBareFin(connection)
    this.connection = connection
    this.#handshake = undefined
    this.#bytesWhenJoined = socket.bytesWritten
    afterThisTurn(this)
    for (const callback of this.#onJoined) callback(connection)
    this.#onJoined = []
    return true
  }

  // In the callback of the handshake a server's session tickets of TLS 1.3 are still to be written. A bare FIN would
  // overtake them: they would be lost, and over a Duplex Node would abort, for it asserts that nothing follows FIN.
  #delayOfBareFin({ ssl }: Connection): Promise<boolean> | undefined {
    if (!ssl.alive() || !ssl.getQuietShutdown()) return undefined
    if (!this.mayBeInsideHandshake() && !ssl.insideCallback()) return undefined
    return leaveStack().then(() => !this.socket.destroyed)
  }

  #finish(): void {
    if (this.finalReport !== undefined) return
    const handshake = this.untracked ? 'untracked' : 'not-completed'
    const facts = this.connection?.facts() ?? factsWithoutConnection(this.socket, handshake, this.#startedAt)
    this.finalReport = reportOf(facts)
    for (const callback of this.#onFinished) callback(this.finalReport)
    this.#onFinished = []
  }
}

/** The report of a server's connection that failed in its handshake, for a socket that nobody has looked at before. */
export function failedHandshakeReport(socket: TLSSocket): ClosureReport {
  return reportOf(factsWithoutConnection(socket, 'not-completed', performance.now()))
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

let joinedInThisTurn: Lifetime[] = []

function afterThisTurn(lifetime: Lifetime): void {
  if (joinedInThisTurn.push(lifetime) > 1) return
  setImmediate(() => {
    const joined = joinedInThisTurn
    joinedInThisTurn = []
    for (const one of joined) one.turnEnded()
  }).unref()
}
