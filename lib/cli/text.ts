// Forms of text that several commands print.

/** A number of things: `1 step`, `2 steps`. */
export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

/** Lines longer than that are hard to read. */
const proseWidth = 120

/** Breaks a text at spaces. `first` stands before the first line in place of the indent. */
export function wrap(text: string, width: number, indent = '  ', first = indent): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > Math.min(width, proseWidth)) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].map((one, index) => (index === 0 ? first : indent) + one).join('\n')
}

/** Rows in columns that are as wide as they have to be. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)))
  return rows.map((cells) => `  ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
}

/** A line of CSV, as RFC 4180 has it: CRLF, quotes where they are needed. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\r\n`
}

/** A table of markdown. In a cell a bar has to be escaped: it would begin another one. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Bars of a text that would end its cell, escaped. */
export function escapeBars(text: string): string {
  return text.replaceAll('|', '\\|')
}
