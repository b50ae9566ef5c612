/**
 * The memory that a connection makes V8 allocate on the server of load.ts, of stock Node and under a policy: what is
 * dropped at once counts too, for it is what the garbage collector works for. V8 samples its allocations by bytes and not
 * by time, so that this figure does not move with the machine's noise at all. Functions as in profile.ts.
 */
import type { Program } from '../program.js'
import {
  type AllocationNode,
  FunctionDifferences,
  kinds,
  sharesOf,
  summarizeAllocations,
  type Sums,
  totalOf,
} from './profile-summary.js'
import { ProfiledServers } from './profiled-server.js'
import { takeTurns } from '../turns.js'

const makers = kinds.filter((kind) => kind !== 'gc')

function allocationsUnder(side: string, name: string, policy: string): Program {
  const description = {
    name,
    question: `Bytes that V8 allocates per connection with one request on the server: under ${policy}, and in stock Node`,
    unit: 'connections per sample',
    size: 2000,
  }
  const start: Program['start'] = async ({ size }, measurements) => {
    const servers = await ProfiledServers.open(size)
    const sample = (of: string): Promise<Sums> =>
      servers.run(of, async (server, load) => {
        await server.ask('start allocations')
        await load()
        await server.ask('write allocations')
        return sharesOf(summarizeAllocations(allocationsIn(await servers.readFile())), size)
      })
    const functions = new FunctionDifferences()
    return {
      step: async (pair) => {
        const of = await takeTurns(['changed', 'plain', 'again'], pair, (turn) =>
          sample(turn === 'changed' ? side : 'stock'),
        )
        const [changed, plain, again] = [of('changed'), of('plain'), of('again')]
        measurements.add(`bytes, stock / ${side}`, allOf(plain) / allOf(changed))
        measurements.add('bytes, A/A', allOf(plain) / allOf(again))
        measurements.add(`bytes per connection, ${side}`, allOf(changed))
        measurements.add('bytes per connection, stock', allOf(plain))
        for (const kind of makers) {
          const more = totalOf(changed, kind) - totalOf(plain, kind)
          measurements.add(`bytes per connection, ${side} - stock: ${kind}`, more)
        }
        functions.add(changed, plain)
        measurements.facts['functions, in bytes per connection'] = functions.list()
        return !measurements.isNarrow(`bytes, stock / ${side}`, 0.01)
      },
      stop: () => servers.close(),
    }
  }
  return { description, start }
}

function allOf(sums: Sums): number {
  return makers.reduce((sum, kind) => sum + totalOf(sums, kind), 0)
}

function allocationsIn(value: unknown): AllocationNode {
  if (!isProfile(value)) throw new Error('Expected a profile of allocations')
  return value.head
}

function isProfile(value: unknown): value is { readonly head: AllocationNode } {
  return typeof value === 'object' && value !== null && 'head' in value
}

export const policyAllocations = allocationsUnder('policy', 'policy-allocations', 'a policy')

export const policyAllocationsListener = allocationsUnder(
  'listened',
  'policy-allocations-listener',
  'a policy with a listener that reads each report',
)

export const policyAllocationsBidirectional = allocationsUnder(
  'bidirectional',
  'policy-allocations-bidirectional',
  'a bidirectional policy',
)
