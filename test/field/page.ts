/** The generated part of docs/field-guide.md, and what a round prints: tables of a result. Pure, but for the page. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Answer, Observed, ProbedVersion, Resumption, VersionResult } from '../../lib/lab/probe/result.js'
import { sourceFile } from '../../benchmarks/support/source-file.js'
import { closeKinds, judgedQuestions, shareOf, wholeBytes } from './compare.js'
import type { JudgedQuestion } from './judge/judge.js'
import { clientTables } from './client-page.js'
import type { FieldClientResult } from './client-result.js'
import type { FieldResult, Measured, MeasuredVersion } from './result.js'
import { table } from './table.js'

const page = sourceFile('docs/field-guide.md')
const marked = /(?<=<!-- generated: begin[^>]*-->\n)[\s\S]*(?=<!-- generated: end -->)/

/** Whether the page has the tables of these results. */
export function isUpToDate(servers: FieldResult, clients: FieldClientResult): boolean {
  const [old] = marked.exec(readFileSync(page, 'utf8')) ?? []
  return old === generatedPart(servers, clients)
}

export function updatePage(servers: FieldResult, clients: FieldClientResult): void {
  const text = readFileSync(page, 'utf8')
  if (!marked.test(text)) throw new Error(`Expected the markers of the generated part in ${page}`)
  writeFileSync(
    page,
    text.replace(marked, () => generatedPart(servers, clients)),
  )
}

function generatedPart({ servers }: FieldResult, clients: FieldClientResult): string {
  const measured = servers.filter((server) => server.outcome === 'measured')
  const parts = [
    '### The servers\n',
    table(['server', 'version', 'TLS by', 'measured', 'by'], measured.map(identityOf)),
    '### What the servers do\n',
    table(behaviourHead, measured.flatMap(behavioursOf)),
    '### Whether a session can be resumed, and how to close\n',
    table(
      ['server', 'TLS', 'after a response', 'after our close_notify', 'after our bare FIN', 'mode', 'budget'],
      measured.flatMap(consequencesOf),
    ),
    '### The clients\n',
    ...clientTables(clients),
  ]
  return `\n${parts.join('\n')}\n`
}

const behaviourHead = [
  ...['server', 'TLS', 'the body ends by', 'behind a response', 'at our close_notify'],
  ...['at a request and close_notify', 'at our FIN', 'at FIN in a request'],
]

function identityOf({ title, version, library, date, madeBy }: Measured): readonly string[] {
  return [title, version, library, date, `close-notify ${madeBy['close-notify']}, Node ${madeBy.node}`]
}

function behavioursOf(server: Measured): readonly (readonly string[])[] {
  return rowsOf(server, ({ answers }, varies) => {
    const whole = wholeBytes(answers.afterResponse)
    const cell = (question: JudgedQuestion): string => {
      const words = varies[question]
      return words === undefined
        ? cellOf(question, answers[question], whole)
        : `varies: ${words.map((each) => each.replace(/\S+$/, '`$&`')).join('; or ')}`
    }
    return [bodyEnd(answers.afterResponse), ...judgedQuestions.map(cell)]
  })
}

function consequencesOf(server: Measured): readonly (readonly string[])[] {
  return rowsOf(server, ({ resumption, advice: { mode, waitTimeout } }) => [
    ...closeKinds.map((kind) => resumptionWords[resumption[kind]]),
    ...[`\`${mode}\``, waitTimeout === undefined ? '' : `${waitTimeout} ms`],
  ])
}

const resumptionWords: Readonly<Record<Resumption, string>> = {
  resumed: 'yes',
  'full-handshake': 'no',
  'no-session': 'no session',
  'not-asked': '',
}

/** One row where both versions do the same. */
function rowsOf(
  { title, library, versions }: Measured,
  cells: (probed: ProbedVersion, varies: MeasuredVersion['varies']) => readonly string[],
): readonly (readonly string[])[] {
  // One server is measured with several libraries.
  const name = title === 'lighttpd' ? `${title}, ${library.replace(/ [\d.]+$/, '')}` : title
  const rows = versions.map(({ probed, varies }) => ({
    of: nameOf(probed),
    cells: probed.kind === 'probed' ? cells(probed, varies) : ['not offered'],
  }))
  const [first, ...others] = rows
  if (first === undefined) return []
  const isSame = others.every((row) => row.cells.join('|') === first.cells.join('|'))
  const shown = isSame ? [{ ...first, of: rows.map(({ of }) => of).join(', ') }] : rows
  return shown.map((row) => [name, row.of, ...row.cells])
}

function nameOf({ version }: VersionResult): string {
  return version.replace('TLSv', '')
}

function bodyEnd(answer: Answer | undefined): string {
  if (answer?.kind !== 'observed') return ''
  const { delimitedBy } = answer.response ?? {}
  switch (delimitedBy) {
    case undefined:
      return 'its protocol'
    case 'close':
      return '**the connection**'
    case 'content-length':
      return 'Content-Length'
    case 'chunked':
      return 'chunks'
    case 'frames':
      return 'frames'
    case 'no-body':
      return 'no body'
  }
}

/** With how much of the response came, where that is the question. */
function cellOf(question: JudgedQuestion, answer: Answer | undefined, whole: number): string {
  if (answer === undefined) return ''
  if (answer.kind === 'not-observed') return `not observed: ${answer.failure.reason}`
  const share = shareOf(answer.response?.bytes ?? 0, whole)
  const status = answer.response?.status
  // An error page is short, and comes as a whole.
  const shown = status === undefined ? share : status === 200 ? `200, ${share}` : String(status)
  const words = question === 'onFinInRequest' ? shown : share
  const isAsked = question === 'onCloseNotifyAfterRequest' || question === 'onFinInRequest'
  return `${isAsked ? `${words}, ` : ''}\`${answer.ending}\`${lateness(answer)}${tcpWords(answer)}`
}

/** Times under this are those of the machine. */
const noticeable = 250

function lateness({ closeNotifyAt, alertAt, finAt, resetAt }: Observed): string {
  const first = closeNotifyAt ?? alertAt ?? finAt ?? resetAt
  if (first !== undefined && first >= noticeable) return ` after ${seconds(first)}`
  return finAt === undefined || finAt < noticeable ? '' : `, FIN after ${seconds(finAt)}`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function tcpWords({ ending, tcp }: Observed): string {
  return tcp === 'half-closed' && ending !== 'silent' ? ', still reads' : ''
}

/** The same for a terminal: one line for each version, and each difference below it. */
export function textOf({ servers }: FieldResult): string {
  return servers
    .flatMap((server) => {
      if (server.outcome !== 'measured') return [`${server.name}: ${server.outcome}: ${server.why}`]
      const lines = server.versions.map(
        ({ probed, varies }) => `  ${probed.version}: ${summaryOf(probed)}${varyingText(varies)}`,
      )
      const differences = server.differences.map((line) => `  DIFFERS ${line}`)
      return [`${server.name}: ${server.title} ${server.version}, ${server.library}`, ...lines, ...differences]
    })
    .map((line) => `${line}\n`)
    .join('')
}

function summaryOf(version: VersionResult): string {
  if (version.kind === 'failed') return `failed: ${version.failure.reason}`
  const { answers, resumption } = version
  const whole = wholeBytes(answers.afterResponse)
  const parts = judgedQuestions.map((question) => `${question} ${cellOf(question, answers[question], whole)}`)
  const resumptions = closeKinds.map((kind) => resumption[kind]).join('/')
  return [...parts, `resumption ${resumptions}`].join('; ').replaceAll('`', '')
}

function varyingText(varies: MeasuredVersion['varies']): string {
  return Object.entries(varies)
    .map(([about, words]) => `; VARIES ${about}: ${words.join(' | ')}`)
    .join('')
}
