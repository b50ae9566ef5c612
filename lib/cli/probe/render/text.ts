// The result of a probe for people at a terminal.
import type { Deviation } from '../../../lab/probe/expect.js'
import { totalTimeIsOver } from '../../../lab/probe/out-of-time.js'
import type { Answer, FailedVersion, Failure, ProbedVersion, ProbeResult, Weight } from '../../../lab/probe/result.js'
import { targetName } from '../../../lab/transport/target.js'
import type { Layout } from '../../output.js'
import { wrap } from '../../text.js'
import { areAlike, askedIn, cccName, questionNames, shortAnswer, shortCcc } from './words.js'

/** Paragraphs beneath short lines: narrower than prose on its own. */
const widest = 100

export function renderText(result: ProbeResult, given: Layout): string {
  const layout = { ...given, width: Math.min(given.width, widest) }
  const { style } = layout
  const where = result.address === undefined || result.address === result.host ? '' : ` (${result.address})`
  return [style.heading(`${targetName(result)}${where}`), ...sections(result, layout)].join('\n\n').concat('\n')
}

export function renderDeviations(deviations: readonly Deviation[], { style }: Layout): string {
  return deviations
    .map(({ target, where, expected, found }) => {
      return `${style.alarm(`${target} ${where}`)}: expected ${expected}; found ${found}\n`
    })
    .join('')
}

/** Of a host that --expect says nothing of: nobody is to take it for one that is as before. */
export function renderUnexpected({ target }: ProbeResult): string {
  return `${target}: nothing to compare with in the file of --expect\n`
}

function sections({ versions }: ProbeResult, layout: Layout): readonly string[] {
  const shown: string[] = []
  for (const [index, version] of versions.entries()) {
    if (version.kind === 'failed') {
      shown.push(failedSection(version, layout))
      continue
    }
    const before = versions[index - 1]
    if (before?.kind === 'probed' && areAlike(before, version)) continue
    const after = versions[index + 1]
    const isLikeNext = after?.kind === 'probed' && areAlike(version, after)
    shown.push(probedSection(version, isLikeNext ? [version, after] : [version], layout))
  }
  return shown
}

function failedSection({ version, failure }: FailedVersion, { style, width }: Layout): string {
  return wrap(`${style.heading(version)} ${style.alarm(sentenceOf(failure))}`, width, '')
}

/** A failure in a sentence that says what to do, where there is something to do. */
function sentenceOf({ stage, reason, detail }: Failure): string {
  const why = detail === undefined ? '' : ` (${detail})`
  const hint = detail === totalTimeIsOver ? moreTotalTime : hints[reason]
  return `failed at the ${stages[stage]}: ${reason}${why}.${hint === undefined ? '' : ` ${hint}`}`
}

const stages: Readonly<Record<Failure['stage'], string>> = {
  connect: 'connection',
  proxy: 'proxy',
  starttls: 'STARTTLS dialogue',
  handshake: 'TLS handshake',
  request: 'request',
}

const moreTotalTime = 'A longer --total-timeout may help.'

const hints: Readonly<Record<string, string>> = {
  'not-tls': 'Does it speak another protocol first? See --starttls.',
  'not-the-protocol': 'Is it the right port for --starttls?',
  timeout: 'A longer --timeout may help.',
  'alert:protocol_version': 'It does not offer this version of TLS.',
  'alert:unrecognized_name': 'It knows another name; see --servername.',
  'alert:certificate_required': 'It asks for a certificate; see --cert and --key.',
  'alert:no_application_protocol': 'It wants another protocol; see --alpn and --request.',
}

/** The answers are those of the first of the versions, which are alike. */
function probedSection(version: ProbedVersion, alike: readonly ProbedVersion[], layout: Layout): string {
  const { style, width } = layout
  const { certificate, alpn } = version
  const ciphers = alike.flatMap(({ cipher }) => cipher ?? [])
  const connects = alike.flatMap(({ connect }) => connect ?? [])
  const facts = [
    ...(ciphers.length === 0 ? [] : [joined(ciphers)]),
    ...(alpn === undefined ? [] : [`ALPN ${alpn}`]),
    ...(connects.length === 0 ? [] : [`TCP ${joined(connects)} ms`]),
    `handshake ${joined(alike.map(({ handshake }) => handshake))} ms`,
    certificate.trusted ? 'certificate trusted' : `certificate not trusted: ${certificate.reason}`,
  ]
  const { advice } = version
  const column = Math.max(...Object.values(questionNames).map(({ length }) => length))
  const lines = askedIn(version.answers).flatMap(([question, answer]) => {
    const found = advice.findings.find((each) => each.question === question)
    const short = `  ${questionNames[question].padEnd(column)}  ${marked(shortAnswer(answer), found?.weight, layout)}`
    const times = style.aside(timesOf(answer))
    return [
      times === '' ? short : `${short}  ${times}`,
      ...(found === undefined ? [] : [wrap(found.text, width, '      ')]),
    ]
  })
  const { ccc } = version
  if (ccc !== undefined) {
    const found = advice.findings.find(({ question }) => question === 'ccc')
    lines.push(`  ${cccName.padEnd(column)}  ${marked(shortCcc(ccc), found?.weight, layout)}`)
    if (found !== undefined) lines.push(wrap(found.text, width, '      '))
  }
  const others = advice.findings
    .filter(({ question }) => question === 'resumption')
    .map(({ text }) => wrap(text, width))
  return [
    `${style.heading(joined(alike.map((each) => each.version)))} ${style.aside(facts.join(', '))}`,
    ...lines,
    ...others,
    ...(isCutShort(version) ? [wrap(`The total time was over before all was answered. ${moreTotalTime}`, width)] : []),
    wrap(adviceSentence(version), width),
  ].join('\n')
}

function joined(each: readonly (string | number)[]): string {
  return each.join(' and ')
}

function isCutShort({ answers, ccc }: ProbedVersion): boolean {
  const all = [...askedIn(answers).map(([, answer]) => answer), ...(ccc === undefined ? [] : [ccc])]
  return all.some((each) => each.kind === 'not-observed' && each.failure.detail === totalTimeIsOver)
}

function marked(text: string, weight: Weight | undefined, { style }: Layout): string {
  return weight === 'risk' ? style.mark(text) : text
}

function timesOf(answer: Answer): string {
  if (answer.kind === 'not-observed') return ''
  const { closeNotifyAt, finAt, resetAt, alertAt, tcp } = answer
  const times = [
    ...(closeNotifyAt === undefined ? [] : [`close_notify ${closeNotifyAt} ms`]),
    ...(alertAt === undefined ? [] : [`alert ${alertAt} ms`]),
    ...(finAt === undefined ? [] : [`FIN ${finAt} ms`]),
    ...(resetAt === undefined ? [] : [`RST ${resetAt} ms`]),
    `TCP ${tcp}`,
  ]
  return times.join(', ')
}

function adviceSentence({ advice: { waitTimeout }, answers }: ProbedVersion): string {
  if (waitTimeout !== undefined) {
    return `Towards it: mode 'bidirectional' with waitTimeout ${waitTimeout}, or 'unidirectional' where its answer is not needed.`
  }
  return answers.onCloseNotify?.kind === 'observed'
    ? "Towards it: mode 'unidirectional'; it gives no answer that is worth waiting for."
    : "Towards it: mode 'unidirectional'; whether it answers close_notify is not known."
}
