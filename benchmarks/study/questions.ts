/** All questions, in the order of the report. */
import { builds } from './builds/index.js'
import type { QuestionName } from './cell.js'
import { latency } from './latency/index.js'
import { load } from './load/index.js'
import { loss } from './loss/index.js'
import { overhead } from './overhead/index.js'
import type { Question } from './question.js'
import { truncation } from './truncation/index.js'

const questions: readonly Question[] = [latency, load, loss, truncation, builds, overhead]

/** The parameters over which visits.ts pools for a question. */
export function alikeOver(name: QuestionName): readonly string[] {
  return questions.find((question) => question.name === name)?.alikeOver ?? []
}

export function questionsNamed(names: readonly QuestionName[]): readonly Question[] {
  return questions.filter(({ name }) => names.includes(name))
}
