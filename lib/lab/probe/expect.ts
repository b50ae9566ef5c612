/** Compares what a probe found with what one found before: endings, TCP, resumption. Times are left out. Pure. */
import { targetName } from '../transport/target.js'
import { questions } from './options.js'
import type { Answer, Ccc, ProbeResult, Question, VersionResult } from './result.js'

/** One point in which the results differ. */
export interface Deviation {
  readonly target: string
  /** Such as `TLSv1.3 onCloseNotify`. */
  readonly where: string
  readonly expected: string
  readonly found: string
}

/**
 * By target; a target of which nothing is expected deviates in nothing. What was not asked this time, or not before, is
 * no deviation.
 */
export function deviationsFrom(expected: readonly ProbeResult[], found: ProbeResult): readonly Deviation[] {
  return new Expectations(expected).deviationsOf(found) ?? []
}

/** The same for many results: each is looked up, and not searched for. */
export class Expectations {
  readonly #byTarget = new Map<string, ProbeResult>()

  /** Of two results of one target the first counts. */
  constructor(expected: readonly ProbeResult[]) {
    for (const result of expected) {
      const key = targetName(result)
      if (!this.#byTarget.has(key)) this.#byTarget.set(key, result)
    }
  }

  /** Undefined where nothing is expected of the target, or nothing of what was probed. */
  deviationsOf(found: ProbeResult): readonly Deviation[] | undefined {
    const before = this.#byTarget.get(targetName(found))
    const pairs = (before?.versions ?? []).flatMap((version) => {
      const now = found.versions.find((each) => each.version === version.version)
      return now === undefined ? [] : [[version, now] as const]
    })
    if (pairs.length === 0) return undefined
    return pairs.flatMap(([version, now]) =>
      deviationsOf(version, now).map((each) => ({ target: found.target, ...each })),
    )
  }
}

type Point = Omit<Deviation, 'target'>

function deviationsOf(before: VersionResult, now: VersionResult): readonly Point[] {
  const where: string = before.version
  if (before.kind === 'failed' || now.kind === 'failed') {
    return differing(where, stateOf(before), stateOf(now))
  }
  const kinds = ['afterResponse', 'afterCloseNotify', 'afterFin'] as const
  return [
    ...questions.flatMap((question) => {
      const [one, other] = [before.answers[question], now.answers[question]]
      if (one === undefined || other === undefined) return []
      return differing(`${where} ${question}`, wordsOf(question, one), wordsOf(question, other))
    }),
    ...kinds.flatMap((kind) => {
      const [one, other] = [before.resumption[kind], now.resumption[kind]]
      return one === 'not-asked' || other === 'not-asked' ? [] : differing(`${where} resumption ${kind}`, one, other)
    }),
    ...(before.ccc === undefined || now.ccc === undefined
      ? []
      : differing(`${where} ccc`, wordsOfCcc(before.ccc), wordsOfCcc(now.ccc))),
  ]
}

function differing(where: string, expected: string, found: string): readonly Point[] {
  return expected === found ? [] : [{ where, expected, found }]
}

function stateOf(version: VersionResult): string {
  return version.kind === 'probed' ? 'probed' : `failed: ${version.failure.reason}`
}

function wordsOfCcc(ccc: Ccc): string {
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

function wordsOf(question: Question, answer: Answer): string {
  if (answer.kind === 'not-observed') return `not observed: ${answer.failure.reason}`
  const { ending, tcp, userCanceled, bytes } = answer
  const canceled = userCanceled ? 'user_canceled, ' : ''
  const data = question === 'onCloseNotifyAfterRequest' && bytes === 0 ? ', no data' : ''
  return `${canceled}${ending}, TCP ${tcp}${data}`
}
