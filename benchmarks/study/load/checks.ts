/** What has to hold if the instruments of this question are right. Each is a pure function of what was seen. */
import type { Check } from '../cell.js'

type Finding = Pick<Check, 'expected' | 'found' | 'passed'>

export function checked(name: string, where: string, finding: Finding): Check {
  return { name, question: 'load', where, ...finding }
}

/** Every connection got its payload, whole and before its end. */
export function allDelivered(sent: number, received: number): Finding {
  return { expected: `${sent} bytes`, found: `${received} bytes`, passed: sent > 0 && received === sent }
}

/** How many files more than at rest each server had open in the end. */
export function allClosed(left: readonly number[]): Finding {
  const most = Math.max(...left)
  return {
    expected: 'as many open files as at rest, after each sample',
    found: `at most ${most} more, after ${left.length} samples`,
    passed: left.length > 0 && left.every((count) => count <= 0),
  }
}

/** A closing that waits for a silent peer, and how soon it may be over: a timer counts from the turn that set it. */
export interface Waits {
  /** How long each closing took, in ms. */
  readonly took: readonly number[]
  readonly silent: number
  readonly budget: number
  /** ms by which a timer may be early: whole ms, and the longest turn before the call. */
  readonly early: number
}

/** Bidirectional closings with silent peers never end before their budget. */
export function fullBudgets(samples: readonly Waits[]): Finding {
  const missing = samples.map(({ took, silent, budget, early }) => {
    return silent - took.filter((ms) => ms >= budget - early).length
  })
  const silent = samples.reduce((sum, sample) => sum + sample.silent, 0)
  const tooSoon = missing.reduce((sum, count) => sum + Math.max(0, count), 0)
  return {
    expected: `${silent} closings of at least the budget, less what a timer may be early`,
    found: `${tooSoon} were shorter`,
    passed: silent > 0 && tooSoon === 0,
  }
}

/** The mean of open files by the kernel and by the server's own notes of each connection. */
export interface Means {
  readonly kernel: number | undefined
  readonly notes: number
}

const meansTolerance = { relative: 0.06, absolute: 0.4 }

export function sameMeans({ kernel, notes }: Means): Finding {
  const { relative, absolute } = meansTolerance
  return {
    expected: `${notes.toFixed(2)} open connections, within ${relative * 100} % or ${absolute}`,
    found: kernel === undefined ? 'no counts' : `${kernel.toFixed(2)} open files`,
    passed: kernel !== undefined && Math.abs(kernel - notes) <= Math.max(relative * notes, absolute),
  }
}

const formulaFactor = 1.5

/** The open files of a steady stream lie within a factor of the formula. */
export function nearFormula(measured: number, formula: number): Finding {
  return {
    expected: `${formula.toFixed(2)} by the formula, within a factor of ${formulaFactor}`,
    found: measured.toFixed(2),
    passed: measured >= formula / formulaFactor && measured <= formula * formulaFactor,
  }
}
