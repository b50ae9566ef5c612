import type { Peer } from '../closing/peer.js'
import type { WaitOutcome, WaitPlan, WaitPlanner } from '../closing/wait-plan.js'
import { checkAll, countOf, invalid, milliseconds, type OptionRule, type OptionRules } from '../options.js'
import type { Approach, Patience } from './habit.js'
import { Habits } from './habits.js'
import { checkKey, habitsOfState, isLearnedState, type LearnedState, peerOfHabit } from './state.js'

/** The key of a peer; undefined: nothing is learned of it, and it is waited for in full. */
export type KeyOfPeer = (peer: Peer) => string | undefined

/** Options of {@link learnedWaiting}. Unknown keys are refused by name. */
export interface LearnedWaitingOptions {
  /**
   * The longest wait in ms: for a peer of which nothing is known, and for a try. Only who has not answered in it counts as one
   * that does not answer.
   * @default 3000
   */
  readonly longest?: number
  /**
   * ms beyond the time of a peer that answers, for what its answers do not show: the load of this process, a detour of
   * the network.
   * @default 10
   */
  readonly slack?: number
  /**
   * ms until a peer that does not answer is waited for again, in one closing. After each such try without an answer it is twice as
   * long.
   * @default 60000
   */
  readonly retryAfter?: number
  /**
   * ms between two tries at most: a peer that has begun to answer is noticed by its first closing after so long.
   * @default 3600000
   */
  readonly retryAtMost?: number
  /**
   * Peers that are remembered; beyond it those are forgotten that were not heard of for longest. 10,000 take about 4 MB.
   * @default 10000
   */
  readonly maxPeers?: number
  /**
   * The key under which a peer is remembered. By default a client's server has `host:port`, its name where it is known, and a server's
   * client its address, an IPv6 one its /64 network: its port is a new one each time. With undefined nothing is learned.
   */
  readonly key?: KeyOfPeer
  /** What was learned before, of {@link LearnedWaiting.exportState}; of more than `maxPeers`, those heard of last. */
  readonly state?: LearnedState
}

/** What a {@link LearnedWaiting} has done so far: closings by how they dealt with their peer, and by what was seen. */
export interface LearnedCounters {
  /** Closings towards a peer of which something was known. */
  readonly hits: number
  /** Closings towards one of which nothing was, or without a key: they waited for `longest`. */
  readonly misses: number
  /** Of the hits: those that did not wait. */
  readonly skipped: number
  /** Of the hits: those that waited for `longest`, to see whether the peer has changed. */
  readonly tries: number
  /** Answers that came while we waited. */
  readonly answered: number
  /** Answers that came although we did not wait, before the connection was gone. */
  readonly answeredLate: number
  /** Waits that ended without an answer, and from which something was learned. */
  readonly unanswered: number
  /** Waits that told nothing: aborted, reset, cut by data. */
  readonly untold: number
  /** Peers that were forgotten because of `maxPeers`. */
  readonly evicted: number
}

export const learnedRules = {
  longest: milliseconds(3000),
  slack: milliseconds(10),
  retryAfter: milliseconds(60_000),
  retryAtMost: milliseconds(3_600_000),
  maxPeers: countOf('peers', 10_000),
  key: {
    check: (name, value) => {
      if (value === undefined || isKeyOfPeer(value)) return value
      throw invalid(name, 'a function', value)
    },
    unit: '',
    default: 'none',
  },
  state: {
    check: (_name, value) => {
      if (value === undefined || isLearnedState(value)) return value
      throw invalid('state', 'what exportState() returns', value)
    },
    unit: '',
    default: 'none',
  },
} satisfies OptionRules<LearnedWaitingOptions>

/**
 * Learns how long each peer takes to answer our close_notify with its own, and whether it does: given as `waitTimeout`, of
 * policies, `shutdown()` and TLS streams, it does not wait for a peer that never answers, and waits about its own time for one
 * that does. One of them may serve many policies and calls, which then learn from each other.
 *
 * It learns from what was seen alone: an answer; a wait of the whole time without one; a FIN in place of one. A wait that was
 * aborted, a RST, a fatal alert, and one in which the peer still sent data teach nothing. Of new peers and in tries it waits for
 * `longest`. A closing that does not wait sends FIN behind its close_notify, and the connection is destroyed as soon as the
 * peer's TCP has both; its report has `learnedWait: 0`.
 *
 * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT for an unknown option or a wrong value, in `state` too
 * @see RFC 8446 section 6.1: a peer need not be waited for; docs/operation.md has what is learned from what
 */
export function learnedWaiting(options?: LearnedWaitingOptions): LearnedWaiting {
  const checked = checkAll(learnedRules, options)
  if (checked.maxPeers === 0) throw invalid('maxPeers', 'a peer at least', 0)
  if (checked.longest === 0) throw invalid('longest', '1 ms at least', 0)
  if (checked.retryAtMost < checked.retryAfter) {
    throw invalid('retryAtMost', `retryAfter, ${checked.retryAfter} ms, at least`, checked.retryAtMost)
  }
  return new LearnedWaiting(new Learning(checked, () => performance.now()), checked.key ?? keyOfPeer)
}

/** Waits that are learned; made by {@link learnedWaiting}. */
export class LearnedWaiting implements WaitPlanner {
  readonly #learning: Learning
  readonly #keyOf: KeyOfPeer

  /**
   * Made by {@link learnedWaiting} only.
   * @internal
   */
  constructor(learning: Learning, keyOf: KeyOfPeer) {
    this.#learning = learning
    this.#keyOf = keyOf
  }

  /** ms: the option of that name. */
  get longest(): number {
    return this.#learning.patience.longest
  }

  /** Peers that are remembered now. */
  get size(): number {
    return this.#learning.habits.size
  }

  /** Counts so far, as a copy. They only grow; a collector of metrics reads them when it is asked. */
  get counters(): LearnedCounters {
    const { counted, habits } = this.#learning
    return { ...counted, evicted: habits.evicted }
  }

  /**
   * The same memory, with one key for every connection: for a program that knows whom it talks to better than an address
   * tells, as `waitTimeout` of one `shutdown()` or in `perConnection` of a policy.
   *
   * @throws ClosureError ERR_CLOSURE_INVALID_ARGUMENT for what is no string of 1 to 512 characters
   */
  forPeer(key: string): LearnedWaiting {
    const checked = checkKey('key', key)
    return new LearnedWaiting(this.#learning, () => checked)
  }

  /**
   * ms that a closing towards the peer with that key would wait for now: 0 for one that does not answer, `longest` for one that
   * is not known, or that is due for a try. Asking changes nothing.
   */
  expected(key: string): number {
    const habit = this.#learning.habits.get(checkKey('key', key))
    return habit === undefined ? this.longest : habit.expected(this.#learning.patience, this.#learning.now())
  }

  /** What was learned, as plain JSON, for the option `state` of another process or a later one. */
  exportState(): LearnedState {
    const { habits, now } = this.#learning
    return { version: 1, peers: Array.from(habits.entries(), ([key, habit]) => peerOfHabit(key, habit, now())) }
  }

  /** Forgets all peers; the counters stay. */
  forget(): void {
    this.#learning.habits.clear()
  }

  /**
   * The wait of one closing; called by the machine that closes.
   * @internal
   */
  plan(peer: Peer, mayBeSkipped: boolean): WaitPlan {
    return this.#learning.plan(keyOrNone(this.#keyOf, peer), mayBeSkipped)
  }
}

interface LearningOptions extends Patience {
  /** The bound of the memory. */
  readonly maxPeers: number
  /** Its beginning. */
  readonly state: LearnedState | undefined
}

/** The memory, the clock and the counters, which every {@link LearnedWaiting} of one call of learnedWaiting() has in common. */
export class Learning {
  readonly patience: Patience
  readonly habits: Habits
  readonly now: () => number
  readonly counted = {
    hits: 0,
    misses: 0,
    skipped: 0,
    tries: 0,
    answered: 0,
    answeredLate: 0,
    unanswered: 0,
    untold: 0,
  }

  /** `now`: ms on a clock that does not jump. */
  constructor({ maxPeers, state, ...patience }: LearningOptions, now: () => number) {
    this.patience = patience
    this.habits = new Habits(maxPeers)
    this.now = now
    if (state === undefined) return
    for (const [key, habit] of habitsOfState(state, now())) this.habits.add(key, habit)
    this.habits.evicted = 0
  }

  plan(key: string | undefined, mayBeSkipped: boolean): WaitPlan {
    const { patience, counted } = this
    const { longest } = patience
    const beganAt = this.now()
    const habit = key === undefined ? undefined : this.habits.get(key)
    let approach: Approach = habit?.approach(patience, beganAt) ?? { kind: 'new', timeout: longest }
    if (!mayBeSkipped) approach = { kind: approach.kind === 'skip' ? 'try' : approach.kind, timeout: longest }
    if (habit === undefined) counted.misses++
    else counted.hits++
    if (approach.kind === 'skip') counted.skipped++
    if (approach.kind === 'try') counted.tries++
    return {
      timeout: approach.timeout,
      over: (outcome) => {
        this.#over(key, approach, beganAt, outcome)
      },
    }
  }

  #over(key: string | undefined, approach: Approach, beganAt: number, outcome: WaitOutcome): void {
    const { counted, habits, patience } = this
    switch (outcome.kind) {
      case 'answered':
        if (approach.kind === 'skip') counted.answeredLate++
        else counted.answered++
        if (key !== undefined) habits.heardOf(key, patience).answered(outcome.after, patience, approach)
        return
      case 'unanswered': {
        counted.unanswered++
        if (key === undefined) return
        const isFull = outcome.certain || approach.timeout >= patience.longest
        habits.heardOf(key, patience).unanswered(beganAt, isFull, patience, approach, this.now())
        return
      }
      case 'unknown':
        counted.untold++
        if (key !== undefined) habits.get(key)?.unknown(approach)
    }
  }
}

// What the program's function throws is an exception like any other, and not one of the closing, which goes on.
function keyOrNone(keyOf: KeyOfPeer, peer: Peer): string | undefined {
  try {
    const key: unknown = keyOf(peer)
    return key === undefined ? undefined : checkKey('what key() returns', key)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
    return undefined
  }
}

/** The key of a peer where the program gives none. */
export function keyOfPeer({ side, host, address, port }: Peer): string | undefined {
  if (side === 'server') return address === undefined ? undefined : networkOf(address)
  const name = host ?? address
  if (name === undefined || name.length > 256) return undefined
  return port === undefined ? name : `${name}:${port}`
}

// One host has many addresses of its network of IPv6, and changes them (RFC 8981).
function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const [groups = ''] = address.split('%')
  const [head = '', tail] = groups.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  const all = [...before, ...Array.from({ length: zeros }, () => '0'), ...after]
  return `${all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}

/** A budget in ms, or one that is learned. */
export function learnedOr(fixed: OptionRule<number>): OptionRule<number | LearnedWaiting> {
  const check = (name: string, value: unknown): number | LearnedWaiting => {
    if (value instanceof LearnedWaiting) return value
    if (value === undefined || typeof value === 'number') return fixed.check(name, value)
    throw invalid(name, 'a whole number of ms, 0 or more, or what learnedWaiting() returns', value)
  }
  return { check, unit: fixed.unit, default: fixed.default }
}

function isKeyOfPeer(value: unknown): value is KeyOfPeer {
  return typeof value === 'function'
}
