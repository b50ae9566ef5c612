// The common part of the forms for people, text and markdown: one section for each scenario, with TLS versions together
// where their results are the same.
import type { ComparedBuild, ComparedScenario, ScenarioResult } from '../../../lab/compare/comparison.js'
import { rowsOf } from '../../../lab/compare/differences.js'
import type { Row } from '../../../lab/compare/differences.js'
import type { TlsVersion } from '../../../tls/versions.js'
import { namesOf } from './names.js'
import { howOf } from './problems.js'

export interface Section {
  readonly name: string
  readonly title: string
  readonly versions: readonly TlsVersion[]
  /** The builds on which the scenario ran: the columns. */
  readonly columns: readonly ComparedBuild[]
  readonly rows: readonly Row[]
  /** Builds on which it did not run, or not to its end: each a line. */
  readonly notes: readonly string[]
  readonly explanations: readonly { readonly builds: string; readonly because: string }[]
  /** The results of all builds that could be loaded are the same. */
  readonly isAlike: boolean
}

export function sectionsOf(
  builds: readonly ComparedBuild[],
  scenarios: readonly ComparedScenario[],
): readonly Section[] {
  const sections: Section[] = []
  for (const scenario of scenarios) {
    const section = sectionOf(builds, scenario)
    const same = sections.findIndex((other) => contentOf(other) === contentOf(section))
    const before = sections[same]
    if (before === undefined) sections.push(section)
    else sections[same] = { ...before, versions: [...before.versions, ...section.versions] }
  }
  return sections
}

function contentOf({ versions: _versions, rows, ...rest }: Section): string {
  return JSON.stringify([rest, rows.map(({ step, cells }) => [step, ...cells])])
}

function sectionOf(builds: readonly ComparedBuild[], scenario: ComparedScenario): Section {
  const { name, title, tls, results, differences, explanations } = scenario
  const notes = notesOf(builds, results)
  return {
    name,
    title,
    versions: [tls],
    columns: builds.filter(({ id }) => results[id]?.kind === 'ran'),
    rows: rowsOf(results),
    notes,
    explanations: explanations.map(({ builds: ids, because }) => ({ builds: namesOfBuilds(builds, ids), because })),
    isAlike: differences.length === 0 && notes.length === 0,
  }
}

export function namesOfBuilds(builds: readonly ComparedBuild[], ids: readonly string[]): string {
  return namesOf(builds.filter(({ id }) => ids.includes(id)).map(({ label }) => label))
}

/** Builds with the same note share a line. */
function notesOf(builds: readonly ComparedBuild[], results: Readonly<Record<string, ScenarioResult>>): string[] {
  const said = new Map<string, string[]>()
  for (const { id } of builds) {
    const result = results[id]
    const note = result === undefined ? undefined : noteOf(result)
    if (note !== undefined) said.set(note, [...(said.get(note) ?? []), id])
  }
  return [...said].map(([note, ids]) => `${namesOfBuilds(builds, ids)}: ${note}`)
}

function noteOf(result: ScenarioResult): string | undefined {
  switch (result.kind) {
    case 'ran':
      return undefined
    case 'lacking':
      return `not run, for want of ${result.calls.join(', ')}`
    case 'failed':
      return `FAILED: ${result.code === undefined ? '' : `${result.code}: `}${result.message}`
    case 'crashed':
      return `CRASHED: ${howOf(result.crash)}`
  }
}
