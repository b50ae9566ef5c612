// What changes when one libssl replaces another, for people at a terminal.
import type { Change, ChangedStep, ChangeKind, Changes } from '../../../lab/compare/changes.js'
import type { Layout } from '../../output.js'
import { nothing } from './columns.js'
import { problemOf } from './problems.js'
import { count, wrap } from '../../text.js'

export interface ChangesOptions extends Layout {
  /** Every step of a cause, not one example. */
  readonly allSteps: boolean
}

export function renderChanges(changes: Changes, options: ChangesOptions): string {
  const { style } = options
  const { from, to } = changes
  const problems = [from, to].flatMap((build) => {
    const problem = problemOf(build)
    return problem === undefined ? [] : [style.alarm(`${build.label}: ${problem}`)]
  })
  return [
    [style.heading(`${from.label} -> ${to.label}`), extentOf(changes), ...problems].join('\n'),
    ...kinds.flatMap((kind) => ofKind(kind, changes, options)),
    ...calls(changes, options),
    ...failures(changes, options),
  ]
    .join('\n\n')
    .concat('\n')
}

/** `45 of 1012 steps differ, in 20 scenarios`. */
export function extentOf({ steps, changes }: Changes): string {
  const scenarios = new Set(changes.flatMap((change) => change.steps.map(({ scenario }) => scenario)))
  return `${steps.differing} of ${count(steps.all, 'step')} differ, in ${count(scenarios.size, 'scenario')}.`
}

/** Its head: a title, or the call where no known cause explains it. */
export function titleOf(change: Change): string {
  return change.explained ? change.title : `${change.call}, no known cause`
}

export function placesOf({ steps, scenarios }: Change): string {
  return `${count(steps.length, 'step')} of ${count(scenarios, 'scenario')}`
}

function resultText(text: string | null): string {
  return text === '' ? 'nothing' : (text ?? nothing)
}

export const headings: Readonly<Record<ChangeKind, string>> = {
  behaviour: 'Behaviour',
  wording: 'Wording alone: the texts of reasons in the error queue',
}

const kinds = ['behaviour', 'wording'] as const satisfies readonly ChangeKind[]

function ofKind(kind: ChangeKind, { changes }: Changes, options: ChangesOptions): readonly string[] {
  const shown = changes.filter((change) => change.kind === kind)
  if (shown.length === 0) return []
  return [options.style.heading(headings[kind]), ...shown.map((change) => entry(change, options))]
}

function entry(change: Change, { style, width, allSteps }: ChangesOptions): string {
  const line = (name: string, text: string): string => wrap(text, width, indent, `  ${name.padEnd(indent.length - 2)}`)
  const examples = allSteps ? change.steps : change.steps.slice(0, 1)
  const [title, places] = [titleOf(change), `(${placesOf(change)})`]
  // Signs of the style are at most two columns.
  const space = title.length + places.length + 3 > width ? '\n  ' : ' '
  return [
    `${style.mark(title)}${space}${style.aside(places)}`,
    line('old', resultText(change.old)),
    line('new', resultText(change.new)),
    ...(change.explained ? [line('program', change.program)] : []),
    ...examples.map((step, index) => line(index === 0 ? 'seen in' : '', stepText(step, change.explained))),
  ].join('\n')
}

const indent = ' '.repeat(11)

/** Without a known cause old and new are the results of every step. */
function stepText({ scenario, tls, step, old, new: replacement }: ChangedStep, withResults: boolean): string {
  const place = `${scenario} (${tls}), ${step}`
  return withResults ? `${place}: ${resultText(old)} -> ${resultText(replacement)}` : place
}

function calls({ calls: all, from, to }: Changes, { style, width }: ChangesOptions): readonly string[] {
  if (all.length === 0) return []
  const lines = all.map(({ call, has, scenarios }) => {
    const names = scenarios.length === 0 ? '' : `; not compared: ${scenarios.join(', ')}`
    return wrap(`${call}: ${(has === 'from' ? from : to).label}${names}`, width)
  })
  return [[style.heading('Calls and options that only one of them has'), ...lines].join('\n')]
}

function failures({ failures: all, from, to }: Changes, { style, width }: ChangesOptions): readonly string[] {
  if (all.length === 0) return []
  const lines = all.map(({ scenario, tls, build, message }) =>
    style.alarm(wrap(`${scenario} (${tls}) on ${(build === 'from' ? from : to).label}: ${message}`, width)),
  )
  return [[style.heading('Not carried out'), ...lines].join('\n')]
}
