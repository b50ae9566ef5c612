/** What the policy's reports say of the connections of a program, in lines that can be expected. */
import type { ClosureReport } from '../../lib/index.js'
import type { Records } from './driver.js'

/** Of a report, what a line has of it. */
export type Closing = Pick<ClosureReport, 'side' | 'mode' | 'verdict'> & {
  readonly received: { readonly kind: string }
}

/** One line for all connections that closed in the same way, with their number; sorted. */
export function recordOf(closings: readonly Closing[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const closing of closings) {
    const line = lineOf(closing)
    counts.set(line, (counts.get(line) ?? 0) + 1)
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([line, count]) => `${count} ${line}`)
}

/** Whether one of the expected records is this one. */
export function isExpected(record: readonly string[], expected: Records): boolean {
  return alternativesOf(expected).some((each) => each.join('\n') === record.join('\n'))
}

export function alternativesOf(expected: Records): readonly (readonly string[])[] {
  return 'oneOf' in expected ? expected.oneOf : [expected]
}

/** "client, bidirectional, clean, close_notify came" */
function lineOf({ side, mode, verdict, received }: Closing): string {
  const came = received.kind === 'nothing' ? 'no close_notify came' : `${received.kind} came`
  return `${side}, ${mode}, ${verdict}, ${came}`
}
