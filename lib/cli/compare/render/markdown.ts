// A comparison as part of a page: the builds; every difference with the scenarios that show it; then each scenario's
// table for those who unfold it. Without date and paths, so that the same builds print the same text.
import type { ComparedBuild, Comparison, StepDifference } from '../../../lab/compare/comparison.js'
import { alikeThroughout, groupBy, isMarked } from './columns.js'
import { markdownTable } from '../../text.js'
import { cell, code, escaped, inHtml, label } from './markdown-words.js'
import { namesOf } from './names.js'
import { problemOf } from './problems.js'
import { namesOfBuilds, sectionsOf } from './sections.js'
import type { Section } from './sections.js'

export function renderMarkdown({ builds, scenarios }: Comparison): string {
  const sections = sectionsOf(builds, scenarios)
  const ordered = [...sections.filter(({ isAlike }) => !isAlike), ...sections.filter(({ isAlike }) => isAlike)]
  return [
    buildTable(builds),
    '### What differs',
    ...differenceTables(builds, sections),
    '### Scenario by scenario',
    ...ordered.map((section) => foldedTable(builds, section)),
  ]
    .join('\n\n')
    .concat('\n')
}

function buildTable(builds: readonly ComparedBuild[]): string {
  const rows = builds.map((build) => [
    label(build.label),
    build.status === 'loaded' ? code(build.version) : escaped(problemOf(build) ?? ''),
    build.status === 'loaded' ? build.lacking.map(code).join(', ') : '',
  ])
  return markdownTable(['build', 'says of itself', 'lacks'], rows)
}

// --- Differences ---

interface Place {
  readonly call: string
  readonly difference: StepDifference
  readonly section: Section
}

/** A table for each call, with a row for each way in which builds differ there. */
function differenceTables(builds: readonly ComparedBuild[], sections: readonly Section[]): readonly string[] {
  const places = sections.flatMap((section) =>
    section.rows.flatMap(({ call = '', difference }): Place[] =>
      difference === undefined ? [] : [{ call, difference, section }],
    ),
  )
  const [from, to] = builds
  const isPair = builds.length === 2 && from !== undefined && to !== undefined
  const sides = isPair ? [label(from.label), label(to.label)] : ['most builds', 'others']
  // Calls before what they put on the wire, and what differs often before what rarely does.
  const calls = groupBy(places, ({ call }) => call).toSorted((a, b) => rankOf(b) - rankOf(a))
  return calls.flatMap((ofCall) => {
    const rows = groupBy(ofCall, ({ difference: { usual, otherwise } }) => JSON.stringify([usual, otherwise]))
    const shown = rows.toSorted((a, b) => b.length - a.length).flatMap((same) => differenceRow(builds, same))
    return [`#### ${ofCall[0]?.call ?? ''}`, markdownTable([...sides, 'in'], shown)]
  })
}

function rankOf(places: readonly Place[]): number {
  return places[0]?.call === 'transfer' ? 0 : places.length
}

function differenceRow(builds: readonly ComparedBuild[], places: readonly Place[]): string[][] {
  const [first] = places
  if (first === undefined) return []
  const others = groupBy(Object.entries(first.difference.otherwise), ([, text]) => JSON.stringify(text))
  const otherwise = others.map((same) => {
    const labels = namesOfBuilds(
      builds,
      same.map(([id]) => id),
    )
    return `${label(labels)}: ${cell(same[0]?.[1] ?? null)}`
  })
  const where = [...new Set(places.map(({ section }) => `[${nameOf(section)}](#${anchorOf(section)})`))].join('<br>')
  const folded = `<details><summary>${places.length} steps</summary>${where}</details>`
  return [[cell(first.difference.usual), otherwise.join('<br>'), places.length > few ? folded : where]]
}

/** As many places as are named without being folded. */
const few = 3

// --- Scenarios ---

function foldedTable(builds: readonly ComparedBuild[], section: Section): string {
  const { title, notes, explanations } = section
  const remarks = [...notes, ...explanations.map(({ builds: names, because }) => `${names}: ${because}`)]
  return [
    `<details id="${anchorOf(section)}"><summary>${inHtml(`${nameOf(section)}: ${extentOf(builds, section)}`)}</summary>`,
    escaped(title),
    ...(section.rows.length === 0 ? [] : [stepTable(builds, section)]),
    ...(remarks.length === 0 ? [] : [remarks.map((remark) => `- ${escaped(remark)}`).join('\n')]),
    '</details>',
  ].join('\n\n')
}

function extentOf(builds: readonly ComparedBuild[], { rows, columns, isAlike }: Section): string {
  if (isAlike) return 'alike'
  const differing = rows.filter(({ difference }) => difference !== undefined)
  const unlike = columns.filter((column) => differing.some((row) => isMarked(row, column)))
  const absent = builds.filter((build) => build.status === 'loaded' && !columns.includes(build))
  return [
    ...(unlike.length === 0
      ? []
      : [`${namesOf(unlike.map((column) => column.label))} in ${differing.length} of ${rows.length} steps`]),
    ...(absent.length === 0 ? [] : [`not on ${namesOf(absent.map((build) => build.label))}`]),
  ].join('; ')
}

/** Builds whose results are the same throughout share a column. */
function stepTable(builds: readonly ComparedBuild[], { columns, rows }: Section): string {
  const groups = alikeThroughout(columns, rows)
  const heads = groups.map((group) =>
    group.length === builds.length ? 'all' : label(namesOf(group.map((column) => column.label))),
  )
  const body = rows.map((row) => [
    code(row.step),
    ...groups.flatMap(([column]) => {
      if (column === undefined) return []
      const text = cell(row.cells.get(column.id) ?? null)
      return isMarked(row, column) ? `**${text}**` : text
    }),
  ])
  return markdownTable(['step', ...heads], body)
}

// --- Text ---

function nameOf({ name, versions }: Section): string {
  return `${name} (${versions.map((version) => version.replace('TLSv', '')).join(', ')})`
}

function anchorOf({ name, versions }: Section): string {
  return [name, ...versions.map((version) => version.replace('TLSv', ''))].join('-')
}
