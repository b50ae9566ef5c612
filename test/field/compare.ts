/** What the probe answered beside what the judge saw, in the same words: pure. */
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

export interface Statement {
  /** A question, `TCP` and a question, `resumption` and a kind, or something that has to be so in any case. */
  readonly about: string
  readonly probe: string
  readonly wire: string
  /** The end of the wire's record, for whoever looks why they differ. */
  readonly record: string
}

export function statementsOf(probed: VersionResult, seen: VersionSight): readonly Statement[] {
  const handshake = {
    about: 'handshake',
    probe: probed.kind === 'failed' ? 'failed' : 'done',
    wire: seen.kind === 'failed' ? 'failed' : 'done',
    record: seen.kind === 'failed' ? seen.why : probed.kind === 'failed' ? probed.failure.reason : '',
  }
  if (probed.kind === 'failed' || seen.kind === 'failed') return [handshake]
  return [
    handshake,
    { about: 'status', probe: statusOf(probed), wire: statusOf(probed) === '' ? '' : '200', record: '' },
    ...judgedQuestions.flatMap((question) => statementsAbout(question, probed, seen.sights)),
    ...closeKinds.map((kind) => ({
      about: `resumption ${kind}`,
      probe: probed.resumption[kind],
      wire: seen.resumption[kind],
      record: '',
    })),
  ]
}

/** An error page is no response to measure. */
function statusOf({ answers: { afterResponse } }: ProbedVersion): string {
  const status = afterResponse?.kind === 'observed' ? afterResponse.response?.status : undefined
  return status === undefined ? '' : String(status)
}

function statementsAbout(
  question: JudgedQuestion,
  { answers }: ProbedVersion,
  sights: Readonly<Record<JudgedQuestion, Sight>>,
): readonly Statement[] {
  const answer = answers[question]
  const sight = sights[question]
  const record = sight.last.join(', ')
  const wire = wordsOf(question, sight, sights.afterResponse.bytes)
  if (answer?.kind !== 'observed') {
    return [{ about: question, probe: answer?.failure.reason ?? 'not asked', wire, record }]
  }
  const probe = wordsOf(question, factsOf(answer), wholeBytes(answers.afterResponse))
  return [
    { about: question, probe, wire, record },
    { about: `TCP ${question}`, probe: answer.tcp, wire: sight.tcp, record },
  ]
}

function factsOf({ ending, response }: Observed): Pick<Sight, 'ending' | 'bytes'> {
  return { ending, bytes: response?.bytes ?? 0 }
}

function wordsOf(question: JudgedQuestion, { ending, bytes }: Pick<Sight, 'ending' | 'bytes'>, whole: number): string {
  const share = shareOf(bytes, whole)
  if (question === 'onCloseNotifyAfterRequest') return `${share}, ${ending}`
  // What comes by itself, a greeting, may come before FIN or not.
  return question === 'onFinInRequest' && share === 'all' ? `${share}, ${ending}` : ending
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
