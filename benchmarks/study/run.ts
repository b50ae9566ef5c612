/** Measures visit by visit, and has the result saved after each. */
import { explain } from '../support/explain.js'
import { seededRandom } from '../support/random.js'
import type { Progress } from '../support/progress.js'
import type { Cell, Check } from './cell.js'
import { seedOf } from './plan.js'
import type { Visit } from './plan.js'
import { alikeOver } from './questions.js'
import type { DoneBlock, StudyResult } from './result.js'
import { combineVisits } from './visits.js'

export interface Run {
  readonly visits: readonly Visit[]
  /** What there is already: a new result, or one that is gone on with. */
  readonly result: StudyResult
  /** Aborted by Ctrl-C, with what is to be thrown. */
  readonly signal: AbortSignal
  /** Called with all that was measured so far, after each visit. */
  readonly save: (result: StudyResult) => void
  readonly show: (progress: Progress) => void
}

/**
 * Resolves with the whole result, of which a failed visit is a part; an abort is none: the result is then interrupted.
 * Its cells are whole when all is done, and before that there is one for each visit.
 */
export async function runVisits({ visits, result: before, signal, save, show }: Run): Promise<StudyResult> {
  const known = new Set(before.done.map(nameOf))
  const left = visits.filter((visit) => !known.has(nameOf(doneBy(visit, 0))))
  const clock = new Clock(left)
  // What failed before is tried again.
  let result: StudyResult = { ...before, outcome: 'running', failures: [] }
  for (const visit of left) {
    const began = performance.now()
    const { question, block } = visit
    const expected = block.seconds / visit.visits
    const report = (fraction: number): void => show({ phase: block.id, ...clock.at(expected * fraction) })
    const context = {
      random: seededRandom(seedOf(visit, before.settings)),
      scale: before.settings.scale / visit.visits,
      warmUp: before.settings.scale,
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
        done: [...result.done, doneBy(visit, seconds)],
        cells: [...result.cells, ...cells.map((cell) => ofVisit(cell, visit))],
        checks: [...result.checks, ...checks.map((check) => inVisit(check, visit))],
      }
    } catch (error) {
      if (signal.aborted) break
      result = { ...result, failures: [...result.failures, { block: block.id, error: explain(error) }] }
    }
    clock.pass(expected)
    save(result)
  }
  const outcome = signal.aborted ? 'interrupted' : result.failures.length > 0 ? 'failed' : 'complete'
  const cells = outcome === 'complete' ? combineVisits(result.cells, alikeOver) : result.cells
  const whole: StudyResult = { ...result, cells, outcome }
  save(whole)
  return whole
}

function doneBy({ block, visit, visits }: Visit, seconds: number): DoneBlock {
  return { block: block.id, ...(visits > 1 && { visit }), seconds }
}

function nameOf({ block, visit = 0 }: DoneBlock): string {
  return `${visit} ${block}`
}

function ofVisit(cell: Cell, { visit, visits }: Visit): Cell {
  return visits === 1 ? cell : { ...cell, visit }
}

function inVisit(check: Check, { visit, visits }: Visit): Check {
  return visits === 1 ? check : { ...check, where: `${check.where}, visit ${visit + 1} of ${visits}` }
}

/** Guesses what is left from how long the steps so far have taken beside what they were expected to. */
class Clock {
  readonly #began = performance.now()
  readonly #expected: number
  #passed = 0

  constructor(left: readonly Visit[]) {
    this.#expected = left.reduce((sum, { block, visits }) => sum + block.seconds / visits, 0)
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
