/** Compares what a probe found with what one found before: endings, TCP, resumption. Times are left out. Pure. */
import type { Answer, Answers, Ccc, ProbeResult, Question, VersionResult } from './result.js'

/** One point in which the results differ. */
export interface Deviation {
  readonly target: string
  /** Such as `TLSv1.3 onCloseNotify`. */
  readonly where: string
  readonly expected: string
  readonly found: string
}

/** By target; a target of which nothing is expected deviates in nothing. */
export function deviationsFrom(expected: readonly ProbeResult[], found: ProbeResult): readonly Deviation[] {
  const before = expected.find(({ host, port }) => host === found.host && port === found.port)
  if (before === undefined) return []
  return before.versions.flatMap((version) => {
    const now = found.versions.find((each) => each.version === version.version)
    return deviationsOf(version, now).map((each) => ({ target: found.target, ...each }))
  })
}

type Point = Omit<Deviation, 'target'>

function deviationsOf(before: VersionResult, now: VersionResult | undefined): readonly Point[] {
  const where: string = before.version
  if (now === undefined) return [{ where, expected: stateOf(before), found: 'not probed' }]
  if (before.kind === 'failed' || now.kind === 'failed') {
    return differing(where, stateOf(before), stateOf(now))
  }
  const questions = Object.keys(before.answers).filter((name): name is Question => name in before.answers)
  return [
    ...questions.flatMap((question) => {
      return differing(`${where} ${question}`, answerIn(before.answers, question), answerIn(now.answers, question))
    }),
    ...(['afterResponse', 'afterCloseNotify', 'afterFin'] as const).flatMap((kind) => {
      return differing(`${where} resumption ${kind}`, before.resumption[kind], now.resumption[kind])
    }),
    ...(before.ccc === undefined ? [] : differing(`${where} ccc`, cccIn(before.ccc), cccIn(now.ccc))),
  ]
}

function differing(where: string, expected: string, found: string): readonly Point[] {
  return expected === found ? [] : [{ where, expected, found }]
}

function stateOf(version: VersionResult): string {
  return version.kind === 'probed' ? 'probed' : `failed: ${version.failure.reason}`
}

function cccIn(ccc: Ccc | undefined): string {
  if (ccc === undefined) return 'not asked'
  switch (ccc.kind) {
    case 'not-observed':
      return `not observed: ${ccc.failure.reason}`
    case 'refused':
      return `${ccc.command} refused with ${ccc.reply.code}`
    case 'no-reply':
      return `no reply to ${ccc.command}: ${ccc.ending}`
    case 'accepted':
      return `accepted, TLS ended by ${ccc.tls}, then ${ccc.control}${ccc.unasked === undefined ? '' : ', unasked plaintext'}`
  }
}

function answerIn(answers: Answers, question: Question): string {
  const answer: Answer | undefined = answers[question]
  if (answer === undefined) return 'not asked'
  if (answer.kind === 'not-observed') return `not observed: ${answer.failure.reason}`
  const { ending, tcp, userCanceled, bytes } = answer
  const canceled = userCanceled ? 'user_canceled, ' : ''
  const data = question === 'onCloseNotifyAfterRequest' && bytes === 0 ? ', no data' : ''
  return `${canceled}${ending}, TCP ${tcp}${data}`
}
