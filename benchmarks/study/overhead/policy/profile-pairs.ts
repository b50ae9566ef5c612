/**
 * The common part of profile.ts, perf.ts and allocations.ts: what a connection costs the server of load.ts, of stock Node
 * and under a policy, by whose code it is and by function. The functions are listed with what they take more than in
 * stock Node.
 */
import type { Measurements, Program } from '../program.js'
import { FunctionDifferences, type Kind, sharesOf, type Sums, totalOf } from './profile-summary.js'
import { ProfiledServers } from './profiled-server.js'
import { takeTurns } from '../turns.js'
import type { Worker } from '../numbers.js'

export interface Profiling {
  readonly name: string
  /** The cost, for the question and for the name of the ratio. */
  readonly cost: string
  readonly unit: string
  readonly kinds: readonly Kind[]
  /** Options of the server's process. */
  readonly execArgv?: readonly string[]
  /** Throws a CannotRun where this cannot be had. */
  readonly check?: () => Promise<void>
  /** Profiles a server that is warm while `load` does its work, maybe several times. */
  readonly measure: (server: Worker, load: () => Promise<void>, servers: ProfiledServers) => Promise<Sums>
  /** Keeps the profile that was written last, for other programs, beside the file of that name. */
  readonly keep?: (servers: ProfiledServers, file: string) => Promise<void>
}

const policies = [
  { side: 'policy', suffix: '', policy: 'a policy' },
  { side: 'listened', suffix: '-listener', policy: 'a policy with a listener that reads each report' },
  { side: 'bidirectional', suffix: '-bidirectional', policy: 'a bidirectional policy' },
] as const

/** A program for each of the policies of load.ts. */
export function profilePrograms(profiling: Profiling): readonly Program[] {
  return policies.map(({ side, suffix, policy }) => profileUnder(profiling, side, `${profiling.name}${suffix}`, policy))
}

function profileUnder(profiling: Profiling, side: string, name: string, policy: string): Program {
  const description = {
    name,
    question: `${profiling.cost} per connection with one request, by whose code it is: under ${policy}, and in stock Node`,
    unit: 'connections per sample',
    size: 2000,
  }
  const ratio = profiling.cost
  const start: Program['start'] = async ({ size, json }, measurements) => {
    await profiling.check?.()
    const servers = await ProfiledServers.open(size, profiling.execArgv)
    const sample = async (of: string): Promise<Sums> => {
      const sums = await servers.run(of, (server, load) => profiling.measure(server, load, servers))
      if (json !== undefined && of === side) await profiling.keep?.(servers, json)
      return sharesOf(sums, size)
    }
    const functions = new FunctionDifferences()
    return {
      step: async (pair) => {
        const of = await takeTurns(['changed', 'plain', 'again'], pair, (turn) =>
          sample(turn === 'changed' ? side : 'stock'),
        )
        const [changed, plain, again] = [of('changed'), of('plain'), of('again')]
        record(measurements, profiling, { ratio, side, changed, plain, again })
        functions.add(changed, plain)
        measurements.facts[`functions, ${profiling.unit} more than in stock Node`] = functions.list()
        return !measurements.isNarrow(`${ratio}, ${side} / stock`, 0.01)
      },
      stop: () => servers.close(),
    }
  }
  return { description, start }
}

interface Pair {
  readonly ratio: string
  readonly side: string
  readonly changed: Sums
  readonly plain: Sums
  readonly again: Sums
}

function record(measurements: Measurements, profiling: Profiling, { ratio, side, changed, plain, again }: Pair): void {
  const all = (sums: Sums): number => profiling.kinds.reduce((sum, kind) => sum + totalOf(sums, kind), 0)
  // As in the other programs: below 1 is more than in stock Node.
  measurements.add(`${ratio}, ${side} / stock`, all(plain) / all(changed))
  measurements.add(`${ratio}, A/A`, all(plain) / all(again))
  const compare = (name: string, of: (sums: Sums) => number): void => {
    measurements.add(`${name}, ${side}`, of(changed))
    measurements.add(`${name}, stock`, of(plain))
    measurements.add(`${name}, ${side} - stock`, of(changed) - of(plain))
    measurements.add(`${name}, A/A`, of(again) - of(plain))
  }
  compare('all', all)
  for (const kind of profiling.kinds) compare(kind, (sums) => totalOf(sums, kind))

  const medians = new Map(measurements.rows().map(({ name, summary }) => [name, summary?.median ?? Number.NaN]))
  for (const name of [side, 'stock', `${side} - stock`, 'A/A']) {
    const texts = ['all', ...profiling.kinds].map((kind) => {
      const median = medians.get(`${kind}, ${name}`) ?? Number.NaN
      return `${kind}: ${median.toFixed(0)} ${profiling.unit}`
    })
    measurements.facts[`per connection, ${name}`] = texts.join(', ')
  }
}
