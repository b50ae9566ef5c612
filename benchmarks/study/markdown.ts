/** A result as Markdown: the answer, the charts and the table of each question, the checks, the machine. */
import type { Question, Table } from './question.js'
import type { StudyResult } from './result.js'
import { duration } from './run.js'

/** `charts` is the folder of the SVG files, as the page names it. */
export function renderMarkdown(result: StudyResult, questions: readonly Question[], charts: string): string {
  const parts = questions.flatMap(({ name, title, presentation }) => {
    const cells = result.cells.filter(({ question }) => question === name)
    if (cells.length === 0) return []
    const images = presentation.charts(cells).map((chart) => `![${chart.title}](${charts}/${chart.name}.svg)`)
    return [`## ${title}`, presentation.answer(cells), ...images, tableOf(presentation.table(cells))]
  })
  return [heading(result), ...parts].join('\n\n') + '\n'
}

function heading(result: StudyResult): string {
  const { machine, versions, settings, checks, cells } = result
  const failed = checks.filter(({ passed }) => !passed)
  return [
    `${result.startedAt.slice(0, 10)}, ${result.outcome} after ${duration(result.seconds)}, seed ${settings.seed}: `,
    `${cells.length} cells, ${checks.length - failed.length} of ${checks.length} checks passed. `,
    `${machine.cpu}, ${machine.cores} cores, ${machine.system}, close-notify ${versions['close-notify']}, `,
    `Node ${versions.node}, OpenSSL ${versions.openssl}.`,
    ...failed.map(({ name, where, found }) => `\n\nFailed: ${name}, ${where}: ${found}.`),
  ].join('')
}

function tableOf({ head, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}
