/**
 * One scenario's table. Written to a file, with a column for each build. On a terminal, in the form that suits its
 * width: a column for each build; one column for builds with the same results throughout; or a line for each different
 * result.
 */
import { stripVTControlCharacters } from 'node:util'
import Table from 'cli-table3'
import type { Row } from '../../../lab/compare/differences.js'
import { alikeThroughout, groupBy, isMarked, nothing } from './columns.js'
import type { Column, Group } from './columns.js'
import { namesOf } from './names.js'
import type { Style } from '../../style.js'

/** `width` is Infinity for a file. */
export function layoutTable(columns: readonly Column[], rows: readonly Row[], width: number, style: Style): string {
  const each = columns.map((column) => [column])
  const groups = width === Infinity ? each : alikeThroughout(columns, rows)
  const [byBuild, byGroup] = [each, groups]
    .map((heads) => grid(heads, rows, style))
    .map((form) => (leastWidth(form) <= width ? draw(form, width) : undefined))
  if (byGroup === undefined) return draw(list(columns, rows, style), width)
  // Narrow columns make long tables.
  return byBuild === undefined || heightOf(byBuild) > 1.5 * heightOf(byGroup) ? byGroup : byBuild
}

function heightOf(table: string): number {
  return table.split('\n').length
}

/** A cell of several rows leaves out its column in those below it. */
type Cell = string | { readonly content: string; readonly rowSpan: number }

interface Form {
  readonly head: readonly string[]
  readonly body: readonly (readonly Cell[])[]
  /** The texts of each column, the head's among them. */
  readonly texts: readonly (readonly string[])[]
}

function grid(groups: readonly Group[], rows: readonly Row[], style: Style): Form {
  const head = ['step', ...groups.map((group) => namesOf(group.map(({ label }) => label)))]
  const body = rows.map((row) => [row.step, ...groups.map(([first]) => cellOf(row, first, style))])
  return { head, body, texts: head.map((title, index) => [title, ...body.map((cells) => cells[index] ?? '')]) }
}

function cellOf(row: Row, column: Column | undefined, style: Style): string {
  if (column === undefined) return ''
  const text = row.cells.get(column.id) ?? nothing
  return isMarked(row, column) ? style.mark(text) : text
}

function list(columns: readonly Column[], rows: readonly Row[], style: Style): Form {
  const lines = rows.map((row) => ({
    step: row.step,
    results: groupBy(columns, (column) => cellOf(row, column, style)).map((group) => ({
      builds: group.length === columns.length ? 'all' : namesOf(group.map(({ label }) => label)),
      cell: cellOf(row, group[0], style),
    })),
  }))
  const results = lines.flatMap((line) => line.results)
  return {
    head: ['step', 'builds', 'result'],
    body: lines.flatMap(({ step, results: [first, ...others] }) =>
      first === undefined
        ? []
        : [
            [{ content: step, rowSpan: others.length + 1 }, first.builds, first.cell],
            ...others.map(({ builds, cell }) => [builds, cell]),
          ],
    ),
    texts: [
      ['step', ...lines.map(({ step }) => step)],
      ['builds', ...results.map(({ builds }) => builds)],
      ['result', ...results.map(({ cell }) => cell)],
    ],
  }
}

// --- Widths ---

function draw(form: Form, width: number): string {
  const natural = form.texts.map((texts) => Math.max(...texts.map(widthOf)))
  const space = width === Infinity ? comfortable * natural.length : width - frameWidth(form)
  const widths = sharedOut(natural, leastWidths(form), space)
  const isNarrowed = widths.some((columnWidth, index) => columnWidth < (natural[index] ?? 0))
  const hasSpans = form.body.some((cells) => cells.some((cell) => typeof cell !== 'string'))
  const table = new Table({
    head: [...form.head],
    colWidths: widths.map((columnWidth) => columnWidth + padding),
    wordWrap: true,
    // Rules between rows where a row may take several lines.
    style: { head: [], border: [], compact: !isNarrowed && !hasSpans },
  })
  table.push(...form.body.map((cells) => [...cells]))
  return table.toString()
}

/** The space that is there, shared out so that no word is broken, and the widest columns give way first, steps last. */
function sharedOut(natural: readonly number[], least: readonly number[], space: number): readonly number[] {
  const wholeSteps = [natural[0] ?? 0, ...least.slice(1)]
  const floor = sum(wholeSteps) <= space ? wholeSteps : least
  const capped = (cap: number) => natural.map((width, index) => Math.max(Math.min(width, cap), floor[index] ?? 0))
  let cap = Math.max(...natural)
  while (cap > 1 && sum(capped(cap)) > space) cap -= 1
  return capped(cap)
}

const padding = 2

/** The greatest average width of a column in a file. */
const comfortable = 30

/** Every column has its padding and a border; and one border more. */
function frameWidth({ head }: Form): number {
  return head.length * (padding + 1) + 1
}

function leastWidth(form: Form): number {
  return frameWidth(form) + sum(leastWidths(form))
}

function leastWidths({ texts }: Form): readonly number[] {
  return texts.map((column) => Math.max(...column.flatMap((text) => text.split(/\s/)).map(widthOf)))
}

function widthOf(text: string): number {
  return stripVTControlCharacters(text).length
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
