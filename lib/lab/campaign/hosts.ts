// The list of hosts that a campaign is given: one a line, as people write such lists or download them.
import { isUtf8 } from 'node:buffer'
import { linesOf } from './lines.js'

export type HostLine =
  | {
      readonly kind: 'target'
      /** As it stands in the list: HOST or HOST:PORT, for example. */
      readonly target: string
      /** From 1. */
      readonly line: number
    }
  | {
      readonly kind: 'bad'
      readonly line: number
      readonly reason: BadLine
    }

/**
 * Why a line is no target: it has more than 8192 bytes; it is not UTF-8; its column of hosts is empty; there are spaces
 * or control characters within that column, which no name or address has.
 */
export type BadLine = 'too-long' | 'not-utf-8' | 'empty-host' | 'not-a-host'

/** In bytes. A row of a list with many columns has some hundred. */
const maxLineLength = 8192

/**
 * Reads the targets of a list, from a file or stdin. It reads no further than its lines are asked for, so that a list of
 * a million lines needs no memory; a line that is no target is reported as such, and the next one read.
 *
 * - A line ends with LF or CRLF.
 * - From `#` on a line is a comment. Blank lines, and those with a comment alone, are nothing.
 * - A line may have columns, with a comma, a semicolon or a tab between them, and double quotes around each. The target
 *   is the first column; where that has digits alone, it is a rank, and the target is the second: `1,example.org`. So
 *   the lists of Tranco and Cisco Umbrella can be read as they are.
 * - A first line of several columns is the header of a table where it has no number, and one of its columns is called
 *   `host`, `hostname`, `domain` or `target`, in whatever case: `rank,domain`. It is nothing.
 * - Spaces around a target are nothing, and so is a byte order mark. What a target looks like beyond that is not checked.
 *
 * Rejects where the source does.
 */
export async function* hostsOf(source: AsyncIterable<string | Uint8Array>): AsyncGenerator<HostLine, void, undefined> {
  let mayBeHeader = true
  for await (const line of linesOf(source, maxLineLength)) {
    if (line.kind === 'too-long') {
      yield { kind: 'bad', line: line.number, reason: 'too-long' }
      continue
    }
    if (!isUtf8(line.bytes)) {
      yield { kind: 'bad', line: line.number, reason: 'not-utf-8' }
      continue
    }
    const columns = columnsOf(line.bytes.toString('utf8'))
    if (columns.length === 0) continue
    const isHeader = mayBeHeader && looksLikeHeader(columns)
    mayBeHeader = false
    if (!isHeader) yield hostLine(hostColumn(columns), line.number)
  }
}

/** The targets alone, as runCampaign() takes them; bad lines are given to `onBadLine` when their turn has come. */
export async function* targetsOf(
  lines: AsyncIterable<HostLine>,
  onBadLine: (line: number, reason: BadLine) => void,
): AsyncGenerator<string, void, undefined> {
  for await (const line of lines) {
    if (line.kind === 'target') yield line.target
    else onBadLine(line.line, line.reason)
  }
}

/** None where there is nothing but a comment. */
function columnsOf(line: string): readonly string[] {
  const [content = ''] = line.split('#', 1)
  const row = content.trim()
  return row === '' ? [] : row.split(/[,;\t]/).map(unquoted)
}

/** For trim() a byte order mark is a space, as are CR and what other alphabets have. */
function unquoted(column: string): string {
  const text = column.trim()
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).trim() : text
}

const hostColumnNames: readonly string[] = ['host', 'hostname', 'domain', 'target']

function looksLikeHeader(columns: readonly string[]): boolean {
  const names = columns.map((column) => column.toLowerCase())
  return names.length > 1 && names.some((name) => hostColumnNames.includes(name)) && !names.some(isNumber)
}

function isNumber(column: string): boolean {
  return /^\d+$/.test(column)
}

function hostColumn([first = '', second]: readonly string[]): string {
  return second !== undefined && isNumber(first) ? second : first
}

function hostLine(target: string, line: number): HostLine {
  if (target === '') return { kind: 'bad', line, reason: 'empty-host' }
  if (/[\s\p{Cc}]/u.test(target)) return { kind: 'bad', line, reason: 'not-a-host' }
  return { kind: 'target', target, line }
}
