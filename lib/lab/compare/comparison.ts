// The result of a comparison, and the form of `close-notify compare --json`: stable within one `format`, and described
// for its readers in docs/compare.md.
import type { BuildIdentity, ScenarioOutcome } from '../scenarios/types.js'
import type { TlsVersion } from '../../tls/versions.js'

export interface Comparison {
  /** Counts up when a field changes its meaning or goes; fields may be added without that. */
  readonly format: 1
  /** When it was made, in ISO 8601. */
  readonly date: string
  readonly madeBy: {
    readonly 'close-notify': string
    readonly node: string
    readonly platform: string
  }
  readonly builds: readonly ComparedBuild[]
  readonly scenarios: readonly ComparedScenario[]
}

/** One column. */
export type ComparedBuild = {
  /** Unique in the comparison: keys of `results` and `otherwise`. */
  readonly id: string
  /** Unique as well, and for people: `OpenSSL 3.0.20`. */
  readonly label: string
  /** Absent for the process's own. */
  readonly libssl?: string
} & (
  | ({ readonly status: 'loaded'; readonly lacking: readonly string[]; readonly crashedAtExit?: Crash } & BuildIdentity)
  | { readonly status: 'not-loaded'; readonly code?: string; readonly message: string }
  | { readonly status: 'crashed'; readonly crash: Crash }
)

/** How a build's process ended before it was done. */
export interface Crash {
  /** `SIGSEGV`, `exit code 1`, or that it did not answer. */
  readonly how: string
  /** The last lines of its standard error. */
  readonly said: string
}

/** One scenario with one TLS version. */
export interface ComparedScenario {
  readonly name: string
  readonly title: string
  readonly tls: TlsVersion
  /** By id of the build; a build that could not be loaded has none. */
  readonly results: Readonly<Record<string, ScenarioResult>>
  /** The steps that are not alike on all builds on which the scenario ran, in order. */
  readonly differences: readonly StepDifference[]
  /** The scenario's reasons why some builds behave otherwise, and which of the builds compared these are. */
  readonly explanations: readonly Explanation[]
}

export type ScenarioResult =
  | DistributiveOmit<ScenarioOutcome, 'scenario' | 'tls'>
  /** The scenario could not be carried out to its end. */
  | { readonly kind: 'failed'; readonly code?: string; readonly message: string }
  | { readonly kind: 'crashed'; readonly crash: Crash }

export interface StepDifference {
  /** Its name in the scenario, or who did what. */
  readonly step: string
  /**
   * The result of most builds; with a tie, of the first of them; so, of two builds, of the first. Null where the step
   * did not come to pass.
   */
  readonly usual: string | null
  /** The results of the others, by id of the build. */
  readonly otherwise: Readonly<Record<string, string | null>>
}

export interface Explanation {
  readonly builds: readonly string[]
  readonly because: string
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
