/**
 * The tables of docs/frameworks.md: a section per program, a row per scenario, a column per policy. A cell names what was
 * on the wire, and for a controlled connection the verdict of its report:
 *
 *     `server: FIN, client: FIN` *aborted*
 *
 * Several of them in one cell are alternatives; `(20, 22)` behind one says on which of Node's lines it is seen.
 */
import { readFileSync } from 'node:fs'

export const columns = ['stock Node', 'bidirectional', 'and close_notify on destroy'] as const

export type Column = (typeof columns)[number]

export interface Row {
  readonly program: string
  readonly scenario: string
  readonly cells: Readonly<Record<Column, string>>
}

export function documentedRows(): readonly Row[] {
  const rows: Row[] = []
  let program = ''
  let header: readonly string[] | undefined
  for (const line of readFileSync(new URL('../../../docs/frameworks.md', import.meta.url), 'utf8').split('\n')) {
    if (line.startsWith('## ')) program = line.slice(3)
    const cells = line.startsWith('|') ? cellsOf(line) : undefined
    if (cells === undefined) header = undefined
    else if (header === undefined) header = cells
    else if (header[0] === 'ending' && !line.startsWith('|-')) rows.push(rowOf(program, header, cells))
  }
  return rows
}

function cellsOf(line: string): readonly string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
}

function rowOf(program: string, header: readonly string[], cells: readonly string[]): Row {
  const cell = (name: string) => {
    const text = cells[header.indexOf(name)]
    if (text === undefined) throw new Error(`docs/frameworks.md, ${program}: a row has no cell "${name}"`)
    return text
  }
  const [stock, bidirectional, destroy] = columns
  return {
    program,
    scenario: cell('ending'),
    cells: { [stock]: cell(stock), [bidirectional]: cell(bidirectional), [destroy]: cell(destroy) },
  }
}

/** The alternatives of a cell that hold on this line of Node, each as it is written, without the line. */
export function alternatives(cell: string, major: number): readonly string[] {
  return [...cell.matchAll(/(`[^`]+`(?: \*[a-z-]+\*)?)(?: \(([\d, ]+)\))?/g)].flatMap(([, alternative, lines]) => {
    if (alternative === undefined) return []
    return lines === undefined || lines.split(', ').includes(String(major)) ? [alternative] : []
  })
}
