/** One ClosureControl of a scenario, and what must hold of it when all is over. */
import diagnostics from 'node:diagnostics_channel'
import type { TLSSocket } from 'node:tls'
import {
  type ClosureControl,
  type ClosurePolicy,
  type ClosureReport,
  type ConnectionPolicy,
  closureChannel,
} from '../../../lib/index.js'
import type { PolicyPlan } from './plan.js'
import type { Scene } from './scene.js'

// Messages of the diagnostics channel by socket.
const published = new WeakMap<object, number>()
diagnostics.subscribe(closureChannel, (message) => {
  if (typeof message !== 'object' || message === null || !('socket' in message)) return
  const { socket } = message
  if (typeof socket === 'object' && socket !== null) published.set(socket, (published.get(socket) ?? 0) + 1)
})

export class Controlled {
  readonly control: ClosureControl
  readonly #scene: Scene
  readonly #name: string
  readonly #plan: PolicyPlan
  readonly #abort = new AbortController()
  readonly #overrides = new Map<TLSSocket, ConnectionPolicy | undefined>()
  readonly #secured = new Set<TLSSocket>()
  readonly #reports = new Map<TLSSocket, ClosureReport>()
  #isStopped = false
  #events = 0

  constructor(scene: Scene, name: string, plan: PolicyPlan, start: (policy: ClosurePolicy) => ClosureControl) {
    this.#scene = scene
    this.#name = name
    this.#plan = plan
    const { hasSignal, overrides, ...policy } = plan
    this.control = start({
      ...policy,
      ...(hasSignal && { signal: this.#abort.signal }),
      ...(overrides !== undefined && { perConnection: (socket) => this.#override(socket, overrides) }),
    })
    this.control.on('closure', (report, socket) => this.#closed(report, socket))
  }

  /** The handshake of a connection of this target is done. */
  secured(socket: TLSSocket): void {
    if (!this.#isStopped) this.#secured.add(socket)
  }

  /** Whether this connection is controlled now. */
  controls(socket: TLSSocket): boolean {
    return !this.#isStopped && this.#secured.has(socket)
  }

  /** Whether a cut stream of this connection must fail. Without a socket: of any. */
  demands(socket?: TLSSocket): boolean {
    if (this.#isStopped) return false
    const override = socket === undefined ? undefined : this.#overrides.get(socket)
    return (override?.onTruncation ?? this.#plan.onTruncation) === 'error'
  }

  reportOf(socket: TLSSocket): ClosureReport | undefined {
    return this.#reports.get(socket)
  }

  stop(): void {
    this.#isStopped = true
    this.control.stop()
  }

  abort(): void {
    this.#abort.abort()
  }

  /** Whether nothing is to be waited for. */
  get isQuiet(): boolean {
    const { connections, waiting } = this.control
    if (connections !== 0 || waiting !== 0) return false
    return this.#isStopped || [...this.#secured].every((socket) => this.#reports.has(socket))
  }

  /** When all is over. */
  check(): void {
    const { connections, waiting, waitingRefused, counters } = this.control
    if (connections !== 0) this.#fail(`${connections} connections left`)
    if (waiting !== 0) this.#fail(`${waiting} waiting`)
    if (waitingRefused > 0) this.#scene.count('waiting refused')
    if (waitingRefused > 0 && this.#plan.maxWaiting === undefined) this.#fail(`${waitingRefused} refused to wait`)
    const counted = Object.values(counters).reduce((sum, number) => sum + number, 0)
    if (counted !== this.#events) this.#fail(`${counted} reports counted, ${this.#events} 'closure' events`)
    if (this.#isStopped) return
    for (const socket of this.#secured) {
      if (!this.#reports.has(socket)) this.#fail("no 'closure' event")
    }
  }

  #override(socket: TLSSocket, overrides: readonly (ConnectionPolicy | undefined)[]): ConnectionPolicy | undefined {
    if (this.#overrides.has(socket)) this.#fail('perConnection was called twice for one connection')
    const override = overrides[this.#overrides.size % overrides.length]
    this.#overrides.set(socket, override)
    return override
  }

  #closed(report: ClosureReport, socket: TLSSocket): void {
    this.#events++
    this.#scene.count(`${this.#name} ${report.verdict}`)
    if (this.#reports.has(socket)) this.#fail("two 'closure' events of one connection")
    this.#reports.set(socket, report)
    const { waiting } = this.control
    const limit = this.#plan.maxWaiting ?? 1000
    if (waiting > limit) this.#fail(`${waiting} wait, ${limit} may`)
    // Whether the event or the message is first is not promised.
    setImmediate(() => {
      const messages = published.get(socket) ?? 0
      if (messages !== 1) this.#fail(`${messages} messages on the diagnostics channel`)
    })
    if (JSON.stringify(JSON.parse(JSON.stringify(report))) !== JSON.stringify(report)) this.#fail('not JSON')
  }

  #fail(failure: string): void {
    this.#scene.fail(`${this.#name}: ${failure}`)
  }
}

/** All controls of one side of a scenario: one, or one per socket. */
export class Controls {
  readonly #scene: Scene
  readonly #name: string
  readonly #plan: PolicyPlan | undefined
  readonly #all: Controlled[] = []
  #ofTarget: Controlled | undefined
  readonly #bySocket = new WeakMap<TLSSocket, Controlled>()
  #isStopped = false

  constructor(scene: Scene, name: string, plan: PolicyPlan | undefined) {
    this.#scene = scene
    this.#name = name
    this.#plan = plan
  }

  /** Starts a control, if the plan has a policy for this side. */
  start(start: (policy: ClosurePolicy) => ClosureControl, socket?: TLSSocket): Controlled | undefined {
    if (this.#plan === undefined || this.#isStopped) return undefined
    const controlled = new Controlled(this.#scene, this.#name, this.#plan, start)
    this.#all.push(controlled)
    if (socket === undefined) this.#ofTarget = controlled
    else this.#bySocket.set(socket, controlled)
    return controlled
  }

  secured(socket: TLSSocket): void {
    this.#of(socket)?.secured(socket)
  }

  controls(socket: TLSSocket): boolean {
    return this.#of(socket)?.controls(socket) === true
  }

  demands(socket?: TLSSocket): boolean {
    return this.#of(socket)?.demands(socket) === true
  }

  /** Whether a truncation error may come of this side at all. */
  get mayDemand(): boolean {
    const { onTruncation, overrides } = this.#plan ?? {}
    return onTruncation === 'error' || overrides?.some((override) => override?.onTruncation === 'error') === true
  }

  reportOf(socket: TLSSocket) {
    return this.#of(socket)?.reportOf(socket)
  }

  stop(): void {
    this.#isStopped = true
    for (const controlled of this.#all) controlled.stop()
  }

  abort(): void {
    for (const controlled of this.#all) controlled.abort()
  }

  get isQuiet(): boolean {
    return this.#all.every((controlled) => controlled.isQuiet)
  }

  check(): void {
    for (const controlled of this.#all) controlled.check()
  }

  #of(socket: TLSSocket | undefined): Controlled | undefined {
    return (socket === undefined ? undefined : this.#bySocket.get(socket)) ?? this.#ofTarget
  }
}

/** Whether our side had ended first, in a mode that does not wait, and nothing was under way: the peer may just go. */
export function hadLeft(report: ClosureReport | undefined): boolean {
  if (report?.tcp.kind !== 'fin' || report.began !== 'local') return false
  return report.mode !== 'bidirectional' && (report.tcp.cut ?? 'between-records') === 'between-records'
}
