import Table from 'cli-table3'
import type { Comparison } from './compare.js'

/** Prints what moved, worst first, and how many figures of the old run were met again. */
export function renderComparison(
  compared: readonly Comparison[],
  tolerance: number,
): { readonly text: string; readonly worse: number } {
  if (compared.length === 0) throw new Error('The two runs have no figure in common that has an interval in both')
  const worse = compared.filter((one) => one.change === 'worse' && !isTolerated(one, tolerance))
  const better = compared.filter(({ change }) => change === 'better')
  const table = new Table({
    head: ['cell', 'measure', 'old', 'new', 'new / old [95 %]', ''],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [] },
  })
  for (const one of [...worse, ...better].toSorted((a, b) => distance(b) - distance(a))) {
    table.push([one.cell, one.measure, figure(one.before), figure(one.after), ratio(one), one.change])
  }
  const again = compared.filter(({ reproduced }) => reproduced).length
  const share = ((again / compared.length) * 100).toFixed(1)
  const lines = [
    ...(table.length > 0 ? [table.toString()] : []),
    `${compared.length} figures compared: ${worse.length} worse, ${better.length} better`,
    `${again} of them (${share} %) lie within the old run's interval`,
  ]
  return { text: lines.join('\n') + '\n', worse: worse.length }
}

function isTolerated({ before, after }: Comparison, tolerance: number): boolean {
  return Math.abs(after - before) <= tolerance * Math.abs(before)
}

function distance({ ratio: found, before, after }: Comparison): number {
  return found === undefined ? Math.abs(after - before) : Math.abs(Math.log(found.median))
}

function ratio({ ratio: found }: Comparison): string {
  if (found === undefined) return '-'
  return `${found.median.toFixed(3)} [${found.low.toFixed(3)}, ${found.high.toFixed(3)}]`
}

function figure(value: number): string {
  return Number(value.toPrecision(4)).toString()
}
