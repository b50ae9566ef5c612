import { EventEmitter } from 'node:events'
import type { Agent } from 'node:http'
import { Server, TLSSocket } from 'node:tls'
import { types } from 'node:util'
import { ClosureError, errorOf } from '../errors.js'
import { requireRuntime } from '../native/addon.js'
import { shown } from '../options.js'
import { type AgentLike, isAgent, watchAgent } from './agents.js'
import { unfinished } from './framing.js'
import { guardRequests } from './http-server.js'
import { lifetimeOf } from '../closure/lifetime.js'
import { areReportsHeard, type PublishedReport, publishReport } from '../closure/published.js'
import { checkDrainOptions, type Drained, type DrainOptions, Drains } from './drains.js'
import { checkPolicy, type ClosurePolicy } from './policy.js'
import { serverOf } from '../closure/socket-internals.js'
import { ControlledSockets, isControlledForGood, type OnReport } from './controlled-sockets.js'
import { type ClosureReport, sumOfReports, type Verdict } from '../report/verdict.js'
import { watchServer } from './watched-servers.js'

/**
 * The targets that a policy can be laid on. https's servers and the secure ones of http2 are `tls.Server` too; an agent is
 * https's, or another library's that makes TLS sockets. Node's own http.Agent makes none, and is refused.
 */
export type ClosureTarget = Server | Agent | AgentLike | TLSSocket

/** The message that `closureChannel` publishes. */
export interface ClosureMessage extends PublishedReport {
  readonly target: ClosureTarget | undefined
}

const controls = new WeakMap<ClosureTarget, ClosureControl>()

/**
 * Lays a policy on a server, an agent or one socket: unmodified programs on top of it close as told, and, with
 * `onTruncation: 'error'`, never take a cut message for a whole one.
 *
 * - A server (tls, https, http2): every connection whose handshake is done from now on.
 * - An agent, https's or one with ways of its own to make sockets, such as those of https-proxy-agent and agentkeepalive:
 *   every TLS connection that it makes from now on.
 * - A TLSSocket: itself, before its handshake too. http2's `session.socket` is a stand-in: take the socket of
 *   `createConnection` there.
 *
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT for another target, an unknown option or a wrong value;
 * ERR_CLOSURE_CONTROLLED for a target that is under a policy already: stop that one first; for a socket also
 * ERR_CLOSURE_CLOSED and ERR_CLOSURE_UNTRACKED; ERR_CLOSURE_UNSUPPORTED_RUNTIME; ERR_CLOSURE_LOAD_FAILED
 * @see SSL_shutdown(3), RFC 8446 section 6.1
 */
export function controlClosure(target: ClosureTarget, policy?: ClosurePolicy): ClosureControl {
  requireRuntime()
  const checked = checkPolicy(policy)
  checkTarget(target)
  const control = new ClosureControl(target, (onReport) => {
    const sockets = new ControlledSockets({ policy: checked, framing: unfinished, onReport })
    if (target instanceof TLSSocket) sockets.take(target)
    else if (target instanceof Server) sockets.onStop = watchServer(target, sockets).end
    else {
      sockets.onStop = watchAgent(target, (socket) => {
        sockets.take(socket)
      })
    }
    return [sockets]
  })
  controls.set(target, control)
  if (target instanceof TLSSocket) guardServerOf(target)
  return control
}

/** Makes the sockets that a control is about; `onReport` is told of their reports. */
export type TakeSockets = (onReport: OnReport) => readonly ControlledSockets[]

/**
 * A policy at work: what it sees, and the end of it. Made by {@link controlClosure}, `closingConnect` and
 * `controlProcess`.
 */
export class ClosureControl extends EventEmitter<{ closure: [report: ClosureReport, socket: TLSSocket] }> {
  // One, or those of a process: its servers' and its clients'.
  readonly #sockets: readonly ControlledSockets[]
  readonly #drains = new Drains()
  #isActive = true

  /** Made by {@link controlClosure}, `closingConnect` and `controlProcess` only. */
  constructor(target: ClosureTarget | undefined, takeSockets: TakeSockets) {
    super()
    this.#sockets = takeSockets((reported) => {
      if (!areReportsHeard() && this.listenerCount('closure') === 0) return
      const { finalReport: report, socket } = reported
      if (report === undefined) return
      publishReport({ report, socket, target } satisfies ClosureMessage, () => {
        this.emit('closure', report, socket)
      })
    })
    for (const sockets of this.#sockets) {
      sockets.onGone = () => {
        this.#drains.lookWhere(this)
      }
    }
  }

  /** Whether the policy is in force: until stop(). */
  get active(): boolean {
    return this.#isActive
  }

  /** Reports so far, by verdict. */
  get counters(): Readonly<Record<Verdict, number>> {
    return sumOfReports(this.#sockets.map(({ counters }) => counters))
  }

  /** Connections under this policy that are open now. */
  get connections(): number {
    return this.#sumOf(({ connections }) => connections)
  }

  /** How many of them wait for their peer's close_notify now. */
  get waiting(): number {
    return this.#sumOf(({ waitingRoom }) => waitingRoom.waiting)
  }

  /** Bidirectional closings that did not wait, because `maxWaiting` others were waiting. */
  get waitingRefused(): number {
    return this.#sumOf(({ waitingRoom }) => waitingRoom.refused)
  }

  /**
   * Ends the policy: new connections are left alone, open ones close as Node has it, and closings that have begun go
   * on. Their reports still come. The second call does nothing.
   */
  stop(): void {
    this.#isActive = false
    for (const sockets of this.#sockets) sockets.stop()
  }

  /**
   * Resolves when no connection is open under this policy, those that wait for their peer included, or when `timeout` is over:
   * the end of a graceful stop. It closes nothing, and whoever still accepts connections may have new ones by then. After
   * stop() it goes on to count those that the policy was on. It keeps no process alive: its connections do.
   *
   * @throws (rejects) ClosureError ERR_CLOSURE_INVALID_ARGUMENT
   */
  async drained(options?: DrainOptions): Promise<Drained> {
    return this.#drains.add(this, checkDrainOptions(options))
  }

  #sumOf(count: (sockets: ControlledSockets) => number): number {
    return this.#sockets.reduce((sum, sockets) => sum + count(sockets), 0)
  }

  /** {@link ClosureControl.stop}, for `using`. */
  [Symbol.dispose](): void {
    this.stop()
  }
}

const serversOfSockets = new WeakSet<Server>()

// Once for all sockets of a server that are under policies of their own.
function guardServerOf(socket: TLSSocket): void {
  const server = serverOf(socket)
  if (server === undefined || serversOfSockets.has(server)) return
  serversOfSockets.add(server)
  guardRequests(server, (each) => each instanceof TLSSocket && controls.get(each)?.active === true)
}

function checkTarget(target: unknown): void {
  // A proxy is not asked anything: its traps may do whatever they like.
  const isTarget =
    !types.isProxy(target) && (target instanceof Server || target instanceof TLSSocket || isAgent(target))
  if (!isTarget) {
    const expected = 'a tls.Server, an https or http2 secure server, an agent that makes TLS sockets, or a TLSSocket,'
    throw errorOf({ code: 'ERR_CLOSURE_INVALID_ARGUMENT', name: 'target', expected, received: described(target) })
  }
  if (controls.get(target)?.active === true || (target instanceof TLSSocket && isControlledForGood(target))) {
    const message = 'This target is under a policy already: call stop() of that control first'
    throw new ClosureError('ERR_CLOSURE_CONTROLLED', message)
  }
  if (target instanceof TLSSocket) checkSocket(target)
}

function described(target: unknown): string {
  if (types.isProxy(target)) return "a proxy, such as http2's session.socket"
  const isDispatcher = typeof target === 'object' && target !== null && 'dispatch' in target
  const received = shown(target)
  return isDispatcher ? `${received}, a dispatcher of undici, which closingConnect() is for` : received
}

function checkSocket(socket: TLSSocket): void {
  if (socket.destroyed)
    throw new ClosureError('ERR_CLOSURE_CLOSED', 'This socket is destroyed: a policy comes too late')
  if (lifetimeOf(socket).untracked) {
    const message = 'This socket was made before close-notify was loaded; load it first'
    throw new ClosureError('ERR_CLOSURE_UNTRACKED', message)
  }
}
