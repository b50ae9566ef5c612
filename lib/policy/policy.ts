// A policy: its type, and the tables that check one.
import type { TLSSocket } from 'node:tls'
import {
  checkAll,
  type CheckedOptions,
  choiceOf,
  countOf,
  invalid,
  literalOr,
  milliseconds,
  type OptionRules,
  signalOption,
} from '../options.js'
import { modeOption, type WaitOptions, waitRules } from '../closure/shutdown-options.js'
import type { ClosureMode } from '../report/facts.js'

/** The end on the wire of a socket that is destroyed without an error. */
export type OnDestroy = 'bare' | 'close_notify'

/** The consequence of a peer's stream that ends without its close_notify. */
export type OnTruncation = 'report' | 'error'

/** The part of a policy that concerns one connection. */
export interface ConnectionPolicy extends WaitOptions {
  /**
   * How our side ends TLS wherever Node would: `end()`, `destroySoon()`, a response with `Connection: close`, the end of
   * an http2 session.
   * @default 'unidirectional'
   */
  readonly mode?: ClosureMode
  /**
   * Budget in ms, from `end()` on, for everything written before and our close_notify to leave. It begins anew each time
   * the peer's TCP acknowledges some of it, so that a slow reader is not cut off; a peer that takes nothing for so long
   * is. On loopback and with large buffers a reader of 20 KB/s acknowledges something every 6 seconds.
   * @default 30000
   */
  readonly flushTimeout?: number
  /**
   * Budget in ms, from our FIN on, for the connection to end. It begins anew each time something comes, is read, or is
   * acknowledged. Then the socket is destroyed; stock Node keeps it for as long as the peer does. `off` keeps it too. A
   * socket that no program reads has `flushTimeout` in its place.
   * @default 120000
   */
  readonly lingerTimeout?: number | 'off'
  /**
   * `bare` leaves `destroy()` as Node has it: FIN without an alert. `close_notify` sends the alert first, as far as that
   * can be done at once, wherever it tells the truth: when destroy() was called without an error, when all that was
   * written has left, and when no message of http is half written. Otherwise a bare FIN is the honest end. Behind a relay
   * of two pipes leave it bare: one whose far side has gone reads no more, and does not see the FIN behind the alert.
   * @default 'bare'
   */
  readonly onDestroy?: OnDestroy
  /**
   * `report` changes nothing about the stream; the report says `truncated`. `error` fails the message that was cut, with
   * a {@link TruncationError}, in place of the 'end' that would have passed it off as whole.
   * @default 'report'
   */
  readonly onTruncation?: OnTruncation
}

/** The policy of a target. Unknown keys are refused by name. */
export interface ClosurePolicy extends ConnectionPolicy {
  /**
   * Sockets of this target that wait for a peer's close_notify at one time. Beyond it a closing does not wait, and its
   * report has `waitRefused`: a bidirectional server could otherwise be made to run out of file descriptors.
   * @default 1000
   */
  readonly maxWaiting?: number
  /**
   * The differences of one connection: called once per connection when its handshake is done, and whatever it names
   * overrides the policy. Nothing is changed by undefined.
   */
  readonly perConnection?: (socket: TLSSocket) => ConnectionPolicy | undefined
  /** Ends all closings of this target that are under way: their sockets are destroyed. Later ones are ended at once. */
  readonly signal?: AbortSignal
}

export const connectionRules = {
  mode: modeOption,
  flushTimeout: milliseconds(30_000),
  ...waitRules,
  lingerTimeout: literalOr('off', milliseconds(120_000)),
  onDestroy: choiceOf(['bare', 'close_notify'], 'bare'),
  onTruncation: choiceOf(['report', 'error'], 'report'),
} satisfies OptionRules<ConnectionPolicy>

export const policyRules = {
  ...connectionRules,
  maxWaiting: countOf('sockets', 1000),
  perConnection: { check: checkPerConnection, unit: '', default: 'none' },
  signal: signalOption,
} satisfies OptionRules<ClosurePolicy>

/** A connection's policy, checked and complete. */
export type CheckedConnectionPolicy = CheckedOptions<typeof connectionRules>

/** A target's policy, checked and complete. */
export type CheckedPolicy = CheckedOptions<typeof policyRules>

/** The policy of a target, checked and complete. */
export function checkPolicy(policy: ClosurePolicy | undefined): CheckedPolicy {
  return checkAll(policyRules, policy)
}

/** The policy of one connection: what `perConnection` named, then what the target's policy says. */
export function connectionPolicy(policy: CheckedPolicy, socket: TLSSocket): CheckedConnectionPolicy {
  const own = policy.perConnection?.(socket)
  return own === undefined ? policy : checkAll(connectionRules, own, policy)
}

type PerConnection = (socket: TLSSocket) => ConnectionPolicy | undefined

function checkPerConnection(name: string, value: unknown): PerConnection | undefined {
  if (value === undefined || isFunction(value)) return value
  throw invalid(name, 'a function', value)
}

function isFunction(value: unknown): value is PerConnection {
  return typeof value === 'function'
}
