/** What the policy's reports say of the connections of a program, in lines that can be expected. */
import type { ClosureReport } from '../../lib/index.js'

/** Of a report, what a line has of it. */
export type Closing = Pick<ClosureReport, 'side' | 'mode' | 'verdict'> & {
  readonly received: { readonly kind: string }
}

/** How one connection closed: "client, bidirectional, clean, close_notify came". */
export type Line =
  `${Closing['side']}, ${Closing['mode']}, ${Closing['verdict']}, ${'close_notify came' | 'no close_notify came'}`

/**
 * That many connections that closed in that way; of several ways each in any one of them, where it depends on which of two
 * things that this package does not control comes first.
 */
export type Expectation = readonly [count: number, ...lines: readonly [Line, ...Line[]]]

/** One line for all connections that closed in the same way, with their number; sorted. */
export function recordOf(closings: readonly Closing[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const closing of closings) {
    const line = lineOf(closing)
    counts.set(line, (counts.get(line) ?? 0) + 1)
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([line, count]) => `${count} ${line}`)
}

/** Whether the connections can be dealt out to the expectations, each to one that takes its line, and none is left over. */
export function isExpected(closings: readonly Closing[], expected: readonly Expectation[]): boolean {
  const places = expected.flatMap(([count, ...lines]) => Array.from({ length: count }, () => lines))
  return places.length === closings.length && fits(closings.map(lineOf), places)
}

function fits([line, ...others]: readonly string[], places: readonly (readonly string[])[]): boolean {
  if (line === undefined) return true
  return places.some((place, index) => place.includes(line) && fits(others, places.toSpliced(index, 1)))
}

/** An expectation in words. */
export function textOf([count, ...lines]: Expectation): string {
  return `${count} ${lines.join(' or ')}`
}

function lineOf({ side, mode, verdict, received }: Closing): string {
  const came = received.kind === 'close_notify' ? 'close_notify came' : 'no close_notify came'
  return `${side}, ${mode}, ${verdict}, ${came}`
}
