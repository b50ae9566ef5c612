/** All questions, in the order of the report. */
import { builds } from './builds/index.js'
import type { QuestionName } from './cell.js'
import { latency } from './latency/index.js'
import { load } from './load/index.js'
import { overhead } from './overhead/index.js'
import type { Question } from './question.js'

const questions: readonly Question[] = [latency, load, builds, overhead]

export function questionsNamed(names: readonly QuestionName[]): readonly Question[] {
  return questions.filter(({ name }) => names.includes(name))
}
