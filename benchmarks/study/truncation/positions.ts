/** Where a response is cut: pure. */
import { shuffle } from 'simple-statistics'
import type { Ending } from './cells.js'
import { boundariesOf, totalOf, type Layout } from './records.js'

/**
 * Every position from 0 on, or `limit` of them: those at the ends of records and beside them come first, then others at
 * random. That everything passes is a cut only for RST; FIN is how the server itself ends it.
 */
export function positionsOf(layout: Layout, ending: Ending, limit: number, random: () => number): readonly number[] {
  const last = ending === 'RST' ? totalOf(layout) : totalOf(layout) - 1
  const all = Array.from({ length: last + 1 }, (_value, position) => position)
  if (limit >= all.length) return all
  const isNear = new Set([0, ...boundariesOf(layout)].flatMap((end) => [end - 1, end, end + 1]))
  const near = all.filter((position) => isNear.has(position))
  const far = all.filter((position) => !isNear.has(position))
  return [...shuffle(near, random), ...shuffle(far, random)].slice(0, limit)
}
