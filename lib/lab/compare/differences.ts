// The differences between builds: which steps differ, and which builds behave otherwise there than most.
import { describeObservation } from '../scenarios/describe.js'
import type { Observation } from '../scenarios/types.js'
import type { ScenarioResult, StepDifference } from './comparison.js'

type Results = Readonly<Record<string, ScenarioResult>>

/** One row of a scenario's table. */
export interface Row {
  readonly step: string
  readonly call: Observation['call'] | undefined
  /** The result of each build on which the scenario ran, by its id; null where the step did not come to pass. */
  readonly cells: ReadonlyMap<string, string | null>
  readonly difference: StepDifference | undefined
}

/** A row for each step, in order. The results are in the order of the builds. */
export function rowsOf(results: Results): readonly Row[] {
  const ran = observationsByBuild(results)
  return stepsOf([...ran.values()]).map((step) => {
    const observations = [...ran].map(([id, all]) => [id, all.find((one) => one.step === step) ?? null] as const)
    const cells = new Map(observations.map(([id, one]) => [id, textOf(one)]))
    const call = observations.find(([, one]) => one !== null)?.[1]?.call
    return { step, call, cells, difference: differenceOf(step, new Map(observations)) }
  })
}

export function differencesOf(results: Results): readonly StepDifference[] {
  return rowsOf(results).flatMap(({ difference }) => (difference === undefined ? [] : [difference]))
}

function observationsByBuild(results: Results): ReadonlyMap<string, readonly Observation[]> {
  const ran = new Map<string, readonly Observation[]>()
  for (const [id, result] of Object.entries(results)) if (result.kind === 'ran') ran.set(id, result.observations)
  return ran
}

/** Those of every build, the longest first: a build that stopped early does not change the order. */
function stepsOf(all: readonly (readonly Observation[])[]): readonly string[] {
  const longestFirst = all.toSorted((a, b) => b.length - a.length)
  return [...new Set(longestFirst.flatMap((observations) => observations.map(({ step }) => step)))]
}

export type Cell = Observation | null

function differenceOf(step: string, cells: ReadonlyMap<string, Cell>): StepDifference | undefined {
  const counts = new Map<string, number>()
  for (const cell of cells.values()) counts.set(senseOf(cell), (counts.get(senseOf(cell)) ?? 0) + 1)
  if (counts.size < 2) return undefined
  const most = Math.max(...counts.values())
  // With a tie the first build decides.
  const usual = [...cells.values()].find((cell) => counts.get(senseOf(cell)) === most) ?? null
  const otherwise = [...cells].filter(([, cell]) => senseOf(cell) !== senseOf(usual))
  return {
    step,
    usual: textOf(usual),
    otherwise: Object.fromEntries(otherwise.map(([id, cell]) => [id, textOf(cell)])),
  }
}

export function textOf(cell: Cell): string | null {
  return cell === null ? null : describeObservation(cell)
}

/** The part that is compared: all but the note, and reasons without BoringSSL's case and underscores. */
export function senseOf(cell: Cell): string {
  if (cell === null) return ''
  const { note: _note, reasons = [], ...rest } = cell
  return JSON.stringify({ ...rest, reasons: reasons.map((reason) => reason.toLowerCase().replaceAll('_', ' ')) })
}
