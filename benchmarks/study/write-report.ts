/** Puts the report of a result beside it: the page, and each chart as a file of its own. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { questionsNamed } from './questions.js'
import { renderReport } from './report/render-report.js'
import type { StudyResult } from './result.js'

/** Returns what was written, for people. */
export async function writeReport(result: StudyResult, out: string): Promise<string> {
  const { html, svgs } = await renderReport(result, questionsNamed(result.settings.questions))
  const charts = path.join(out, 'charts')
  mkdirSync(charts, { recursive: true })
  const page = path.join(out, 'study.html')
  writeFileSync(page, html)
  for (const { name, svg } of svgs) writeFileSync(path.join(charts, `${name}.svg`), svg)
  return `${page}, and ${svgs.length} charts beside it\n`
}
