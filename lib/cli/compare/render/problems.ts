import type { Changes } from '../../../lab/compare/changes.js'
import type { ComparedBuild, Comparison, Crash } from '../../../lab/compare/comparison.js'

/** The failure of a build as a whole, if it failed. */
export function problemOf(build: ComparedBuild): string | undefined {
  switch (build.status) {
    case 'loaded':
      return build.crashedAtExit === undefined ? undefined : `CRASHED at exit: ${howOf(build.crashedAtExit)}`
    case 'not-loaded':
      return `NOT LOADED: ${build.code === undefined ? '' : `${build.code}: `}${build.message}`
    case 'crashed':
      return `CRASHED before it was loaded: ${howOf(build.crash)}`
  }
}

export function howOf({ how, said }: Crash): string {
  return said === '' ? how : `${how}: ${said}`
}

/** Whether every build ran every scenario that it has the calls for. */
export function isComplete({ builds, scenarios }: Comparison): boolean {
  const results = scenarios.flatMap((scenario) => Object.values(scenario.results))
  return (
    builds.every((build) => problemOf(build) === undefined) &&
    results.every(({ kind }) => kind === 'ran' || kind === 'lacking')
  )
}

/** The same of what changes between two. */
export function isCompleteChange({ from, to, failures }: Changes): boolean {
  return [from, to].every((build) => problemOf(build) === undefined) && failures.length === 0
}
