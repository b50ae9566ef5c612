/** The table at the end of a round, and below it what was not as expected. */
import { recordOf } from './record.js'
import type { DriverResult } from './round.js'

export function tableOf(results: readonly DriverResult[]): string {
  const width = Math.max(...results.map(({ name }) => name.length)) + 2
  const rows = results.flatMap((result) => rowsOf(result, width))
  const wrong = results.flatMap((result) =>
    result.outcome === 'measured' ? result.differences.map((difference) => `${result.name}: ${difference}`) : [],
  )
  const good = results.filter((result) => result.outcome === 'measured' && result.differences.length === 0).length
  const last = `${good} of ${results.length} are as in stock Node, and close as expected.`
  return `\n${[...rows, '', ...wrong, last].join('\n')}\n`
}

/** The connections under the bidirectional policy, a line for each way of closing. */
function rowsOf(result: DriverResult, width: number): readonly string[] {
  const name = result.name.padEnd(width)
  if (result.outcome !== 'measured') return [`${name}${result.outcome}: ${result.why}`]
  const word = result.differences.length === 0 ? 'as expected' : 'NOT AS EXPECTED'
  const lines = recordOf(result.runs.register.closings).map((line) => `${' '.repeat(width)}${line}`)
  return [`${name}${word}`, ...lines]
}
