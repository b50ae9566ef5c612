import { createHash } from 'node:crypto'
import type { StudyResult } from '../result.js'
import { html, raw, type Html } from './html.js'
import type { PresentedQuestion } from './presented.js'
import { checksSection, failuresSection, leftOutSection, machineSection, runFacts } from './run-sections.js'
import { questionSection } from './question-section.js'
import { script } from './script.js'
import { style } from './style.js'

const title = 'What waiting for the peer’s close_notify costs, and what not waiting loses'

export function page(result: StudyResult, questions: readonly PresentedQuestion[]): Html {
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${raw(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the answers</a>
<header>
<h1>${title}</h1>
<p class="lead">A study of how TLS connections are closed from Node.js, measured on one machine against the same ways in
plain C and in other programs, by close-notify’s own benchmarks.</p>
${outcome(result)}
${runFacts(result)}
<p class="downloads"><a class="download" id="download-json" download="study.json" hidden>Download the data (JSON)</a></p>
<noscript><p class="downloads">The data stands in this page’s source, in the element with the id “study-data”; with
JavaScript there are links to download it and its tables.</p></noscript>
</header>
<nav aria-labelledby="contents"><h2 id="contents">Contents</h2>
<ol>${contents(result, questions)}</ol>
</nav>
<main id="main" tabindex="-1">
${questions.map((question) => questionSection(question, result))}
${checksSection(result)}
${leftOutSection(result)}
${failuresSection(result, questions)}
${machineSection(result)}
</main>
<script type="application/json" id="study-data">${raw(embedded(result))}</script>
<script>${raw(script)}</script>
</body>
</html>
`
}

// Nothing is loaded, and no script runs but ours, whatever stands in the data.
const scriptHash = createHash('sha256').update(script).digest('base64')
const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${scriptHash}'; base-uri 'none'; form-action 'none'`

const outcomes = {
  complete: undefined,
  running: ['This run has not ended', 'or it was killed. What is shown had been measured until then.'],
  interrupted: [
    'This run was interrupted.',
    'What is shown had been measured until then; the same command goes on from there.',
  ],
  failed: ['This run failed in part.', 'What is shown is what could be measured.'],
} as const satisfies Readonly<Record<StudyResult['outcome'], readonly [string, string] | undefined>>

function outcome(result: StudyResult): Html {
  const ended = outcomes[result.outcome]
  const failed = result.checks.filter(({ passed }) => !passed).length
  const checks =
    failed === 0
      ? undefined
      : html`<p class="alarm"><strong>${failed} of ${result.checks.length}
checks of the instruments failed.</strong> Read <a href="#checks">which</a> before the figures.</p>`
  const failures = result.failures.length
  const blocks =
    failures === 0
      ? undefined
      : html` <a href="#failures">${failures} ${failures === 1 ? 'block' : 'blocks'} failed</a>.`
  return html`${ended && html`<p class="alarm"><strong>${ended[0]}</strong> ${ended[1]}${blocks}</p>`}${checks}`
}

function contents(result: StudyResult, questions: readonly PresentedQuestion[]): readonly Html[] {
  const entries = [
    ...questions.map(({ name, title: text, cells }) => [name, text, cells === 0 ? ' (not measured)' : ''] as const),
    ['checks', 'Checks of the instruments', ''] as const,
    ...(result.leftOut.length === 0 ? [] : [['left-out', 'What was left out', ''] as const]),
    ...(hasFailures(result, questions) ? [['failures', 'What failed', ''] as const] : []),
    ['machine', 'The machine and the run', ''] as const,
  ]
  return entries.map(([id, text, note]) => html`<li><a href="#${id}">${text}</a>${note}</li>`)
}

function hasFailures({ failures }: StudyResult, questions: readonly PresentedQuestion[]): boolean {
  return failures.length > 0 || questions.some(({ errors }) => errors.length > 0)
}

/** No `<` stands in it, so that no text of it can end the element. */
function embedded(result: StudyResult): string {
  return JSON.stringify(result).replaceAll('<', String.raw`\u003c`)
}
