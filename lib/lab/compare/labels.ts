// Names of builds for people: what the library says it is, and where from only where that is needed.
import type { Build } from '../builds.js'
import type { BuildOutcome } from './build-run.js'

/** A build, and what became of it. */
export interface FinishedBuild {
  readonly build: Build
  readonly outcome: BuildOutcome
}

/** A label for each build, all different: `OpenSSL 3.0.20`, or `node-20.20.2 (OpenSSL 3.0.20)` for Node's own libssl. */
export function uniqueLabels(finished: readonly FinishedBuild[]): readonly string[] {
  const labels = finished.map(labelOf)
  return finished.map(({ build }, index) => {
    const label = labels[index] ?? build.name
    const isUnique = labels.filter((other) => other === label).length === 1
    return isUnique ? label : `${label}, ${build.name}`
  })
}

function labelOf({ build, outcome: { load } }: FinishedBuild): string {
  if (load.type !== 'loaded') return build.name
  // `OpenSSL 3.0.20 7 Apr 2026`, `OpenSSL 1.1.1 (compatible; BoringSSL)`: only the number behind the kind is its own.
  const [library = load.kind] = load.version.match(new RegExp(`${load.kind} \\d[\\w.+-]*`)) ?? []
  return build.libssl === undefined ? `${build.name} (${library})` : library
}
