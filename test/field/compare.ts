/** What the probe answered beside what the judge saw: pure. A difference is a mistake of one of them. */
import type { Answer, CloseKind, Observed, ProbedVersion, VersionResult } from '../../lib/lab/probe/result.js'
import type { JudgedQuestion, Sight, VersionSight } from './judge/judge.js'

export const judgedQuestions = [
  'afterResponse',
  'onCloseNotify',
  'onCloseNotifyAfterRequest',
  'onFin',
  'onFinInRequest',
] as const satisfies readonly JudgedQuestion[]

export const closeKinds = ['afterResponse', 'afterCloseNotify', 'afterFin'] as const satisfies readonly CloseKind[]

/** One line for each. Empty where both say the same. */
export function differencesBetween(probed: VersionResult, seen: VersionSight): readonly string[] {
  if (probed.kind === 'failed' || seen.kind === 'failed') {
    if (probed.kind === seen.kind) return []
    const said = probed.kind === 'failed' ? `failed: ${probed.failure.reason}` : 'a connection'
    return [`the probe had ${said}, the judge ${seen.kind === 'failed' ? `failed: ${seen.why}` : 'a connection'}`]
  }
  return [
    ...unexpectedStatus(probed),
    ...judgedQuestions.flatMap((question) => differenceIn(question, probed, seen.sights)),
    ...closeKinds
      .filter((kind) => probed.resumption[kind] !== seen.resumption[kind])
      .map((kind) => `resumption ${kind}: probe ${probed.resumption[kind]}, wire ${seen.resumption[kind]}`),
  ]
}

/** An error page is no response to measure. */
function unexpectedStatus({ answers: { afterResponse } }: ProbedVersion): readonly string[] {
  const status = afterResponse?.kind === 'observed' ? afterResponse.response?.status : undefined
  return status === undefined || status === 200 ? [] : [`the response has the status ${status}`]
}

function differenceIn(
  question: JudgedQuestion,
  { answers }: ProbedVersion,
  sights: Readonly<Record<JudgedQuestion, Sight>>,
): readonly string[] {
  const answer = answers[question]
  const sight = sights[question]
  const wire = `${wordsOf(sight, sights.afterResponse.bytes)} (${sight.last.join(', ')})`
  if (answer === undefined) return [`${question}: not asked by the probe, wire ${wire}`]
  if (answer.kind === 'not-observed') return [`${question}: probe ${answer.failure.reason}, wire ${wire}`]
  const said = wordsOf(factsOf(answer), wholeBytes(answers.afterResponse))
  return said === wordsOf(sight, sights.afterResponse.bytes) ? [] : [`${question}: probe ${said}, wire ${wire}`]
}

function factsOf({ ending, tcp, response }: Observed): Pick<Sight, 'ending' | 'tcp' | 'bytes'> {
  return { ending, tcp, bytes: response?.bytes ?? 0 }
}

function wordsOf({ ending, tcp, bytes }: Pick<Sight, 'ending' | 'tcp' | 'bytes'>, whole: number): string {
  return `${ending}, TCP ${tcp}, ${shareOf(bytes, whole)} received`
}

/** Bytes of a whole response: what came behind the request that was left alone. */
export function wholeBytes(afterResponse: Answer | undefined): number {
  return afterResponse?.kind === 'observed' ? (afterResponse.response?.bytes ?? 0) : 0
}

export type Share = 'nothing' | 'a part' | 'all'

/** How much of a response came. Heads of responses differ by a few bytes. */
export function shareOf(bytes: number, whole: number): Share {
  if (bytes === 0) return 'nothing'
  return bytes >= whole * 0.95 ? 'all' : 'a part'
}
