/**
 * Assessments as JUnit XML, as CI servers read it: a test case for each run, which fails where a program ought not to get
 * such a verdict, or where a server could not be assessed. Written here, for it is four elements: the packages that write
 * them bring a builder of XML, a date formatter and lodash along.
 */
import type { Assessment, AssessedRun } from '../../../lab/assess/result.js'
import { isFailure, nameOfRun } from '../../../lab/assess/result.js'
import { hasFailed, type ServerAssessment, type ServerRun } from '../../../lab/assess/server.js'
import { outcomeOf } from './server-run.js'

export function renderJunit({ command, date, runs, control, summary }: Assessment): string {
  const cases = [
    caseOf('control', control, summary.verdict === 'not assessable'),
    ...runs.map((run) => caseOf('runs', run, isFailure(run.verdict))),
  ]
  const ms = runs.reduce((sum, run) => sum + run.ms, 0)
  return suiteOf({ name: `close-notify assess -- ${command.join(' ')}`, date, ms }, cases)
}

export function renderServerJunit({ host, port, date, runs }: ServerAssessment): string {
  const ms = runs.reduce((sum, { entry }) => sum + entry.endedAt, 0)
  return suiteOf({ name: `close-notify assess --server ${host}:${port}`, date, ms }, runs.map(serverCaseOf))
}

interface TestCase {
  readonly group: string
  readonly name: string
  readonly ms: number
  /** A line that tells all. */
  readonly facts: string
  /** Of one that fails: its kind, and what else is known. */
  readonly failure?: { readonly type: string; readonly detail: string }
}

function caseOf(group: string, run: AssessedRun, isFailed: boolean): TestCase {
  const { ms, verdict, exitCode, signal, printed, stderr } = run
  const facts = `${verdict}: exit ${exitCode ?? signal ?? 'unknown'}, ${printed.bytes} bytes of the body printed`
  const failure = { type: verdict, detail: stderr }
  return { group, name: nameOfRun(run), ms, facts, ...(isFailed && { failure }) }
}

function serverCaseOf(run: ServerRun): TestCase {
  const { closedBy, judged } = outcomeOf(run)
  return {
    ...{ group: 'server', name: `${run.profile}, ${run.version}`, ms: run.entry.endedAt },
    facts: [closedBy, judged].filter((part) => part !== '').join('; '),
    ...(hasFailed(run) && { failure: { type: 'no handshake', detail: '' } }),
  }
}

function suiteOf(
  { name, date, ms }: { readonly name: string; readonly date: string; readonly ms: number },
  cases: readonly TestCase[],
): string {
  const suite = attributes({
    name,
    timestamp: date.slice(0, 19),
    tests: cases.length,
    failures: cases.filter(({ failure }) => failure !== undefined).length,
    time: seconds(ms),
  })
  const elements = cases.map(elementOf)
  return ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuite ${suite}>`, ...elements, '</testsuite>', ''].join('\n')
}

function elementOf({ group, name, ms, facts, failure }: TestCase): string {
  const head = attributes({ classname: `close-notify.${group}`, name, time: seconds(ms) })
  const inside =
    failure === undefined
      ? `<system-out>${escaped(facts)}</system-out>`
      : `<failure ${attributes({ message: facts, type: failure.type })}>${escaped(failure.detail)}</failure>`
  return `  <testcase ${head}>\n    ${inside}\n  </testcase>`
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3)
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escaped(String(value))}"`)
    .join(' ')
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** What XML 1.0 cannot hold at all is left out: control characters, and halves of characters. */
function escaped(text: string): string {
  return text.replaceAll(unfit, '').replaceAll(/[&<>"]/g, (character) => entities[character] ?? '')
}

const unfit = /(?![\t\n\r])\p{Cc}|\p{Cs}|[\ufffe\uffff]/gu
