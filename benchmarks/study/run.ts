/** Measures step by step, and has the result saved after each. */
import { explain } from '../support/explain.js'
import { seededRandom } from '../support/random.js'
import type { Progress } from '../support/progress.js'
import { seedOf } from './plan.js'
import type { Step } from './plan.js'
import type { StudyResult } from './result.js'

export interface Run {
  readonly steps: readonly Step[]
  /** What there is already: a new result, or one that is gone on with. */
  readonly result: StudyResult
  /** Aborted by Ctrl-C, with what is to be thrown. */
  readonly signal: AbortSignal
  /** Called with all that was measured so far, after each step. */
  readonly save: (result: StudyResult) => void
  readonly show: (progress: Progress) => void
}

/** Resolves with the whole result, of which a failed step is a part; an abort is none: the result is then interrupted. */
export async function runSteps({ steps, result: before, signal, save, show }: Run): Promise<StudyResult> {
  const known = new Set(before.done.map(({ block }) => block))
  const left = steps.filter(({ block }) => !known.has(block.id))
  const clock = new Clock(left)
  // What failed before is tried again.
  let result: StudyResult = { ...before, outcome: 'running', failures: [] }
  for (const step of left) {
    const began = performance.now()
    const { question, block } = step
    const report = (fraction: number): void => show({ phase: block.id, ...clock.at(block.seconds * fraction) })
    const context = {
      random: seededRandom(seedOf(step, before.settings)),
      scale: before.settings.scale,
      signal,
      progress: report,
    }
    report(0)
    try {
      const { cells, checks } = await block.run(context)
      const seconds = (performance.now() - began) / 1000
      result = {
        ...result,
        seconds: result.seconds + seconds,
        definitions: { ...result.definitions, [question.name]: question.definitions },
        done: [...result.done, { block: block.id, seconds }],
        cells: [...result.cells, ...cells],
        checks: [...result.checks, ...checks],
      }
    } catch (error) {
      if (signal.aborted) break
      result = { ...result, failures: [...result.failures, { block: block.id, error: explain(error) }] }
    }
    clock.pass(block.seconds)
    save(result)
  }
  const outcome = signal.aborted ? 'interrupted' : result.failures.length > 0 ? 'failed' : 'complete'
  const whole: StudyResult = { ...result, outcome }
  save(whole)
  return whole
}

/** Guesses what is left from how long the steps so far have taken beside what they were expected to. */
class Clock {
  readonly #began = performance.now()
  readonly #expected: number
  #passed = 0

  constructor(steps: readonly Step[]) {
    this.#expected = steps.reduce((sum, { block }) => sum + block.seconds, 0)
  }

  pass(seconds: number): void {
    this.#passed += seconds
  }

  at(more: number): { fraction: number; note: string } {
    const fraction = Math.min(1, (this.#passed + more) / this.#expected)
    if (fraction === 0) return { fraction, note: 'begins' }
    const left = ((performance.now() - this.#began) / 1000) * (1 / fraction - 1)
    return { fraction, note: `${duration(left)} left` }
  }
}

export function duration(seconds: number): string {
  return seconds < 90 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(0)} minutes`
}
