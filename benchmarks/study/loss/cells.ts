import type { Cell } from '../cell.js'
import { distribution, present, share } from '../measures.js'
import { type Plan, whereOf } from './plans.js'
import type { Outcome } from './outcome.js'
import { allWaysOf } from './situations.js'

/** The cells of a block, one for each way. */
export function cellsOf(plan: Plan, outcomes: readonly Outcome[], random: () => number): readonly Cell[] {
  return allWaysOf(plan.situation).map(({ way }) => ({
    question: 'loss',
    parameters: { ...whereOf(plan), side: way },
    measures: measuresOf(
      outcomes.filter((outcome) => outcome.way === way),
      random,
    ),
  }))
}

function measuresOf(outcomes: readonly Outcome[], random: () => number) {
  const count = (is: (outcome: Outcome) => boolean): number => outcomes.filter(is).length
  return present({
    delivered: share(
      count(({ read, written }) => read === written),
      outcomes.length,
      'higher',
    ),
    reset: share(
      count(({ failure }) => failure === 'reset'),
      outcomes.length,
      'lower',
    ),
    lostBytes: distribution(
      // More read than written is an instrument that fails, of which a check tells.
      outcomes.map(({ read, written }) => Math.max(0, written - read)),
      { unit: 'bytes', better: 'lower' },
      random,
    ),
    tickets: distribution(
      outcomes.map(({ tickets }) => tickets),
      { unit: 'count', better: 'higher' },
      random,
    ),
    resumed: share(
      count(({ resumed }) => resumed),
      outcomes.length,
      'higher',
    ),
  })
}
