// Against startTls(): what is no answer to our close_notify.
import { noAnswerCases } from './shared/no-answer.js'
import { startedWays } from './started.js'

noAnswerCases(startedWays)
