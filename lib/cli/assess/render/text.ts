// Assessments for people at a terminal.
import type { Assessment, AssessedRun, RunVerdict } from '../../../lab/assess/result.js'
import { isFailure } from '../../../lab/assess/result.js'
import type { ServerAssessment } from '../../../lab/assess/server.js'
import { framings } from '../../../lab/peers/http.js'
import { aligned } from '../../text.js'
import type { Layout } from '../../output.js'
import type { Style } from '../../style.js'
import { outcomeOf } from './server-run.js'

export function renderText(assessment: Assessment, { style }: Layout): string {
  const { command, runs, summary, control } = assessment
  const head = ['profile', 'framing', 'sent', 'exit', 'printed', 'ms', 'closed by', 'verdict']
  const [title = '', ...lines] = aligned([head, ...runs.map(cellsOf)])
  return [
    style.heading(command.join(' ')),
    style.aside(title),
    ...lines.map((line, index) => marked(line, runs[index]?.verdict, style)),
    '',
    ...(summary.verdict === 'not assessable' ? uselessLines(control, style) : summaryLines(assessment, style)),
    '',
  ].join('\n')
}

function cellsOf(run: AssessedRun): readonly string[] {
  const { profile, framing, sent, exitCode, signal, printed, ms, connections, verdict } = run
  return [
    profile,
    framing,
    sent.kind === 'cut' ? `cut at ${sent.at}` : sent.kind,
    verdict === 'hung' ? 'killed' : String(exitCode ?? signal),
    printed.body === 'cut' ? `${printed.bytes}` : printed.body,
    String(ms),
    connections.map(closingOf).join(', ') || 'no connection',
    verdict,
  ]
}

function closingOf({ other, handshake }: AssessedRun['connections'][number]): string {
  const { closing, closeNotify } = other
  const order = closeNotify === undefined || closeNotify.order === 'without ours' ? '' : ` ${closeNotify.order}`
  return `${handshake.kind === 'failed' ? 'in the handshake: ' : ''}${closing}${order}`
}

function marked(line: string, verdict: RunVerdict | undefined, style: Style): string {
  return verdict !== undefined && isFailure(verdict) ? style.alarm(line) : line
}

function uselessLines(control: AssessedRun, style: Style): readonly string[] {
  const { exitCode, signal, verdict, stderr } = control
  return [
    style.alarm(`Nothing can be said: against a server that does everything right it was ${verdict}`),
    `It ended with ${exitCode ?? signal ?? 'nothing'}. The end of its standard error:`,
    stderr === '' ? '  (nothing)' : stderr,
  ]
}

function summaryLines({ summary, control }: Assessment, style: Style): readonly string[] {
  const { truncations, hung, dataLost, closes, verdict } = summary
  const accepted = framings.map(
    (framing) => `${framing} ${truncations[framing].accepted} of ${truncations[framing].of}`,
  )
  const silent = control.printed.body === 'whole' ? [] : ['It does not print the body: only its exit codes count.']
  return [
    ...silent,
    `Truncations accepted: ${accepted.join(', ')}`,
    `Hung: ${hung.join('; ') || 'never'}`,
    ...(dataLost.length === 0 ? [] : [`Data lost: ${dataLost.join('; ')}`]),
    `Connections closed: ${closes.withCloseNotify} with close_notify, ${closes.without} without, ${closes.notAtAll} not at all`,
    verdict === 'passed' ? style.heading('Verdict: passed') : style.alarm('Verdict: failed'),
  ]
}

export function renderServerText({ host, port, runs }: ServerAssessment, { style }: Layout): string {
  const head = ['client', 'version', 'the server closed by', 'ms', 'the client']
  const rows = runs.map((run) => {
    const { closedBy, judged } = outcomeOf(run)
    return [run.profile, run.version, closedBy, String(run.entry.endedAt), judged]
  })
  const [title = '', ...lines] = aligned([head, ...rows])
  return [style.heading(`${host}:${port}`), style.aside(title), ...lines, ''].join('\n')
}
