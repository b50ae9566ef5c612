/** What questions and answers are called in text for people. */
import { questions } from '../../../lab/probe/options.js'
import type { Answer, Answers, Ccc, Question, ProbedVersion, VersionResult } from '../../../lab/probe/result.js'

export const questionNames: Readonly<Record<Question, string>> = {
  afterResponse: 'after a response',
  onCloseNotify: 'on close_notify, idle',
  onCloseNotifyAfterRequest: 'on request + close_notify',
  onFin: 'on FIN, idle',
  onFinInRequest: 'on FIN in a request',
  idle: 'while idle',
}

/** The questions that were asked, in their order. */
export function askedIn(answers: Answers): readonly (readonly [Question, Answer])[] {
  return questions.flatMap((question) => {
    const answer = answers[question]
    return answer === undefined ? [] : [[question, answer] as const]
  })
}

/** An answer in a few words, without times. */
export function shortAnswer(answer: Answer): string {
  if (answer.kind === 'not-observed') return answer.failure.reason
  const { ending, userCanceled } = answer
  return userCanceled ? `user_canceled, ${ending}` : ending
}

export const cccName = 'on CCC'

/** The same of the answer to CCC: its reply, the end of TLS, and what the control connection does then. */
export function shortCcc(ccc: Ccc): string {
  switch (ccc.kind) {
    case 'not-observed':
      return ccc.failure.reason
    case 'refused':
      return `${ccc.command} refused, ${ccc.reply.code}`
    case 'no-reply':
      return `no reply to ${ccc.command}, ${ccc.ending}`
    case 'accepted': {
      const { reply, tls, control, unasked } = ccc
      const end = tls === 'none' ? 'no close_notify' : tls
      return [reply.code, end, ...(unasked === undefined ? [] : ['unasked plaintext']), control].join(', ')
    }
  }
}

/** What is the same of two versions is shown once. */
export function areAlike(one: ProbedVersion, other: VersionResult): boolean {
  if (other.kind === 'failed') return false
  const [left, right] = [askedIn(one.answers), askedIn(other.answers)]
  return (
    left.length === right.length &&
    left.every(([question, answer], index) => {
      const [otherQuestion, otherAnswer] = right[index] ?? []
      return question === otherQuestion && otherAnswer !== undefined && isSame(answer, otherAnswer)
    }) &&
    JSON.stringify(one.resumption) === JSON.stringify(other.resumption) &&
    wordsOfCcc(one) === wordsOfCcc(other)
  )
}

function wordsOfCcc({ ccc }: ProbedVersion): string | undefined {
  return ccc === undefined ? undefined : shortCcc(ccc)
}

function isSame(one: Answer, other: Answer): boolean {
  if (one.kind === 'not-observed' || other.kind === 'not-observed') return one.kind === other.kind
  return shortAnswer(one) === shortAnswer(other) && one.tcp === other.tcp && (one.bytes === 0) === (other.bytes === 0)
}
