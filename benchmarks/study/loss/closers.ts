import { closureWays, oneOf, policyWays, settings, stockWays, waysOf } from './situations.js'
import type { Kind, Situation, Way } from './situations.js'
import type { Closer } from './way.js'

/** The ways of one kind. Only the kind's own module is loaded: stock Node stays without the package. */
export async function closersOf(kind: Kind, situation: Situation): Promise<ReadonlyMap<Way, Closer>> {
  const { flushTimeout } = settings[situation]
  const make = await makerOf(kind, flushTimeout)
  return new Map(waysOf(kind, situation).map((way) => [way, make(way)]))
}

async function makerOf(kind: Kind, flushTimeout: number | undefined): Promise<(way: Way) => Closer> {
  if (kind === 'stock') {
    const { stockCloser } = await import('./stock-ways.js')
    return (way) => stockCloser(oneOf(stockWays, way))
  }
  const { closureCloser, policyCloser } = await import('./own-ways.js')
  return kind === 'closure'
    ? (way) => closureCloser(oneOf(closureWays, way), flushTimeout)
    : (way) => policyCloser(oneOf(policyWays, way), flushTimeout)
}
