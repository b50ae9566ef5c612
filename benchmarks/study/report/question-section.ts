import type { StudyResult } from '../result.js'
import { html, type Html } from './html.js'
import type { PresentedChart, PresentedQuestion } from './presented.js'
import { tableOf } from './table.js'

export function questionSection(question: PresentedQuestion, result: StudyResult): Html {
  const { name, title, cells, answer, charts, table, errors } = question
  return html`<section aria-labelledby="${name}">
<h2 id="${name}">${title}</h2>
${cells === 0 ? notMeasured(name, result) : undefined}
${answer === '' ? undefined : html`<p class="answer">${unbroken(answer)}</p>`}
${errors.map((error) => html`<p class="alarm"><strong>A part of this section could not be made:</strong> ${error}</p>`)}
${charts.map(figure)}
${table.rows.length === 0 ? undefined : tableOf(table, { id: `${name}-table`, caption: `${title}: the figures` })}
${definitions(question)}
${checkLine(name, result)}
</section>`
}

function notMeasured(name: string, { leftOut, failures }: StudyResult): Html {
  const mentions = ({ block }: { readonly block: string }): boolean => block.split(' ')[0] === name
  const why = [...(leftOut.some(mentions) ? ['left-out'] : []), ...(failures.some(mentions) ? ['failures'] : [])]
  return html`<p>Nothing of this was measured in this run${
    why.length === 0
      ? '.'
      : html`: see ${why.map(
          (id, index) =>
            html`${index > 0 ? ' and ' : ''}<a href="#${id}">${id === 'failures' ? 'what failed' : 'what was left out'}</a>`,
        )}.`
  }</p>`
}

function figure({ chart: { title, description }, description: id, drawn }: PresentedChart): Html {
  return html`<figure>
<figcaption><h3>${title}</h3><p id="${id}">${description}</p></figcaption>
${drawn === undefined ? html`<p class="empty">Not enough was measured for this chart.</p>` : html`<div class="chart">${drawn.wide}${drawn.narrow}</div>`}
</figure>`
}

function definitions({ definitions: entries }: PresentedQuestion): Html | undefined {
  if (entries.length === 0) return undefined
  return html`<details><summary>How its words are defined</summary>
<dl class="definitions">${entries.map(([word, meaning]) => html`<dt>${word}</dt><dd>${meaning}</dd>`)}</dl>
</details>`
}

function checkLine(name: string, { checks }: StudyResult): Html | undefined {
  const own = checks.filter(({ question }) => question === name)
  if (own.length === 0) return undefined
  const failed = own.filter(({ passed }) => !passed).length
  const verdict = failed === 0 ? 'all passed' : html`<strong class="failed">${failed} failed</strong>`
  return html`<p class="aside"><a href="#checks">Checks of its instruments</a>: ${own.length}, ${verdict}.</p>`
}

/** No line ends between a figure and its unit. */
function unbroken(text: string): string {
  return text.replace(/(\d) (?=(?:[µmn]?s|[kMG]?B|%)(?!\w))/g, '$1\u00a0')
}
