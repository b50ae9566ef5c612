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
//                               outage for example: they are one round. A new peer is given a few rounds, or some waits;
//                               one that answers as many as it takes until nearly no such peer would be so long silent
//                               by chance, by the share that it has answered so far. The last of them is a full wait.
//
// The time of an answering peer is its slowest answer of late, a maximum that fades slowly, and the mean deviation of its
// answers (as RFC 6298 section 2 has it), times a headroom. A long wait costs something only where no answer comes: headroom
// is large for a peer that always answers, and small for one that often does not, and larger while few answers are known.
//
// A wait of that time that was not answered tells that the peer does not answer, or that it has become slower, or that some of
// the hosts behind its name are: nobody can know which. So the first one puts the time in doubt, and from then on waits are
// full, until several of them were without an answer: then they are taken for what they are. After a while a wait without an
// answer puts the time in doubt again, for less, and later and later.
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
export interface Approach {
  /**
   * - `new`: nothing is known yet.
   * - `own-time`: about its own time.
   * - `doubt`: in full, for its own time is in doubt.
   * - `try`: in full, to see whether it has changed.
   * - `skip`: not at all.
   */
  readonly kind: 'new' | 'own-time' | 'doubt' | 'try' | 'skip'
  readonly timeout: number
}

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
  /** Full waits without an answer that are missing until its own time is trusted. */
  doubt: number
  isSilent: boolean
  /** ms from a try that fails to the next one, and from one doubt to the next. */
  retryInterval: number
}

/** Answers and waits after which older ones fade. */
export const memory = 128

// A new peer is silent after so many rounds, or so many waits, without an answer. Of two connections one is answered, and yet
// none in four rounds: that happens to 6 peers in 100, which the next try finds.
const roundsOfNew = 4
const waitsOfNew = 8
// An answering one when so many rounds in a row without an answer were that improbable.
const chance = 1e-4
const fewestRounds = 2
const mostRounds = 50
const recent = 32
// How fast the slowest answer fades: by half in about 350 answers.
const fading = 1 / 512
// What waiting beyond a peer's own time may cost, as a part of that time: waits without an answer times headroom.
const costOfHeadroom = 0.01
const mostHeadroom = 3
const headroomOfOneAnswer = 4
// The first doubt and later ones: full waits without an answer, and at most so many at one time.
const firstDoubt = 12
const laterDoubt = 2

export class Habit {
  readonly is: Remembered
  // When the last round that counted was over.
  #roundEndedAt = Number.NEGATIVE_INFINITY
  #retryAt: number
  #isTrying = false
  #inDoubt = 0

  constructor(is: Remembered, retryAt: number) {
    this.is = is
    this.#retryAt = retryAt
  }

  static unknown({ retryAfter }: Patience): Habit {
    const is = {
      answers: 0,
      waits: 0,
      share: 0,
      mean: 0,
      deviation: 0,
      slowest: 0,
      rounds: 0,
      unanswered: 0,
      doubt: 0,
      isSilent: false,
      retryInterval: retryAfter,
    }
    return new Habit(is, Number.NEGATIVE_INFINITY)
  }

  /** ms from `now` on to the next try, or to the next doubt; 0 where it is due, null where there has been none. */
  retryIn(now: number): number | null {
    return this.#retryAt === Number.NEGATIVE_INFINITY ? null : Math.max(0, this.#retryAt - now)
  }

  /** How to deal with it now. It is under way then, until the outcome is told. */
  approach(patience: Patience, now: number): Approach {
    const next = this.#next(patience, now)
    if (next.kind === 'try') this.#isTrying = true
    if (next.kind === 'doubt') this.#inDoubt++
    return next
  }

  /** ms that a closing would wait for it now. */
  expected(patience: Patience, now: number): number {
    return this.#next(patience, now).timeout
  }

  /** An answer came, `after` ms from when waiting began, or would have begun. */
  answered(after: number, patience: Patience, approach: Approach): void {
    const { is } = this
    this.#over(approach)
    if (is.isSilent || is.answers === 0) this.#beginAnew(after, patience)
    else {
      // Without the full wait it would have been lost: there may be more of that kind.
      if (is.doubt > 0 && after > this.#ownTime(patience)) is.doubt = firstDoubt
      this.#measure(after)
    }
    this.#count(1)
    is.rounds = 0
    is.unanswered = 0
  }

  /** A wait that began at `beganAt` was not answered. `isFull`: in all the time that there is, or there will be no answer. */
  unanswered(beganAt: number, isFull: boolean, patience: Patience, approach: Approach, now: number): void {
    const { is } = this
    this.#over(approach)
    if (is.isSilent) {
      if (approach.kind === 'try') this.#postpone(patience, now)
      return
    }
    this.#count(0)
    is.unanswered++
    this.#noteRound(beganAt, isFull, now)
    if (is.answers > 0) this.#noteDoubt(isFull, patience, now)
    if (!this.#hasFallenSilent(isFull)) return
    is.isSilent = true
    is.doubt = 0
    this.#postponeAnew(patience, now)
  }

  /** A wait is over that tells nothing. */
  unknown(approach: Approach): void {
    this.#over(approach)
  }

  #next(patience: Patience, now: number): Approach {
    const { longest } = patience
    const { isSilent, answers, rounds, doubt } = this.is
    const isDue = !this.#isTrying && now >= this.#retryAt
    if (isSilent) return isDue ? { kind: 'try', timeout: longest } : { kind: 'skip', timeout: 0 }
    if (answers === 0) return { kind: 'new', timeout: longest }
    if (this.#inDoubt < doubt) return { kind: 'doubt', timeout: longest }
    if (rounds >= this.#roundsToSilence() - 1 && !this.#isTrying) return { kind: 'try', timeout: longest }
    return { kind: 'own-time', timeout: this.#ownTime(patience) }
  }

  /** ms that an answering peer is waited for. */
  #ownTime({ longest, slack }: Patience): number {
    const { slowest, deviation, answers } = this.is
    const ofShare = Math.min(mostHeadroom, costOfHeadroom / (1 - this.#answersAt()))
    const ofFewAnswers = headroomOfOneAnswer * (1 / answers - 1 / memory)
    return Math.min(longest, Math.ceil((slowest + deviation) * (1 + ofShare + ofFewAnswers) + slack))
  }

  #over({ kind }: Approach): void {
    if (kind === 'try') this.#isTrying = false
    // It may be another memory's, where the peer was forgotten meanwhile.
    if (kind === 'doubt' && this.#inDoubt > 0) this.#inDoubt--
  }

  #noteRound(beganAt: number, isFull: boolean, now: number): void {
    const { is } = this
    if (beganAt < this.#roundEndedAt) return
    const isLast = is.answers > 0 && is.rounds >= this.#roundsToSilence() - 1
    if (isLast && !isFull) return
    is.rounds++
    this.#roundEndedAt = now
  }

  #noteDoubt(isFull: boolean, patience: Patience, now: number): void {
    const { is } = this
    if (isFull && is.doubt > 0) {
      is.doubt--
      if (is.doubt === 0) this.#postpone(patience, now)
    } else if (!isFull && is.doubt === 0 && now >= this.#retryAt) {
      is.doubt = this.#retryAt === Number.NEGATIVE_INFINITY ? firstDoubt : laterDoubt
    }
  }

  #hasFallenSilent(isFull: boolean): boolean {
    const { answers, rounds, unanswered } = this.is
    if (answers === 0) return rounds >= roundsOfNew || unanswered >= waitsOfNew
    return isFull && rounds >= this.#roundsToSilence()
  }

  #postponeAnew(patience: Patience, now: number): void {
    this.is.retryInterval = patience.retryAfter
    this.#retryAt = now + this.is.retryInterval
  }

  #postpone({ retryAtMost }: Patience, now: number): void {
    this.#retryAt = now + this.is.retryInterval
    this.is.retryInterval = Math.min(this.is.retryInterval * 2, retryAtMost)
  }

  // Its first answer, or the first one since it was silent: what was before counts no more.
  #beginAnew(after: number, { retryAfter }: Patience): void {
    const { is } = this
    if (is.isSilent) {
      is.waits = 0
      is.share = 0
    }
    is.isSilent = false
    is.doubt = 0
    is.retryInterval = retryAfter
    this.#retryAt = Number.NEGATIVE_INFINITY
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
