// A comparison as part of a page: the builds, then what differs, then every table for those who unfold it. Without date
// and paths, so that the same builds give the same text.
import type { ComparedBuild, Comparison } from '../../lab/compare/comparison.js'
import type { Row } from '../../lab/compare/differences.js'
import { nothing } from './layout.js'
import { problemOf } from './problems.js'
import { labelsOf, sectionsOf } from './sections.js'
import type { Section } from './sections.js'

export function renderMarkdown({ builds, scenarios }: Comparison): string {
  const sections = sectionsOf(builds, scenarios)
  const differing = sections.filter(({ isAlike }) => !isAlike)
  const alike = sections.filter(({ isAlike }) => isAlike)
  return [
    buildTable(builds),
    '### What differs',
    ...differing.map((section) => differenceText(builds, section)),
    '### Complete tables',
    ...[...differing, ...alike].map(completeTable),
  ]
    .join('\n\n')
    .concat('\n')
}

function buildTable(builds: readonly ComparedBuild[]): string {
  const rows = builds.map((build) => [
    build.label,
    build.status === 'loaded' ? code(build.version) : (problemOf(build) ?? ''),
    build.status === 'loaded' ? build.lacking.map(code).join(', ') : '',
  ])
  return table(['build', 'says of itself', 'lacks'], rows)
}

/** For each step what most builds give, and who gives what else. */
function differenceText(builds: readonly ComparedBuild[], section: Section): string {
  const rows = section.rows.flatMap(({ step, difference }) => {
    if (difference === undefined) return []
    const others = new Map<string | null, string[]>()
    for (const [id, text] of Object.entries(difference.otherwise)) others.set(text, [...(others.get(text) ?? []), id])
    const otherwise = [...others].map(([text, ids]) => `${labelsOf(builds, ids)}: ${cell(text)}`)
    return [[code(step), cell(difference.usual), otherwise.join('<br>')]]
  })
  return [
    `**${section.name}** (${section.versions.join(', ')}): ${escaped(section.title)}`,
    ...(rows.length === 0 ? [] : [table(['step', 'most builds', 'others'], rows)]),
    ...remarks(section),
  ].join('\n\n')
}

function remarks({ notes, explanations }: Section): string[] {
  const lines = [...notes, ...explanations.map(({ builds, because }) => `${builds}: ${because}`)]
  return lines.length === 0 ? [] : [lines.map((line) => `- ${escaped(line)}`).join('\n')]
}

function completeTable(section: Section): string {
  const differing = section.rows.filter(({ difference }) => difference !== undefined).length
  const extent = `steps that differ: ${differing} of ${section.rows.length}`
  return [
    `<details><summary>${section.name} (${section.versions.join(', ')}): ${extent}</summary>`,
    escaped(section.title),
    ...(section.rows.length === 0 ? [] : [stepTable(section)]),
    ...section.notes.map(escaped),
    '</details>',
  ].join('\n\n')
}

function stepTable({ columns, rows }: Section): string {
  const head = ['step', ...columns.map(({ label }) => label)]
  return table(
    head,
    rows.map((row) => [code(row.step), ...columns.map(({ id }) => markedCell(row, id))]),
  )
}

function markedCell({ cells, difference }: Row, id: string): string {
  const text = cell(cells.get(id) ?? null)
  return difference !== undefined && Object.hasOwn(difference.otherwise, id) ? `**${text}**` : text
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function cell(text: string | null): string {
  return text === null ? nothing : code(text)
}

/** In a table a pipe ends the cell, in code too, unless it is escaped. */
function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|').replaceAll('`', "'")}\``
}

function escaped(text: string): string {
  return text.replaceAll(/[\\|<>*[\]`]/g, '\\$&')
}
