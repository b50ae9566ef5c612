// The results of probes as tables: markdown for a page, CSV for a spreadsheet.
import type { Answer, Ccc, ProbedVersion, ProbeResult, VersionResult } from '../../../lab/probe/result.js'
import { targetName } from '../../../lab/transport/target.js'
import { csvLine, markdownTable, escapeBars } from '../../text.js'
import { askedIn, cccName, questionNames, shortAnswer, shortCcc } from './words.js'

/** A row for each host and version. */
export function renderMarkdown(results: readonly ProbeResult[]): string {
  const asked = new Set(
    results.flatMap(({ versions }) =>
      versions.flatMap((version) => (version.kind === 'failed' ? [] : askedIn(version.answers).map(([name]) => name))),
    ),
  )
  const hasCcc = results.some(({ versions }) => versions.some((version) => 'ccc' in version))
  const ofCcc = (cell: string): readonly string[] => (hasCcc ? [cell] : [])
  const names = [...asked].map((question) => questionNames[question])
  const head = ['server', 'version', ...names, ...ofCcc(cccName), 'use towards it']
  const rows = results.flatMap((result) =>
    result.versions.map((version) => {
      const target = targetName(result)
      const { kind } = version
      if (kind === 'failed')
        return [target, version.version, ...[...asked].map(() => ''), ...ofCcc(''), `failed: ${version.failure.reason}`]
      const cells = [...asked].map((question) => {
        const answer = version.answers[question]
        return answer === undefined ? '' : cellOf(answer)
      })
      if (hasCcc) cells.push(version.ccc === undefined ? '' : shortCcc(version.ccc))
      const { mode, waitTimeout } = version.advice
      return [target, version.version, ...cells, waitTimeout === undefined ? mode : `${mode}, ${waitTimeout} ms`]
    }),
  )
  return `${markdownTable(
    head,
    rows.map((cells) => cells.map(escapeBars)),
  )}\n`
}

function cellOf(answer: Answer): string {
  const short = shortAnswer(answer)
  if (answer.kind === 'not-observed') return short
  const at = answer.closeNotifyAt ?? answer.alertAt ?? answer.finAt ?? answer.resetAt
  return at === undefined ? short : `${short}, ${at} ms`
}

const columns = [
  ...['target', 'address', 'version', 'question', 'kind', 'ending', 'user_canceled', 'tcp'],
  ...['close_notify_ms', 'alert_ms', 'fin_ms', 'reset_ms', 'waited_ms', 'bytes', 'failure', 'detail'],
] as const

export function renderCsv(results: readonly ProbeResult[]): string {
  return [csvLine(columns), ...results.flatMap((result) => csvOf(result))].join('')
}

/** The lines of one result, without the head. */
function csvOf(result: ProbeResult): readonly string[] {
  const { address = '', versions } = result
  const target = targetName(result)
  return versions.flatMap((version) =>
    linesOf(version).map((cells) => csvLine([target, address, version.version, ...cells])),
  )
}

function linesOf(version: VersionResult): readonly (readonly string[])[] {
  if (version.kind === 'failed') {
    const { reason, detail = '' } = version.failure
    return [['', 'failed', ...noTimes, reason, detail]]
  }
  const { ccc } = version
  return [...answerLines(version), ...(ccc === undefined ? [] : [cccLine(ccc)])]
}

/** Its own words are the detail: its answer is no ending. */
function cccLine(ccc: Ccc): readonly string[] {
  if (ccc.kind === 'not-observed') return ['ccc', ccc.kind, ...noTimes, ccc.failure.reason, ccc.failure.detail ?? '']
  const closeNotifyAt = ccc.kind === 'accepted' ? String(ccc.closeNotifyAt ?? '') : ''
  return ['ccc', ccc.kind, '', '', '', closeNotifyAt, ...noTimes.slice(4), '', shortCcc(ccc)]
}

function answerLines({ answers }: ProbedVersion): readonly (readonly string[])[] {
  return askedIn(answers).map(([question, answer]) => {
    if (answer.kind === 'not-observed') {
      const { reason, detail = '' } = answer.failure
      return [question, answer.kind, ...noTimes, reason, detail]
    }
    const { ending, userCanceled, tcp, closeNotifyAt, alertAt, finAt, resetAt, waited, bytes } = answer
    const numbers = [closeNotifyAt, alertAt, finAt, resetAt, waited, bytes].map((each) => String(each ?? ''))
    return [question, answer.kind, ending, String(userCanceled), tcp, ...numbers, '', '']
  })
}

/** In place of the columns from `ending` to `bytes`. */
const noTimes: readonly string[] = Array.from({ length: 9 }, () => '')
