// A comparison for people at a terminal.
import type { ComparedBuild, Comparison } from '../../../lab/compare/comparison.js'
import { isMarked } from './columns.js'
import { layoutTable } from './layout.js'
import { problemOf } from './problems.js'
import { sectionsOf } from './sections.js'
import type { Section } from './sections.js'
import { count, wrap } from '../../text.js'
import type { Layout } from '../../output.js'

export interface TextOptions extends Layout {
  /** Steps and scenarios that are alike on all builds too. */
  readonly allRows: boolean
}

export function renderText({ builds, scenarios }: Comparison, options: TextOptions): string {
  const sections = sectionsOf(builds, scenarios)
  const shown = sections.filter(({ isAlike }) => options.allRows || !isAlike)
  return [
    buildList(builds, options),
    ...shown.map((section) => sectionText(section, options)),
    conclusion(builds, sections, options),
  ]
    .join('\n\n')
    .concat('\n')
}

function buildList(builds: readonly ComparedBuild[], { style }: TextOptions): string {
  const widest = Math.max(...builds.map(({ label }) => label.length))
  const lines = builds.map((build) => {
    const problem = problemOf(build)
    const place = build.libssl === undefined ? "Node's own" : build.id
    const name = `  ${build.label.padEnd(widest)}  ${style.aside(place)}`
    return problem === undefined ? name : `${name}\n    ${style.alarm(problem)}`
  })
  return [style.heading('Builds'), ...lines].join('\n')
}

function sectionText(section: Section, options: TextOptions): string {
  const { style, allRows, width } = options
  const rows = section.rows.filter(({ difference }) => allRows || difference !== undefined)
  const alike = section.rows.length - rows.length
  const hidden = alike === 0 ? [] : [style.aside(`${count(alike, 'other step')} alike`)]
  return [
    `${style.heading(section.name)} ${style.aside(`(${section.versions.join(', ')})`)}`,
    wrap(section.title, width, ''),
    ...(rows.length === 0 ? [] : [layoutTable(section.columns, rows, width, style)]),
    ...hidden,
    ...section.notes.map((note) => wrap(note, width, '')).map((note) => (isAlarming(note) ? style.alarm(note) : note)),
    ...section.explanations.map(({ builds, because }) => wrap(`${builds}: ${because}`, width)),
  ].join('\n')
}

function conclusion(builds: readonly ComparedBuild[], sections: readonly Section[], options: TextOptions): string {
  const { style, allRows, width } = options
  const alike = sections.filter(({ isAlike }) => isAlike)
  const names = alike.map(({ name, versions }) => `${name} (${versions.join(', ')})`)
  const hidden =
    alike.length === 0 || allRows ? [] : ['Alike on all builds (--all-rows shows them):', wrap(names.join(', '), width)]
  const summary = style.heading(`Tables that differ: ${sections.length - alike.length} of ${sections.length}`)
  return [...hidden, ...(hidden.length === 0 ? [] : ['']), summary, ...unlikeMost(builds, sections, width)].join('\n')
}

function unlikeMost(builds: readonly ComparedBuild[], sections: readonly Section[], width: number): string[] {
  const counts = builds.map((build) => ({
    build,
    tables: sections.filter((section) => isUnlike(section, build)).length,
  }))
  const unlike = counts.filter(({ tables }) => tables > 0).map(({ build, tables }) => `${build.label} (${tables})`)
  const [first] = builds
  const others = builds.length === 2 && first !== undefined ? first.label : 'most builds'
  return unlike.length === 0 ? [] : [wrap(`Unlike ${others}: ${unlike.join(', ')}`, width, '')]
}

function isUnlike({ rows }: Section, build: ComparedBuild): boolean {
  return rows.some((row) => isMarked(row, build))
}

function isAlarming(note: string): boolean {
  return /\b(FAILED|CRASHED)\b/.test(note)
}
