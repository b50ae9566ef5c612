/**
 * An assessment as JUnit XML, as CI servers read it: a test case for each run, which fails where a program ought not to
 * get such a verdict. Written here, for it is four elements: the packages that write them bring a builder of XML, a
 * date formatter and lodash along.
 */
import type { Assessment, AssessedRun } from '../../../lab/assess/result.js'
import { isFailure, nameOfRun } from '../../../lab/assess/result.js'

export function renderJunit({ command, date, runs, control, summary }: Assessment): string {
  const failures = runs.filter(({ verdict }) => isFailure(verdict)).length
  const isUseless = summary.verdict === 'not assessable'
  const suite = attributes({
    name: `close-notify assess -- ${command.join(' ')}`,
    timestamp: date.slice(0, 19),
    tests: runs.length + 1,
    failures: failures + (isUseless ? 1 : 0),
    time: seconds(runs.reduce((sum, { ms }) => sum + ms, 0)),
  })
  const cases = [
    testCase('control', control, isUseless),
    ...runs.map((run) => testCase('runs', run, isFailure(run.verdict))),
  ]
  return ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuite ${suite}>`, ...cases, '</testsuite>', ''].join('\n')
}

function testCase(group: string, run: AssessedRun, hasFailed: boolean): string {
  const { ms, verdict, exitCode, signal, printed, stderr } = run
  const head = attributes({ classname: `close-notify.${group}`, name: nameOfRun(run), time: seconds(ms) })
  const facts = `${verdict}: exit ${exitCode ?? signal ?? 'unknown'}, ${printed.bytes} bytes of the body printed`
  const inside = hasFailed
    ? `<failure ${attributes({ message: facts, type: verdict })}>${escaped(stderr)}</failure>`
    : `<system-out>${escaped(facts)}</system-out>`
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
