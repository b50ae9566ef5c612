/** What a run found, in a few lines for a terminal. */
import type { Question } from './question.js'
import type { StudyResult } from './result.js'

export function renderSummary(result: StudyResult, questions: readonly Question[]): string {
  const lines: string[] = []
  for (const { name, title, presentation } of questions) {
    const cells = result.cells.filter((cell) => cell.question === name)
    if (cells.length > 0) lines.push(`${title}: ${presentation.answer(cells)}`, '')
  }
  const wrong = result.checks.filter(({ passed }) => !passed)
  lines.push(`${result.cells.length} cells, ${result.checks.length} checks, ${wrong.length} of them failed`)
  for (const { name, where, expected, found } of wrong) {
    lines.push(`check failed: ${name}, ${where}: expected ${expected}, found ${found}`)
  }
  for (const { block, error } of result.failures) lines.push(`failed: ${block}: ${error}`)
  if (result.outcome !== 'complete') lines.push(`${result.outcome.toUpperCase()}: the same command goes on from here.`)
  return lines.join('\n') + '\n'
}
