// Words of markdown.
import { escapeBars } from '../../text.js'
import { nothing } from './columns.js'

export function cell(text: string | null): string {
  if (text === null) return nothing
  return text === '' ? 'nothing' : code(text)
}

/** In a table a pipe ends the cell, in code too, unless it is escaped. */
export function code(text: string): string {
  return `\`${escapeBars(text).replaceAll('`', "'")}\``
}

export function escaped(text: string): string {
  return text.replaceAll(/[\\|<>*[\]`]/g, '\\$&')
}
