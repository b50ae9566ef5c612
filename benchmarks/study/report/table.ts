import type { Table } from '../question.js'
import { html, type Html } from './html.js'

export interface TableOptions {
  /** Unique in the page, and the name of its CSV file. */
  readonly id: string
  readonly caption: string
  /** Columns of words, whatever is in them. */
  readonly plain?: boolean
}

/** A table in a box of its own that scrolls, so that the page does not, with a link to its rows as CSV. */
export function tableOf({ head, rows }: Table, { id, caption, plain = false }: TableOptions): Html {
  const numeric = head.map((_name, column) => !plain && column > 0 && isNumeric(rows.map((row) => row[column] ?? '')))
  const classOf = (column: number): string => {
    if (numeric[column] === true) return 'number'
    return rows.every((row) => (row[column] ?? '').length <= 16) ? 'short' : 'word'
  }
  return html`<p class="caption" id="${id}-caption">${caption}</p>
<div class="scroll" role="region" tabindex="0" aria-labelledby="${id}-caption">
<table id="${id}" aria-labelledby="${id}-caption">
<thead><tr>${head.map((name, column) => html`<th scope="col" class="${classOf(column)}">${name}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row, index) =>
      html`<tr${startsGroup(rows, index) ? attribute : undefined}>${row.map((cell, column) => {
        return column === 0
          ? html`<th scope="row" class="${classOf(column)}">${cell}</th>`
          : html`<td class="${classOf(column)}">${cell}</td>`
      })}</tr>`,
  )}</tbody>
</table>
</div>
<p class="downloads"><a class="download" data-table="${id}" download="${id}.csv" hidden>Download the table “${caption}” (CSV)</a></p>`
}

const attribute = html` class="group"`

/** Where the name of the row changes among rows that share one. */
function startsGroup(rows: readonly (readonly string[])[], index: number): boolean {
  const shared = new Set(rows.map(([name]) => name)).size < rows.length
  return shared && index > 0 && rows[index]?.[0] !== rows[index - 1]?.[0]
}

/** Whether what is in a column, dashes apart, begins with a figure. */
function isNumeric(cells: readonly string[]): boolean {
  const filled = cells.filter((cell) => !/^[-–—]?$/.test(cell))
  return filled.length > 0 && filled.every((cell) => /^(not precise|unknown|[-−+<>≤≥~]? ?[\d.,]*\d)/.test(cell))
}
