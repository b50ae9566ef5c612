/** What is made of the runs of a steady stream: cells and checks. */
import { quantile } from '../../support/statistics.js'
import type { Cell, Check, Measure, Parameters } from '../cell.js'
import { amount, distribution, present, series } from '../measures.js'
import { allClosed, allDelivered, checked, fullBudgets, nearFormula, sameMeans } from './checks.js'
import { type Count, heldByFormula, openAt, openOverTime, overlap, type Span } from './descriptors.js'
import { isBounded, isLookedAt, type Side, waitsForBudget } from './sides.js'

export interface StreamPlan {
  /** New connections per second. */
  readonly perSecond: number
  readonly silent: number
  /** ms, as all times. */
  readonly budget: number
  readonly rtt: number
  readonly window: number
  /** Of each run. */
  readonly windows: number
  readonly sides: readonly Side[]
  readonly rounds: number
  readonly leastRounds: number
  readonly seconds: number
}

/** A connection: when it was accepted, when its closing was called, when it was closed (Infinity: not at all). */
export interface Life {
  readonly accepted: number
  readonly called: number
  readonly closed: number
}

/** The CPU time of the server so far, in us, where a window begins or ends. */
export interface Mark {
  readonly at: number
  readonly cpu: number
}

export interface Run {
  readonly marks: readonly Mark[]
  readonly lives: readonly Life[]
  readonly counts: readonly Count[]
  /** The RTT of the relay, in ms. */
  readonly echoes: readonly number[]
  readonly stall: number
  readonly sent: number
  readonly received: number
  readonly left: number
}

export type Runs = ReadonlyMap<Side, readonly Run[]>

/** One window of a run. */
interface Window {
  readonly closes: number
  /** Mean number of connections whose closing was called and that were not closed. */
  readonly held: number
  readonly formula: number
  readonly perSecond: number
  readonly cpu: number
}

export function sharedParameters({ perSecond, silent, budget, rtt }: StreamPlan): Parameters {
  return { load: 'stream', perSecond, rtt, budget, silent }
}

export function streamParameters(plan: StreamPlan, side: Side): Parameters {
  return { ...sharedParameters(plan), side }
}

/** Whether a side of it comes to rest at a number of open files. */
function comesToRest({ silent }: StreamPlan, side: Side): boolean {
  return silent === 0 || isBounded(side)
}

export function streamCell(plan: StreamPlan, side: Side, all: Runs, random: () => number): Cell {
  const runs = all.get(side) ?? []
  const windows = runs.flatMap((run) => windowsOf(plan, run))
  const ends = (all.get('end()') ?? []).flatMap((run) => windowsOf(plan, run))
  const bounded = comesToRest(plan, side)
  const waits = side !== 'destroy()'
  const rough = { relative: 0.25, absolute: 0.5 }
  const echoes = runs.flatMap((run) => run.echoes)
  const measures: Record<string, Measure | undefined> = {
    closesPerSecond: amount(mean(windows.map(({ perSecond }) => perSecond)), 'per second', 'neither'),
    rtt: distribution(echoes, { unit: 'ms', better: 'neither', precision: { relative: 0.1, absolute: 1 } }, random),
    held: !bounded
      ? undefined
      : distribution(
          windows.map(({ held }) => held),
          { unit: 'count', better: 'lower', precision: rough },
          random,
        ),
    formula: bounded && waits ? amount(mean(windows.map(({ formula }) => formula)), 'count', 'neither') : undefined,
    heldToFormula:
      bounded && waits
        ? distribution(
            windows.map(({ held, formula }) => held / formula),
            { unit: 'ratio', better: 'neither', precision: { relative: 0.25, absolute: 0 } },
            random,
          )
        : undefined,
    fdSeconds: !bounded
      ? undefined
      : distribution(
          windows.map(({ held, perSecond }) => (held / perSecond) * 1000),
          { unit: 'descriptor seconds', better: 'lower', precision: { relative: 0.25, absolute: 2 } },
          random,
        ),
    cpuPerConnection: distribution(
      windows.map(({ cpu, closes }) => cpu / closes),
      { unit: 'us', better: 'lower', precision: { relative: 0.25, absolute: 0 } },
      random,
    ),
    cpuToEnd:
      side === 'end()'
        ? undefined
        : distribution(
            windows.flatMap((own, index) => {
              const beside = ends[index]
              return beside === undefined ? [] : [own.cpu / own.closes / (beside.cpu / beside.closes)]
            }),
            { unit: 'ratio', better: 'lower', precision: { relative: 0.2, absolute: 0.05 } },
            random,
          ),
    longestStall: distribution(
      runs.map(({ stall }) => stall),
      { unit: 'ms', better: 'lower', precision: { relative: 0.3, absolute: 2 } },
      random,
    ),
    openFiles: filesOverTime(runs.at(-1)),
  }
  const endless = 'it grows as long as the stream lasts: nothing ends the wait for a silent peer'
  const nothing = 'destroy() waits for nobody: the formula says 0'
  return {
    question: 'load',
    parameters: streamParameters(plan, side),
    measures: present(measures),
    ...(!bounded && { absent: { held: endless, formula: endless, heldToFormula: endless, fdSeconds: endless } }),
    ...(!waits && { absent: { formula: nothing, heldToFormula: nothing } }),
  }
}

export function streamChecks(plan: StreamPlan, runs: Runs): readonly Check[] {
  const all = [...runs.values()].flat()
  const where = Object.entries(sharedParameters(plan))
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
  const total = (value: (run: Run) => number): number => all.reduce((sum, run) => sum + value(run), 0)
  const waits = [...runs].flatMap(([side, own]) => (waitsForBudget(side) ? own.map((run) => waitsOf(plan, run)) : []))
  return [
    checked(
      'bytes delivered equal bytes sent',
      where,
      allDelivered(
        total(({ sent }) => sent),
        total(({ received }) => received),
      ),
    ),
    checked('every descriptor is closed in the end', where, allClosed(all.map(({ left }) => left))),
    ...(waits.some(({ silent }) => silent > 0)
      ? [checked('bidirectional closings with silent peers take their budget', where, fullBudgets(waits))]
      : []),
    ...[...runs].map(([side, own]) => {
      return checked(
        "open files are the connections of the server's notes",
        `${where} side=${side}`,
        sameMeans(meansOf(own)),
      )
    }),
    ...[...runs].flatMap(([side, own]) => {
      if (side === 'destroy()' || !comesToRest(plan, side) || (plan.silent > 0 && isLookedAt(side))) return []
      // The median, as in the cell: a window in which the machine stood still says nothing about the formula.
      const windows = own.flatMap((run) => windowsOf(plan, run))
      const found = nearFormula(median(windows.map(({ held }) => held)), median(windows.map(({ formula }) => formula)))
      return [checked('open files of a steady stream follow the formula', `${where} side=${side}`, found)]
    }),
  ]
}

/** The windows of a run, with what the server has noted of its connections. */
export function windowsOf(plan: StreamPlan, { marks, lives, echoes }: Run): readonly Window[] {
  const closing = lives.map(({ called, closed }): Span => ({ from: called, to: closed }))
  // The mean, for open files are a mean too.
  const rtt = mean(echoes)
  return marks.slice(1).flatMap(({ at: to, cpu }, index) => {
    const first = marks[index]
    if (first === undefined) return []
    const window = { from: first.at, to }
    const length = to - first.at
    const closes = closing.filter(({ from }) => from >= window.from && from < to).length
    const perSecond = (closes * 1000) / length
    return {
      ...{ closes, perSecond, held: overlap(closing, window) / length, cpu: cpu - first.cpu },
      formula: heldByFormula(perSecond, rtt, plan.silent, plan.budget),
    }
  })
}

/**
 * The mean number of open connections by the kernel and by the server's notes, at the same moments: what happens between
 * two of them is seen by neither, however far apart a busy machine puts them.
 */
export function meansOf(runs: readonly Run[]) {
  const kernel: number[] = []
  const notes: number[] = []
  for (const { counts, lives, marks } of runs) {
    const [from, to] = [marks[0]?.at ?? Number.NaN, marks.at(-1)?.at ?? Number.NaN]
    const spans = lives.map(({ accepted, closed }) => ({ from: accepted, to: closed }))
    for (const { at, open } of counts) {
      if (at < from || at > to) continue
      kernel.push(open)
      notes.push(openAt(spans, at))
    }
  }
  return { kernel: kernel.length === 0 ? undefined : mean(kernel), notes: mean(notes) }
}

function waitsOf({ silent, budget }: StreamPlan, { lives, stall }: Run) {
  const took = lives.map(({ called, closed }) => closed - called)
  return { took, silent: Math.floor((lives.length * silent) / 100), budget, early: stall + 2 }
}

function filesOverTime(run: Run | undefined): Measure | undefined {
  const [first, last] = [run?.marks[0]?.at, run?.marks.at(-1)?.at]
  if (run === undefined || first === undefined || last === undefined) return undefined
  const spans = run.lives.map(({ called, closed }) => ({ from: called, to: closed }))
  return series(openOverTime(spans, { from: first, to: last }, 50), 'count')
}

function median(values: readonly number[]): number {
  return quantile(Float64Array.from(values).sort(), 0.5)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
