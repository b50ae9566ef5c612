// The result of a probe for people at a terminal.
import type { Deviation } from '../../../lab/probe/expect.js'
import type {
  Advice,
  Answer,
  FailedVersion,
  Failure,
  ProbedVersion,
  ProbeResult,
  Weight,
} from '../../../lab/probe/result.js'
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
    const names = after !== undefined && areAlike(version, after) ? [version.version, after.version] : [version.version]
    shown.push(probedSection(version, names, layout))
  }
  return shown
}

function failedSection({ version, failure }: FailedVersion, { style, width }: Layout): string {
  return wrap(`${style.heading(version)} ${style.alarm(sentenceOf(failure))}`, width, '')
}

/** A failure in a sentence that says what to do, where there is something to do. */
function sentenceOf({ stage, reason, detail }: Failure): string {
  const why = detail === undefined ? '' : ` (${detail})`
  const hint = hints[reason]
  return `failed at the ${stages[stage]}: ${reason}${why}.${hint === undefined ? '' : ` ${hint}`}`
}

const stages: Readonly<Record<Failure['stage'], string>> = {
  connect: 'connection',
  proxy: 'proxy',
  starttls: 'STARTTLS dialogue',
  handshake: 'TLS handshake',
  request: 'request',
}

const hints: Readonly<Record<string, string>> = {
  'not-tls': 'Does it speak another protocol first? See --starttls.',
  'not-the-protocol': 'Is it the right port for --starttls?',
  timeout: 'A longer --timeout may help.',
  'alert:protocol_version': 'It does not offer this version of TLS.',
  'alert:unrecognized_name': 'It knows another name; see --servername.',
  'alert:certificate_required': 'It asks for a certificate; see --cert and --key.',
  'alert:no_application_protocol': 'It wants another protocol; see --alpn and --request.',
}

function probedSection(version: ProbedVersion, names: readonly string[], layout: Layout): string {
  const { style, width } = layout
  const { cipher, certificate, connect, handshake, alpn } = version
  const facts = [
    ...(cipher === undefined ? [] : [cipher]),
    ...(alpn === undefined ? [] : [`ALPN ${alpn}`]),
    ...(connect === undefined ? [] : [`TCP ${connect} ms`]),
    `handshake ${handshake} ms`,
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
    `${style.heading(names.join(' and '))} ${style.aside(facts.join(', '))}`,
    ...lines,
    ...others,
    wrap(adviceSentence(advice), width),
  ].join('\n')
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

function adviceSentence({ waitTimeout }: Advice): string {
  return waitTimeout === undefined
    ? "Towards it: mode 'unidirectional'; it gives no answer that is worth waiting for."
    : `Towards it: mode 'bidirectional' with waitTimeout ${waitTimeout}, or 'unidirectional' where its answer is not needed.`
}
