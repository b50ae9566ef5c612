// Words of markdown.
import { nothing } from './columns.js'

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

export function cell(text: string | null): string {
  if (text === null) return nothing
  return text === '' ? 'nothing' : code(text)
}

/** In a table a pipe ends the cell, in code too, unless it is escaped. */
export function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|').replaceAll('`', "'")}\``
}

export function escaped(text: string): string {
  return text.replaceAll(/[\\|<>*[\]`]/g, '\\$&')
}
