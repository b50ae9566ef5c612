// The habit of one peer: whether it answers our close_notify with its own, how fast, and when to try again.
//
// Theory of operation. A peer is in one of three states:
//
//   new        No answer has come yet. It is waited for in full, for an answer that is not waited for is lost.
//   answering  It has answered. It is waited for about as long as it has taken, with headroom.
//   silent     It is not waited for, but for a try now and then: one full wait at a time, later and later.
//
// Between them lead the things that were seen:
//
//   an answer                   leads to `answering` from everywhere, with a new memory where it was silent
//   rounds without any answer   lead to `silent`. Waits that go on at the same time see the same moment of the peer, an
//                               outage for example: they are one round. A new peer is given a few rounds, or many waits;
//                               one that answers as many as it takes until nearly no such peer would be so long silent
//                               by chance, by the share that it has answered so far. The last of them is a full wait, so
//                               that one that has become slower is not taken for silent.
//
// The time of an answering peer is its slowest answer of late, a maximum that fades slowly, and the mean deviation of its
// answers (as RFC 6298 section 2 has it), times a headroom. A long wait costs something only where no answer comes: headroom
// is large for a peer that always answers, and small for one that often does not, and larger while few answers are known.
//
// Nothing here reads a clock: `now` is ms on a clock that does not jump.

/** ms; see LearnedWaitingOptions. */
export interface Patience {
  readonly longest: number
  readonly slack: number
  readonly retryAfter: number
  readonly retryAtMost: number
}

/** The way a closing deals with its peer. */
export type Approach =
  /** Nothing is known yet. */
  | { readonly kind: 'new'; readonly timeout: number }
  /** About its own time. */
  | { readonly kind: 'own-time'; readonly timeout: number }
  /** A full wait, to see whether it has changed. */
  | { readonly kind: 'try'; readonly timeout: number }
  | { readonly kind: 'skip'; readonly timeout: number }

/** What a habit consists of; plain numbers, so that it can be written down. */
export interface Remembered {
  /** Answers that count, up to some: of a peer that was silent, those since. */
  answers: number
  /** Waits that `share` is made of, up to some. */
  waits: number
  /** The part of the waits that were answered; older ones fade. */
  share: number
  /** ms: of the answers. */
  mean: number
  deviation: number
  slowest: number
  /** Rounds without an answer since the last answer, and waits in them. */
  rounds: number
  unanswered: number
  isSilent: boolean
  /** ms from a try that fails to the next one. */
  retryInterval: number
}

// A new peer is silent after so many rounds, or so many waits, without an answer. One of two connections answers, and yet none
// in four rounds: that happens to 6 peers in 100, which the next try finds.
const roundsOfNew = 4
const waitsOfNew = 32
// An answering one when so many rounds in a row without an answer were that improbable.
const chance = 1e-4
const fewestRounds = 2
const mostRounds = 50
// Waits and answers after which older ones fade.
const memory = 128
const recent = 32
// How fast the slowest answer fades: by half in about 90 answers.
const fading = 1 / 128
// What waiting beyond a peer's own time may cost, as a part of that time: waits without an answer times headroom.
const costOfHeadroom = 0.02
const mostHeadroom = 3
const headroomOfOneAnswer = 4

export class Habit {
  readonly is: Remembered
  // When the last round that counted was over.
  #roundEndedAt = Number.NEGATIVE_INFINITY
  #retryAt: number
  #isTrying = false

  constructor(is: Remembered, retryAt: number) {
    this.is = is
    this.#retryAt = retryAt
  }

  static unknown({ retryAfter }: Patience): Habit {
    const is = { answers: 0, waits: 0, share: 0, mean: 0, deviation: 0, slowest: 0, rounds: 0, unanswered: 0 }
    return new Habit({ ...is, isSilent: false, retryInterval: retryAfter }, 0)
  }

  /** ms from now on to the next try; 0 where one is due, or none is needed. */
  retryIn(now: number): number {
    return this.is.isSilent ? Math.max(0, this.#retryAt - now) : 0
  }

  /** How to deal with it now; a try is under way then, until the outcome is told. */
  approach(patience: Patience, now: number): Approach {
    const next = this.#next(patience, now)
    if (next.kind === 'try') this.#isTrying = true
    return next
  }

  /** ms that a closing would wait for it now. */
  expected(patience: Patience, now: number): number {
    return this.#next(patience, now).timeout
  }

  /** ms that an answering peer is waited for. */
  #ownTime({ longest, slack }: Patience): number {
    const { slowest, deviation, answers } = this.is
    const headroom = 1 + Math.min(mostHeadroom, costOfHeadroom / (1 - this.#answersAt())) + headroomOfOneAnswer / answers
    return Math.min(longest, Math.ceil((slowest + deviation) * headroom + slack))
  }

  /** An answer came, `after` ms from when waiting began, or would have begun. */
  answered(after: number, { retryAfter }: Patience, approach: Approach): void {
    const { is } = this
    if (is.isSilent || is.answers === 0) this.#beginAnew(after, retryAfter)
    else this.#measure(after)
    this.#count(1)
    is.rounds = 0
    is.unanswered = 0
    this.#over(approach)
  }

  /** A wait that began at `beganAt` was not answered. `isFull`: in all the time that there is, or there will be no answer. */
  unanswered(beganAt: number, isFull: boolean, patience: Patience, approach: Approach, now: number): void {
    const { is } = this
    this.#over(approach)
    if (is.isSilent) {
      if (approach.kind === 'try') this.#postpone(is.retryInterval * 2, patience, now)
      return
    }
    this.#count(0)
    is.unanswered++
    if (beganAt >= this.#roundEndedAt) {
      const isLast = is.answers > 0 && is.rounds >= this.#roundsToSilence() - 1
      // The last round is a full wait.
      if (!isLast || isFull) is.rounds++
      this.#roundEndedAt = now
    }
    const isSilent =
      is.answers === 0
        ? is.rounds >= roundsOfNew || is.unanswered >= waitsOfNew
        : isFull && is.rounds >= this.#roundsToSilence()
    if (!isSilent) return
    is.isSilent = true
    this.#postpone(patience.retryAfter, patience, now)
  }

  /** A wait is over that tells nothing. */
  unknown(approach: Approach): void {
    this.#over(approach)
  }

  #next(patience: Patience, now: number): Approach {
    const { longest } = patience
    const { isSilent, answers, rounds } = this.is
    const aTry = { kind: 'try', timeout: longest } as const
    if (isSilent) return this.#isTrying || now < this.#retryAt ? { kind: 'skip', timeout: 0 } : aTry
    if (answers === 0) return { kind: 'new', timeout: longest }
    if (rounds >= this.#roundsToSilence() - 1 && !this.#isTrying) return aTry
    return { kind: 'own-time', timeout: this.#ownTime(patience) }
  }

  #over(approach: Approach): void {
    if (approach.kind === 'try') this.#isTrying = false
  }

  #postpone(interval: number, { retryAtMost }: Patience, now: number): void {
    this.is.retryInterval = Math.min(interval, retryAtMost)
    this.#retryAt = now + this.is.retryInterval
  }

  // Its first answer, or the first one since it was silent: what was before counts no more.
  #beginAnew(after: number, retryAfter: number): void {
    const { is } = this
    if (is.isSilent) {
      is.waits = 0
      is.share = 0
    }
    is.isSilent = false
    is.retryInterval = retryAfter
    is.answers = 1
    is.mean = after
    is.deviation = 0
    is.slowest = after
  }

  #measure(after: number): void {
    const { is } = this
    is.answers = Math.min(memory, is.answers + 1)
    const weight = 1 / Math.min(recent, is.answers)
    const distance = after - is.mean
    is.mean += distance * weight
    is.deviation += (Math.abs(distance) - is.deviation) * weight
    is.slowest = Math.max(after, is.slowest - (is.slowest - after) * fading)
  }

  #count(outcome: 0 | 1): void {
    const { is } = this
    is.waits = Math.min(memory, is.waits + 1)
    is.share += (outcome - is.share) / is.waits
  }

  // The share of its answers, as Laplace's rule of succession has it: never 0 nor 1.
  #answersAt(): number {
    return (this.is.share * this.is.waits + 1) / (this.is.waits + 2)
  }

  #roundsToSilence(): number {
    const rounds = Math.ceil(Math.log(chance) / Math.log(1 - this.#answersAt()))
    return Math.min(mostRounds, Math.max(fewestRounds, rounds))
  }
}
