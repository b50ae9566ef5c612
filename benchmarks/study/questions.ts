/** All questions, in the order of the report. */
import type { QuestionName } from './cell.js'
import { builds } from './builds/index.js'
import { latency } from './latency/index.js'
import type { Question } from './question.js'

const questions: readonly Question[] = [latency, builds]

export function questionsNamed(names: readonly QuestionName[]): readonly Question[] {
  return questions.filter(({ name }) => names.includes(name))
}
