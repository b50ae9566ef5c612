import type { Build } from '../../../lab/builds.js'
import type { Scenario } from '../../../lab/scenarios/types.js'

/** The scenarios and the builds, before anything was run. */
export function renderList(scenarios: readonly Scenario[], builds: readonly Build[]): string {
  const described = scenarios.map(({ name, versions, title }) => [name, versions.join(' '), title] as const)
  const found = builds.map(
    ({ name, libssl, node }) => [name, libssl ?? `the one of ${node ?? process.execPath}`] as const,
  )
  return ['Scenarios', ...aligned(described), '', 'Builds', ...aligned(found), ''].join('\n')
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)))
  return rows.map((cells) => `  ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
}
