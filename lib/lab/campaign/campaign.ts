/**
 * One thing done to each target of a long list, some at a time.
 *
 * Theory of operation. One loop starts everything: it looks what may start now, asks the list for the next target where there
 * is room for one, and then sleeps until a bell rings. The bell is rung by a target that came from the list, by a run
 * that ended, by the timer of the pace, and by whoever stops the campaign. So there is one place that decides, and no
 * lock. Between the list and the runs there is a small waiting room, for targets whose host is busy: those behind them
 * go first, and the list is not read while the room is full.
 *
 * p-queue, p-limit and bottleneck are queues that take whatever is put into them: to read the list no further than there are
 * places, to keep hosts apart, and to end what runs would be left to the caller, and that is this file. p-map keeps what every
 * run gave; as pMapIterable it gives results in the order of the list, so that a slow target stops those behind it.
 */
import { setImmediate as immediate } from 'node:timers/promises'
import { checkCount, invalid } from '../../options.js'
import { Attempt } from './attempt.js'
import type { Attempted, FailureReason } from './attempt.js'
import { FingerprintSet } from './fingerprints.js'
import type { Journal, TargetResult } from './journal.js'
import { Pace } from './pace.js'
import { Rate } from './progress.js'
import type { CampaignProgress } from './progress.js'
import { hostNameOf, keyOf } from './targets.js'

export interface CampaignPlan<Result extends TargetResult> extends CampaignLimits {
  /** Read as there is room: at most twice `concurrency` of them are held. One that comes again is skipped. */
  readonly targets: AsyncIterable<string>
  /**
   * Gives the result of a target, with `target` as it was given. Where the signal aborts it has to settle: after a timeout
   * with what it has, or by rejecting; after the campaign was stopped, its result is dropped in any case. It may throw.
   */
  readonly run: (target: string, signal: AbortSignal) => Promise<Result>
  /** Makes the result of a target whose run threw, rejected, or did not settle in time. */
  readonly failed: (target: string, reason: FailureReason) => Result
  /** How many targets the list has, where that is known: for the progress, and for what is left. */
  readonly total?: number | undefined
  /** Stops the campaign. */
  readonly signal: AbortSignal
  /** Each result is written there before it counts. Targets that are there are skipped. */
  readonly journal?: Journal<Result> | undefined
  /** Called with each result, the failed ones too, once it is written. */
  readonly onResult?: ((result: Result) => void) | undefined
  /** Called at first, four times a second, and at the end. */
  readonly onProgress?: ((progress: CampaignProgress) => void) | undefined
}

interface CampaignLimits {
  /** How many targets are run at a time, at most; never two of one host name. */
  readonly concurrency: number
  /** How many are started in a second, at most, evenly spread. @default no limit */
  readonly ratePerSecond?: number | undefined
  /** For each target, in ms. */
  readonly timeout: number
  /** For all of them, in ms, after which the campaign is stopped. @default no limit */
  readonly totalTimeout?: number | undefined
  /** How long a run may take to settle when its signal has aborted, in ms. @default 1000 */
  readonly grace?: number | undefined
}

export interface CampaignOutcome {
  /** Whether all of the list was dealt with, or the signal or the total time stopped it before. */
  readonly ended: 'complete' | 'aborted' | 'total-timeout'
  /** Targets with a result of their run. */
  readonly done: number
  /** Targets with a result that `failed` made. */
  readonly failed: number
  /** Targets that were not run: the journal had them, or the list had them before. */
  readonly skipped: number
  /** Targets whose run was cut off by the stop. They have no result. */
  readonly aborted: number
  /** Targets without a result, those that were aborted among them; undefined where nobody knows how long the list is. */
  readonly left: number | undefined
}

/**
 * Runs every target of a list once. A run that is slow, hangs, or throws costs its own place among `concurrency` for
 * as long as its timeout and the grace, and nothing else; one that goes on after that is left to itself, and its place
 * and its host are free again.
 *
 * A stop, by the signal or the total time, takes no further target, aborts the runs and keeps what is done: the promise
 * resolves when the grace is over, at the latest, and what was there is written. The list is asked to end by its iterator's return(); where it is being read at
 * that moment, from a terminal for example, that is not waited for, and ending the source is the caller's.
 *
 * Rejects with a ClosureError ERR_CLOSURE_INVALID_ARGUMENT for options out of range, or a result of another target
 * than was run; with the error of the list, of the journal, or of a function of the plan other than `run` where that throws.
 * It has stopped in the same way by then.
 */
export async function runCampaign<Result extends TargetResult>(plan: CampaignPlan<Result>): Promise<CampaignOutcome> {
  return await new Campaign(plan, checkedLimits(plan)).run()
}

type CheckedLimits = Required<CampaignLimits> & { readonly grace: number }

/** In ms: the longest time that a timer of Node can hold. */
const maxTimeout = 2 ** 31 - 1

function checkedLimits(limits: CampaignLimits): CheckedLimits {
  const { ratePerSecond, totalTimeout } = limits
  if (ratePerSecond !== undefined && !(ratePerSecond > 0 && ratePerSecond < Infinity)) {
    throw invalid('ratePerSecond', 'a number greater than 0', ratePerSecond)
  }
  const concurrency = checkCount('concurrency', 'targets', limits.concurrency, 0)
  if (concurrency === 0) throw invalid('concurrency', 'a whole number of targets, 1 or more', limits.concurrency)
  return {
    concurrency,
    ratePerSecond,
    timeout: checkTime('timeout', limits.timeout),
    totalTimeout: totalTimeout === undefined ? undefined : checkTime('totalTimeout', totalTimeout),
    grace: limits.grace === undefined ? 1000 : checkTime('grace', limits.grace),
  }
}

function checkTime(name: string, value: number): number {
  const time = checkCount(name, 'ms', value, 0)
  if (time === 0 || time > maxTimeout) throw invalid(name, `1 to ${maxTimeout} ms`, value)
  return time
}

type Stop =
  | {
      readonly how: 'aborted' | 'total-timeout'
    }
  | {
      readonly how: 'broken'
      readonly error: unknown
    }

/** In ms. */
const progressInterval = 250

/** So many targets that end at once are taken before the event loop has its turn: its timers and signals count, too. */
const targetsPerTurn = 100

interface Waiting {
  readonly target: string
  readonly host: string
}

class Campaign<Result extends TargetResult> {
  readonly #plan: CampaignPlan<Result>
  readonly #limits: CheckedLimits
  readonly #list: AsyncIterator<string>
  readonly #pace: Pace
  readonly #rate = new Rate()
  readonly #bell = new Bell()
  readonly #seen = new FingerprintSet()
  readonly #busyHosts = new Set<string>()
  readonly #attempts = new Set<Attempt<Result>>()
  /** The runs of these attempts, and the writing of their results. */
  readonly #running = new Set<Promise<void>>()
  readonly #counts = { done: 0, failed: 0, skipped: 0, aborted: 0 }
  #waitingRoom: Waiting[] = []
  #isReading = false
  #isRead = false
  #targetsRead = 0
  #paceTimer: NodeJS.Timeout | undefined
  #stopped: Stop | undefined

  constructor(plan: CampaignPlan<Result>, limits: CheckedLimits) {
    this.#plan = plan
    this.#limits = limits
    this.#list = plan.targets[Symbol.asyncIterator]()
    this.#pace = new Pace(limits.ratePerSecond)
  }

  async run(): Promise<CampaignOutcome> {
    const { signal } = this.#plan
    const { totalTimeout } = this.#limits
    const onAbort = (): void => this.#stop({ how: 'aborted' }, signal.reason)
    const totalTimer =
      totalTimeout === undefined ? undefined : setTimeout(() => this.#stopLate(totalTimeout), totalTimeout)
    const progressTimer = setInterval(() => this.#tellProgress(), progressInterval)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
    this.#tellProgress()
    while (this.#goOn()) await this.#bell.rung()
    await Promise.all(this.#running)
    clearTimeout(totalTimer)
    clearTimeout(this.#paceTimer)
    clearInterval(progressTimer)
    signal.removeEventListener('abort', onAbort)
    await this.#endList()
    this.#tellProgress()
    return this.#outcome()
  }

  /** Does what can be done now, and says whether there is more to come. */
  #goOn(): boolean {
    if (this.#stopped !== undefined) return false
    const isReady = this.#startReady()
    if (this.#isRead && this.#waitingRoom.length === 0 && this.#running.size === 0) return false
    const { concurrency } = this.#limits
    const hasRoom = this.#running.size < concurrency && this.#waitingRoom.length < concurrency
    if (!isReady && hasRoom && !this.#isRead && !this.#isReading) void this.#read()
    return this.#stopped === undefined
  }

  /** Starts what may be started, and says whether there is one that only the pace holds. */
  #startReady(): boolean {
    while (this.#running.size < this.#limits.concurrency && this.#stopped === undefined) {
      const index = this.#waitingRoom.findIndex(({ host }) => !this.#busyHosts.has(host))
      if (index === -1) return false
      const now = performance.now()
      if (!this.#pace.mayStart(now)) {
        clearTimeout(this.#paceTimer)
        this.#paceTimer = setTimeout(() => this.#bell.ring(), Math.ceil(this.#pace.waitAt(now)))
        return true
      }
      for (const waiting of this.#waitingRoom.splice(index, 1)) this.#start(waiting)
    }
    return false
  }

  /** Brings one target of the list that is to be run into the waiting room. Never rejects. */
  async #read(): Promise<void> {
    this.#isReading = true
    try {
      let isWanted = false
      while (!isWanted && !this.#isRead && this.#stopped === undefined) {
        this.#targetsRead += 1
        if (this.#targetsRead % targetsPerTurn === 0) await immediate()
        const next = await this.#list.next()
        if (next.done === true) this.#isRead = true
        else if (this.#stopped === undefined) isWanted = this.#take(next.value)
      }
    } catch (error) {
      // A list that failed has ended.
      this.#isRead = true
      this.#break(error)
    }
    this.#isReading = false
    this.#bell.ring()
  }

  #take(target: string): boolean {
    const isWanted = this.#plan.journal?.has(target) !== true && this.#seen.add(keyOf(target))
    if (isWanted) this.#waitingRoom.push({ target, host: hostNameOf(target) })
    else this.#counts.skipped += 1
    return isWanted
  }

  #start({ target, host }: Waiting): void {
    this.#busyHosts.add(host)
    const attempt = new Attempt((signal) => this.#plan.run(target, signal), this.#limits)
    this.#attempts.add(attempt)
    // Where the run itself has stopped the campaign.
    if (this.#stopped !== undefined) attempt.abort(this.#plan.signal.reason)
    const running = this.#finish(target, attempt).then(() => {
      this.#attempts.delete(attempt)
      this.#running.delete(running)
      this.#busyHosts.delete(host)
      this.#bell.ring()
    })
    this.#running.add(running)
  }

  /** Never rejects. */
  async #finish(target: string, attempt: Attempt<Result>): Promise<void> {
    try {
      await this.#keep(target, await attempt.ended)
    } catch (error) {
      this.#break(error)
    }
  }

  async #keep(target: string, ended: Attempted<Result>): Promise<void> {
    if (ended.kind === 'aborted') {
      this.#counts.aborted += 1
      return
    }
    const isDone = ended.kind === 'result'
    const result = isDone ? ended.result : this.#plan.failed(target, ended.reason)
    // A journal with another name in it would have this one run again.
    if (result.target !== target) throw invalid('result.target', `'${target}', which was run`, result.target)
    await this.#plan.journal?.append(result)
    this.#counts[isDone ? 'done' : 'failed'] += 1
    this.#plan.onResult?.(result)
  }

  #stopLate(totalTimeout: number): void {
    const late = new DOMException(`Expected all results within ${totalTimeout} ms`, 'TimeoutError')
    this.#stop({ how: 'total-timeout' }, late)
  }

  /** Also after another stop: an error that nobody hears of would be worse. */
  #break(error: unknown): void {
    this.#stop({ how: 'broken', error }, error)
    if (this.#stopped?.how !== 'broken') this.#stopped = { how: 'broken', error }
  }

  #stop(stop: Stop, reason: unknown): void {
    if (this.#stopped !== undefined) return
    this.#stopped = stop
    for (const attempt of this.#attempts) attempt.abort(reason)
    this.#bell.ring()
  }

  /** Where a target is being waited for, return() of a generator is only heard after it. */
  async #endList(): Promise<void> {
    if (this.#isRead) return
    const ending = endOf(this.#list)
    if (!this.#isReading) await ending
  }

  #tellProgress(): void {
    const { done, failed } = this.#counts
    const { total, onProgress } = this.#plan
    const perSecond = this.#rate.at(performance.now(), done + failed)
    try {
      onProgress?.({
        done: this.#dealtWith(),
        ...(total !== undefined && { total }),
        running: this.#running.size,
        perSecond,
      })
    } catch (error) {
      this.#break(error)
    }
  }

  #outcome(): CampaignOutcome {
    const stopped = this.#stopped
    if (stopped?.how === 'broken') throw stopped.error
    return { ended: stopped?.how ?? 'complete', ...this.#counts, left: this.#left() }
  }

  #left(): number | undefined {
    if (this.#isRead) return this.#waitingRoom.length + this.#counts.aborted
    const { total } = this.#plan
    return total === undefined ? undefined : Math.max(0, total - this.#dealtWith())
  }

  #dealtWith(): number {
    const { done, failed, skipped } = this.#counts
    return done + failed + skipped
  }
}

/** Never rejects: of a list that is not read any more nothing is wanted. */
async function endOf(list: AsyncIterator<string>): Promise<void> {
  try {
    await list.return?.()
  } catch {
    // Its own business from here on.
  }
}

/** Wakes the one who waits; a ring that nobody waited for wakes the next who does. */
class Bell {
  #isRung = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#isRung = true
    this.#wake?.()
  }

  async rung(): Promise<void> {
    if (!this.#isRung) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#isRung = false
    this.#wake = undefined
  }
}
