/** The report of a result: one page that needs no network, and its charts as files. */
import type { Question } from '../question.js'
import type { StudyResult } from '../result.js'
import { loadDrawing } from './draw.js'
import { page } from './page.js'
import { presented } from './presented.js'

export interface Report {
  readonly html: string
  readonly svgs: readonly { readonly name: string; readonly svg: string }[]
}

export async function renderReport(result: StudyResult, questions: readonly Question[]): Promise<Report> {
  const draw = await loadDrawing()
  const sections = questions.map((question) => presented(result, question, draw))
  return {
    html: page(result, sections).text,
    svgs: sections
      .flatMap(({ charts }) => charts)
      .flatMap(({ chart, drawn }) => (drawn === undefined ? [] : [{ name: fileName(chart.name), svg: drawn.svg }])),
  }
}

function fileName(name: string): string {
  return name.replace(/[^\w-]+/g, '-')
}
