/**
 * Closings towards many peers on a clock of its own: the learning is the library's, the rest are numbers.
 *
 *     const world = new World({ longest: 3000 }, random)
 *     world.run([{ key: 'a', every: 100, answer: () => 20, ownTime: 20 }], 3_600_000)
 *     world.of('a')                        what has happened
 */
import type { LearnedWaitingOptions } from '../../lib/index.js'
import { keyOfPeer, LearnedWaiting, Learning, learnedRules } from '../../lib/learned/learned-waiting.js'
import { checkAll } from '../../lib/options.js'

/** A peer, and how often the program closes towards it. */
export interface SimulatedPeer {
  readonly key: string
  /** ms between two closings, on average. */
  readonly every: number
  /** Closings at one time. */
  readonly atOnce?: number
  /** ms after which it answers now; undefined: it does not. */
  readonly answer: (now: number) => number | undefined
  /** ms that an oracle waits for an answer that does not come, because others of this peer do. */
  readonly ownTime?: number
}

interface Tally {
  closings: number
  /** ms, summed over the closings. */
  held: number
  heldByOracle: number
  /** With a fixed budget of `longest`. */
  heldByFixed: number
  answers: number
  /** Answers that came after we had stopped waiting. */
  lost: number
  lostAt: number[]
  longWaits: number
}

interface Event {
  readonly at: number
  readonly act: () => void
}

export class World {
  now = 0
  readonly learned: LearnedWaiting
  readonly #learning: Learning
  readonly #tallies = new Map<string, Tally>()
  readonly #events: Event[] = []
  readonly #random: () => number

  constructor(options: LearnedWaitingOptions, random: () => number) {
    this.#learning = new Learning(checkAll(learnedRules, options), () => this.now)
    this.learned = new LearnedWaiting(this.#learning, options.key ?? keyOfPeer)
    this.#random = random
  }

  of(key: string): Tally {
    const known = this.#tallies.get(key)
    if (known !== undefined) return known
    const tally = {
      closings: 0,
      held: 0,
      heldByOracle: 0,
      heldByFixed: 0,
      answers: 0,
      lost: 0,
      lostAt: [],
      longWaits: 0,
    }
    this.#tallies.set(key, tally)
    return tally
  }

  /** All together. */
  sum(): Tally {
    const sum = this.of('')
    for (const [key, each] of this.#tallies) {
      if (key === '') continue
      sum.closings += each.closings
      sum.held += each.held
      sum.heldByOracle += each.heldByOracle
      sum.heldByFixed += each.heldByFixed
      sum.answers += each.answers
      sum.lost += each.lost
      sum.longWaits += each.longWaits
    }
    this.#tallies.delete('')
    return sum
  }

  /** Runs for that many ms, until all waits are over. */
  run(peers: readonly SimulatedPeer[], ms: number): void {
    const end = this.now + ms
    for (const peer of peers) this.#closeNext(peer, end)
    for (let event = this.#next(); event !== undefined; event = this.#next()) {
      this.now = event.at
      event.act()
    }
    this.now = end
  }

  #closeNext(peer: SimulatedPeer, end: number): void {
    const at = this.now - Math.log(1 - this.#random()) * peer.every
    if (at > end) return
    this.#at(at, () => {
      for (let each = 0; each < (peer.atOnce ?? 1); each++) this.#close(peer)
      this.#closeNext(peer, end)
    })
  }

  #close({ key, answer, ownTime = 0 }: SimulatedPeer): void {
    const tally = this.of(key)
    const plan = this.#learning.plan(key, true)
    const after = answer(this.now)
    tally.closings++
    tally.heldByOracle += after ?? ownTime
    tally.heldByFixed += Math.min(this.learned.longest, after ?? Infinity)
    if (after !== undefined) tally.answers++
    if (plan.timeout >= this.learned.longest) tally.longWaits++
    if (after !== undefined && after <= plan.timeout) {
      tally.held += after
      this.#at(this.now + after, () => plan.over({ kind: 'answered', after }))
      return
    }
    tally.held += plan.timeout
    if (after !== undefined) {
      tally.lost++
      tally.lostAt.push(this.now)
    }
    // Without a wait nothing is seen: the connection is gone before the answer.
    if (plan.timeout > 0) this.#at(this.now + plan.timeout, () => plan.over({ kind: 'unanswered', certain: false }))
  }

  // A heap by time.
  #at(at: number, act: () => void): void {
    const heap = this.#events
    let index = heap.push({ at, act }) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if ((heap[parent]?.at ?? 0) <= at) break
      this.#swap(index, parent)
      index = parent
    }
  }

  #next(): Event | undefined {
    const heap = this.#events
    const [first] = heap
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    heap[0] = last
    for (let index = 0; ; ) {
      const child = this.#earlierChild(index)
      if ((heap[child]?.at ?? Infinity) >= last.at) return first
      this.#swap(index, child)
      index = child
    }
  }

  #earlierChild(index: number): number {
    const [left, right] = [2 * index + 1, 2 * index + 2]
    return (this.#events[right]?.at ?? Infinity) < (this.#events[left]?.at ?? Infinity) ? right : left
  }

  #swap(one: number, other: number): void {
    const heap = this.#events
    const [first, second] = [heap[one], heap[other]]
    if (first === undefined || second === undefined) throw new Error('expected two events')
    heap[one] = second
    heap[other] = first
  }
}
