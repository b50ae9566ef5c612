/** What a question has to say about a result. */
import type { QuestionName } from '../cell.js'
import type { Chart, Question, Table } from '../question.js'
import type { StudyResult } from '../result.js'
import type { DrawnChart } from './draw.js'

export interface PresentedQuestion {
  readonly name: QuestionName
  readonly title: string
  readonly cells: number
  readonly answer: string
  readonly charts: readonly PresentedChart[]
  readonly table: Table
  readonly definitions: readonly (readonly [string, string])[]
  /** What its presentation threw: the run took its time, and the rest of it is worth a page. */
  readonly errors: readonly string[]
}

export interface PresentedChart {
  readonly chart: Chart
  /** Of the element that describes it. */
  readonly description: string
  /** Undefined where nothing of it was measured. */
  readonly drawn: DrawnChart | undefined
}

type Draw = (chart: Chart, description: string) => DrawnChart | undefined

export function presented(result: StudyResult, question: Question, draw: Draw): PresentedQuestion {
  const { name, title, presentation } = question
  const cells = result.cells.filter((cell) => cell.question === name)
  const errors: string[] = []
  const attempt = <T>(make: () => T, otherwise: T): T => {
    if (cells.length === 0) return otherwise
    try {
      return make()
    } catch (error) {
      errors.push(String(error))
      return otherwise
    }
  }
  return {
    name,
    title,
    cells: cells.length,
    answer: attempt(() => presentation.answer(cells), ''),
    charts: attempt(() => presentation.charts(cells), []).flatMap((chart, index) => {
      const description = `${name}-chart-${index + 1}`
      return attempt(() => [{ chart, description, drawn: draw(chart, description) }], [])
    }),
    table: attempt(() => presentation.table(cells), { head: [], rows: [] }),
    // As the run had them: a later version may define them otherwise.
    definitions: Object.entries(result.definitions[name] ?? question.definitions),
    errors,
  }
}
