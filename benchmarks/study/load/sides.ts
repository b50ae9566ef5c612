/** What is compared, and under what: the ways of closing, the shares of silent peers, the loads. */
import type { ClosureMode, ClosurePolicy } from '../../../lib/index.js'

/**
 * The ways of closing. The first three are stock Node: `by hand` is `end()`, and `destroy()` when the budget is over.
 * The next three are `end()` under a policy, and the last two that of a TlsStream which closes in that mode.
 */
const ways = [
  'end()',
  'destroy()',
  'by hand',
  'quiet',
  'unidirectional',
  'bidirectional',
  'TlsStream, unidirectional',
  'TlsStream, bidirectional',
] as const
export type Way = (typeof ways)[number]

/** A way as it stands in a cell. The one that ratios refer to is measured twice. */
export type Side = Way | 'end() again'

export function wayOf(side: Side): Way {
  return side === 'end() again' ? 'end()' : side
}

export function isWay(text: string | undefined): text is Way {
  return ways.some((way) => way === text)
}

/** The policy of a way. All budgets of waiting are the same, so that each way gives a silent peer the same time. */
export function policyOf(way: Way, budget: number, places: number): ClosurePolicy | undefined {
  if (way !== 'quiet' && way !== 'unidirectional' && way !== 'bidirectional') return undefined
  return { mode: way, waitTimeout: budget, lingerTimeout: budget, maxWaiting: places }
}

/** How streams of our own close on a server of that way; undefined where it is a server of Node's. */
export function streamModeOf(way: Way): ClosureMode | undefined {
  if (way === 'TlsStream, unidirectional') return 'unidirectional'
  return way === 'TlsStream, bidirectional' ? 'bidirectional' : undefined
}

/** Whether something ends the wait for a peer that never ends its side. */
export function isBounded(side: Side): boolean {
  return side !== 'end()' && side !== 'end() again' && side !== 'TlsStream, unidirectional'
}

/** Whether a silent peer is waited for until the budget is over, by a timer for each connection. */
export function waitsForBudget(side: Side): boolean {
  return side === 'bidirectional' || side === 'TlsStream, bidirectional'
}

/**
 * Whether the wait for silent peers ends by the policy's look at all sockets, a few times within the budget, rather than
 * by a timer of its own: `lingerTimeout` is then kept to within two such looks.
 */
export function isLookedAt(side: Side): boolean {
  return side === 'quiet' || side === 'unidirectional'
}

/** The longest time, in ms, that a way may keep a silent peer, if it is bounded. */
export function longestWait(side: Side, silentPercent: number, budget: number): number {
  return silentPercent > 0 && isLookedAt(side) ? budget + 2000 : budget
}

/** Whether the connection of that index is one of the silent ones, which are spread evenly. */
export function isSilent(index: number, percent: number): boolean {
  const before = Math.floor((index * percent) / 100)
  return Math.floor(((index + 1) * percent) / 100) > before
}

/** What the server sends on each connection before it closes it. */
export const payload = Buffer.alloc(256, 'x')
