/** What the page says about the run as a whole. */
import type { Check } from '../cell.js'
import { formatNumber } from '../format.js'
import type { StudyResult } from '../result.js'
import { html, type Html } from './html.js'
import type { PresentedQuestion } from './presented.js'
import { tableOf } from './table.js'

/** The few facts that every figure depends on, at the top. */
export function runFacts({ machine, versions, startedAt, outcome, cells, checks }: StudyResult): Html {
  const passed = checks.filter((check) => check.passed).length
  return facts([
    ['Measured', html`<time datetime="${startedAt}">${dateOf(startedAt)}</time>`],
    ['Outcome', html`${outcome}: ${count(cells.length, 'cell')}, ${passed} of ${count(checks.length, 'check')} passed`],
    ['Machine', html`${machine.cpu}, ${count(machine.cores, 'core')}, ${machine.system}`],
    ['Versions', html`${versionsOf(versions)}`],
  ])
}

export function machineSection(result: StudyResult): Html {
  const { machine, versions, commit, settings, startedAt, seconds, schemaVersion, done } = result
  return html`<section aria-labelledby="machine">
<h2 id="machine">The machine and the run</h2>
${facts([
  ['Processor', html`${machine.cpu}, ${count(machine.cores, 'core')}`],
  ['Memory', html`${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB`],
  ['System', html`${machine.system}`],
  ['Load before the run', html`${machine.load.toFixed(2)}`],
  ['Versions', html`${versionsOf(versions)}`],
  ['Commit', html`${commit ?? 'not a checkout'}`],
  ['Started', html`<time datetime="${startedAt}">${dateOf(startedAt)}</time>`],
  ['Time of measuring', html`${minutes(seconds)}, ${count(done.length, 'block')}`],
  ['Seed', html`${settings.seed}`],
  ['Part of the samples of a full run', html`${formatNumber(settings.scale)}`],
  ['Command', html`<code>${commandOf(result)}</code>`],
  ['Schema version of the data', html`${schemaVersion}`],
])}
</section>`
}

export function checksSection({ checks }: StudyResult): Html {
  const failed = checks.filter(({ passed }) => !passed)
  const passed = checks.filter((check) => check.passed)
  return html`<section aria-labelledby="checks">
<h2 id="checks">Checks of the instruments</h2>
<p>What has to hold if the instruments are right, whatever is measured: ${passed.length} of ${checks.length} passed.</p>
${failed.length === 0 ? undefined : tableOf(checkTable(failed), { id: 'checks-failed', caption: 'Checks that failed', plain: true })}
${
  passed.length === 0
    ? undefined
    : html`<details><summary>Checks that passed (${passed.length})</summary>
${tableOf(checkTable(passed), { id: 'checks-passed', caption: 'Checks that passed', plain: true })}</details>`
}
</section>`
}

function checkTable(checks: readonly Check[]) {
  return {
    head: ['Check', 'Question', 'Where', 'Expected', 'Found', 'Result'],
    rows: checks.map(({ name, question, where, expected, found, passed }) => {
      return [name, question, where, expected, found, passed ? 'passed' : 'failed']
    }),
  }
}

export function leftOutSection({ leftOut }: StudyResult): Html | undefined {
  if (leftOut.length === 0) return undefined
  const rows = leftOut.map(({ block, why }) => [block, why])
  return html`<section aria-labelledby="left-out">
<h2 id="left-out">What was left out</h2>
<p>Blocks that this machine cannot measure.</p>
${tableOf({ head: ['Block', 'Why'], rows }, { id: 'left-out-table', caption: 'What was left out, and why', plain: true })}
</section>`
}

export function failuresSection({ failures }: StudyResult, questions: readonly PresentedQuestion[]): Html | undefined {
  const rows = [
    ...failures.map(({ block, error }) => [block, error]),
    ...questions.flatMap(({ name, errors }) => errors.map((error) => [`${name}, its presentation`, error])),
  ]
  if (rows.length === 0) return undefined
  return html`<section aria-labelledby="failures">
<h2 id="failures">What failed</h2>
<p>Blocks that ended with an error. The same command tries them again.</p>
${tableOf({ head: ['Block', 'Error'], rows }, { id: 'failures-table', caption: 'What failed, and how', plain: true })}
</section>`
}

function facts(entries: readonly (readonly [string, Html])[]): Html {
  return html`<dl class="facts">${entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

function versionsOf(versions: StudyResult['versions']): string {
  return `close-notify ${versions['close-notify']}, Node ${versions.node}, OpenSSL ${versions.openssl}`
}

/** A run of fewer samples was asked for by its time, which settings do not keep: its part of a full run says it. */
function commandOf({ settings: { questions, cells, seed } }: StudyResult): string {
  const words = cells.length === 0 ? '' : ` --cells '${cells.join(',')}'`
  return `npm run study -- --questions ${questions.join(',')}${words} --seed ${seed}`
}

function dateOf(iso: string): string {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(iso) ? `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC` : iso
}

function minutes(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`
}

function count(number: number, thing: string): string {
  return `${number.toLocaleString('en-US')} ${thing}${number === 1 ? '' : 's'}`
}
