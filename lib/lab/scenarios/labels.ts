// The names of a scenario's steps: keys of what is expected of them, and of what differs between builds.
import type { Actor, Scenario, Step } from './types.js'

/** The label of each step, in order: `as`, or who did what, with a number from the second time on. */
export function stepLabels({ steps }: Pick<Scenario, 'steps'>): readonly string[] {
  const counts = new Map<string, number>()
  return steps.map((step) => {
    if (step.as !== undefined) return step.as
    const base = whoDidWhat(step)
    const count = (counts.get(base) ?? 0) + 1
    counts.set(base, count)
    return count === 1 ? base : `${base} #${count}`
  })
}

/** The labels that would be another step's if one like it were inserted: those of who did what more than once. */
export function movingLabels(scenario: Pick<Scenario, 'steps'>): readonly string[] {
  const bases = scenario.steps.map((step) => (step.as === undefined ? whoDidWhat(step) : undefined))
  return stepLabels(scenario).filter((_label, index) => {
    const base = bases[index]
    return base !== undefined && bases.filter((other) => other === base).length > 1
  })
}

export function actorOf(step: Step): Actor | undefined {
  if ('by' in step) return step.by
  if ('from' in step) return step.from
  return 'to' in step ? step.to : undefined
}

function whoDidWhat(step: Step): string {
  const actor = actorOf(step)
  return actor === undefined ? step.do : `${actor} ${step.do}`
}
