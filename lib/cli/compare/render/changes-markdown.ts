// What changes when one libssl replaces another, as part of a page: a table with a row for each cause. Without date and
// paths, so that the same builds print the same text.
import type { Change, ChangedStep, ChangeKind, Changes } from '../../../lab/compare/changes.js'
import { extentOf, headings, placesOf, titleOf } from './changes-text.js'
import { markdownTable } from '../../text.js'
import { cell, code, escaped, label } from './markdown-words.js'
import { problemOf } from './problems.js'

interface MarkdownOptions {
  /** Every step of a cause, not one example. */
  readonly allSteps: boolean
}

export function renderChangesAsMarkdown(changes: Changes, options: MarkdownOptions): string {
  const { from, to } = changes
  const problems = [from, to].flatMap((build) => {
    const problem = problemOf(build)
    return problem === undefined ? [] : [escaped(`${build.label}: ${problem}`)]
  })
  return [
    `### ${label(from.label)} to ${label(to.label)}`,
    extentOf(changes),
    ...problems,
    ...ofKind('behaviour', changes, options),
    ...ofKind('wording', changes, options),
    ...calls(changes),
    ...failures(changes),
  ]
    .join('\n\n')
    .concat('\n')
}

function ofKind(kind: ChangeKind, { changes }: Changes, options: MarkdownOptions): readonly string[] {
  const shown = changes.filter((change) => change.kind === kind)
  if (shown.length === 0) return []
  const rows = shown.map((change) => [
    `**${escaped(titleOf(change))}**`,
    ...(change.explained
      ? [escaped(change.old), escaped(change.new), escaped(change.program)]
      : [cell(change.old), cell(change.new), '']),
    [placesOf(change), ...examplesOf(change, options)].join('<br>'),
  ])
  return [`#### ${headings[kind]}`, markdownTable(['cause', 'old', 'new', 'in a program', 'seen in'], rows)]
}

function examplesOf(change: Change, { allSteps }: MarkdownOptions): readonly string[] {
  const examples = change.steps.map((step) => exampleOf(step, change.explained))
  if (!allSteps) return examples.slice(0, 1)
  return [`<details><summary>all</summary>${examples.join('<br>')}</details>`]
}

function exampleOf({ scenario, tls, step, old, new: replacement }: ChangedStep, withResults: boolean): string {
  const place = `${scenario} (${tls.replace('TLSv', '')}), ${step}`
  return withResults ? `${escaped(place)}: ${cell(old)} to ${cell(replacement)}` : escaped(place)
}

function calls({ calls: all, from, to }: Changes): readonly string[] {
  if (all.length === 0) return []
  const lines = all.map(({ call, has, scenarios }) => {
    const names = scenarios.length === 0 ? '' : `; not compared: ${escaped(scenarios.join(', '))}`
    return `- ${code(call)}: ${label((has === 'from' ? from : to).label)}${names}`
  })
  return ['#### Calls and options that only one of them has', lines.join('\n')]
}

function failures({ failures: all, from, to }: Changes): readonly string[] {
  if (all.length === 0) return []
  const lines = all.map(({ scenario, tls, build, message }) =>
    escaped(`${scenario} (${tls}) on ${(build === 'from' ? from : to).label}: ${message}`),
  )
  return ['#### Not carried out', lines.map((line) => `- ${line}`).join('\n')]
}
