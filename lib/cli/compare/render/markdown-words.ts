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

/** The label of a build, which can be a path. */
export function label(text: string): string {
  return escaped(text).replaceAll(/(?<![\dA-Za-z])_|_(?![\dA-Za-z])/g, '\\_')
}

/** Where markdown leaves HTML alone, as in a summary. */
export function inHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

export function escaped(text: string): string {
  return text.replaceAll(/[\\|<>*[\]`]/g, '\\$&')
}
