/** What is made of the samples of a burst: cells and checks. */
import type { Cell, Check, Distribution, Measure, Parameters } from '../cell.js'
import { distribution, present, series } from '../measures.js'
import { allClosed, allDelivered, checked, fullBudgets } from './checks.js'
import { openOverTime } from './descriptors.js'
import { type Side, waitsForBudget } from './sides.js'

export interface BurstPlan {
  readonly connections: number
  readonly silent: number
  /** ms. */
  readonly budget: number
  readonly sides: readonly Side[]
  readonly rounds: number
  readonly leastRounds: number
  /** How often in a round CPU time is measured, in servers that have closed thousands before. */
  readonly warmSamples: number
  readonly seconds: number
}

export interface Sample {
  /** us; absent where the clock for stalls ran. */
  readonly cpu?: number
  /** ms; absent where CPU time was measured. */
  readonly stall?: number
  /** Bytes of RSS: before all connections, when all are open, while they close. */
  readonly memory?: { readonly rest: number; readonly open: number; readonly closing: number }
  /** ms from the first call until each connection was closed, in order. */
  readonly closed: readonly number[]
  readonly left: number
  readonly sent: number
  readonly received: number
}

export type Samples = ReadonlyMap<Side, readonly Sample[]>

/** From so many connections on stalls and memory are measured in servers of their own, one for each sample. */
export const freshFrom = 1000

/** ms by which a timer may be early: it counts whole ms from the beginning of its turn. */
const early = 2

export function sharedParameters({ connections, silent, budget }: BurstPlan): Parameters {
  return { load: 'burst', connections, rtt: 0, budget, silent }
}

export function burstParameters(plan: BurstPlan, side: Side): Parameters {
  return { ...sharedParameters(plan), side }
}

export function burstCell(plan: BurstPlan, side: Side, samples: Samples, random: () => number): Cell {
  const own = samples.get(side) ?? []
  const lower = (unit: 'ms' | 'us' | 'descriptor seconds' | 'ratio', relative: number, absolute: number) => {
    return (values: readonly number[]): Distribution | undefined =>
      distribution(values, { unit, better: 'lower', precision: { relative, absolute } }, random)
  }
  const perConnection = (bytes: number): number => Math.max(0, bytes) / plan.connections
  const measures: Record<string, Measure | undefined> = {
    wall: lower('ms', 0.25, 2)(own.map(({ closed }) => closed.at(-1) ?? Number.NaN)),
    cpuPerClose: lower('us', 0.25, 0)(cpuTimes(own).map((us) => us / plan.connections)),
    cpuToEnd: side === 'end()' ? undefined : lower('ratio', 0.2, 0.05)(cpuRatios(own, samples.get('end()'))),
    // The mean of ms is the sum of seconds over 1,000 closings.
    fdSeconds: lower('descriptor seconds', 0.25, 2)(own.map(({ closed }) => sum(closed) / plan.connections)),
    longestStall: lower('ms', 0.3, 2)(own.flatMap(({ stall }) => stall ?? [])),
    openFiles: filesOverTime(own.at(-1)),
  }
  const few = 'below 1,000 connections the memory of a process tells nothing about one of them'
  const many = 'it would take servers that have closed thousands before, and more samples than there is time for'
  const absent = {
    ...(plan.connections < freshFrom && { rssPerOpen: few, rssPerClosing: few }),
    ...(plan.warmSamples === 0 && { cpuPerClose: many, ...(side !== 'end()' && { cpuToEnd: many }) }),
  }
  const bytes = (values: readonly number[]): Distribution | undefined =>
    distribution(values, { unit: 'bytes', better: 'lower', precision: { relative: 0.25, absolute: 4096 } }, random)
  const memory = own.flatMap((sample) => sample.memory ?? [])
  measures['rssPerOpen'] = bytes(memory.map(({ open, rest }) => perConnection(open - rest)))
  measures['rssPerClosing'] = bytes(memory.map(({ closing, rest }) => perConnection(closing - rest)))
  return { question: 'load', parameters: burstParameters(plan, side), measures: present(measures), absent }
}

export function burstChecks(plan: BurstPlan, samples: Samples): readonly Check[] {
  const all = [...samples.values()].flat()
  const where = Object.entries(sharedParameters(plan))
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
  const bidirectional = [...samples].flatMap(([side, own]) => (waitsForBudget(side) ? own : []))
  const silent = Math.floor((plan.connections * plan.silent) / 100)
  const waits = bidirectional.map(({ closed }) => ({ took: closed, silent, budget: plan.budget, early }))
  return [
    checked(
      'bytes delivered equal bytes sent',
      where,
      allDelivered(sum(all.map(({ sent }) => sent)), sum(all.map(({ received }) => received))),
    ),
    checked('every descriptor is closed in the end', where, allClosed(all.map(({ left }) => left))),
    ...(silent > 0 && waits.length > 0
      ? [checked('bidirectional closings with silent peers take their budget', where, fullBudgets(waits))]
      : []),
  ]
}

/** us of all closings, of each sample that measures it. */
function cpuTimes(samples: readonly Sample[]): readonly number[] {
  return samples.flatMap(({ cpu }) => cpu ?? [])
}

/** Each sample beside that of `end()` in the same round. */
function cpuRatios(own: readonly Sample[], ends: readonly Sample[] = []): readonly number[] {
  const beside = cpuTimes(ends)
  return cpuTimes(own).flatMap((us, round) => {
    const end = beside[round]
    return end === undefined ? [] : [us / end]
  })
}

function filesOverTime(sample: Sample | undefined): Measure | undefined {
  const last = sample?.closed.at(-1)
  if (sample === undefined || last === undefined) return undefined
  const spans = sample.closed.map((to) => ({ from: 0, to }))
  return series(openOverTime(spans, { from: 0, to: last * 1.02 }, last / 50), 'count')
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
