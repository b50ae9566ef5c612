/**
 * The memory that a connection makes V8 allocate on the server: what is dropped at once counts too, for it is what the
 * garbage collector works for. V8 samples its allocations by bytes and not by time, so that this figure hardly moves
 * with the machine's noise.
 */
import { type AllocationNode, summarizeAllocations } from './profile-summary.js'
import { profilePrograms } from './profile-pairs.js'

export const policyAllocations = profilePrograms({
  name: 'policy-allocations',
  cost: 'Bytes that V8 allocates on the server',
  unit: 'bytes',
  kinds: ['ours', 'ours native', 'node', 'program', 'native'],
  measure: async (server, load, servers) => {
    await server.ask('start-allocations')
    await load()
    await server.ask('write-allocations')
    return summarizeAllocations(allocationsIn(await servers.readFile()))
  },
})

function allocationsIn(value: unknown): AllocationNode {
  if (!isProfile(value)) throw new Error('Expected a profile of allocations')
  return value.head
}

function isProfile(value: unknown): value is { readonly head: AllocationNode } {
  return typeof value === 'object' && value !== null && 'head' in value
}
