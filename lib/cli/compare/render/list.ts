import type { Build } from '../../../lab/builds.js'
import type { Scenario } from '../../../lab/scenarios/types.js'
import { aligned } from '../../text.js'

/** The scenarios and the builds, before anything was run. */
export function renderList(scenarios: readonly Scenario[], builds: readonly Build[]): string {
  const described = scenarios.map(({ name, versions, title }) => [name, versions.join(' '), title] as const)
  const found = builds.map(
    ({ name, libssl, node }) => [name, libssl ?? `the one of ${node ?? process.execPath}`] as const,
  )
  return ['Scenarios', ...aligned(described), '', 'Builds', ...aligned(found), ''].join('\n')
}
