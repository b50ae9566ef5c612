/**
 * Draws charts as SVG, by ECharts: it renders to a string in Node, without a browser, a canvas or a DOM of its own; it has
 * log axes, and series that a function draws, which whiskers and limits need; and it is well kept. Vega-Lite compiles to
 * Vega, whose layout of legends and whose sizes of text need a canvas in Node to be right, and two specifications to be
 * understood for one chart; Observable Plot draws into a DOM, so that it needs jsdom here.
 *
 * A chart is drawn at its size: wide, and once more for narrow screens, where a wide one scaled down could not be read.
 */
import type { Chart } from '../question.js'
import { planBars } from './bars.js'
import { drawingOf, type Layout, type Plan } from './drawing.js'
import { escaped, html, raw, type Html } from './html.js'
import { legendOf } from './legend.js'
import { planLines } from './lines.js'
import { text, type Mark } from './marks.js'
import { darkRules, shades } from './palette.js'
import { lineHeight, wrap } from './text.js'

export interface DrawnChart {
  readonly wide: Html
  readonly narrow: Html
  /** A file of its own. */
  readonly svg: string
}

type Init = typeof import('echarts/dist/echarts.esm.min').init

const wide: Layout = { width: 760, narrow: false }
const narrow: Layout = { width: 340, narrow: true }
const margin = 20

/** Loads ECharts, and returns what draws: undefined for a chart without a point. `described` is the id of a description. */
export async function loadDrawing(): Promise<(chart: Chart, described: string) => DrawnChart | undefined> {
  const { init } = await import('echarts/dist/echarts.esm.min')
  return (chart, described) => {
    const inPage = (layout: Layout): Html | undefined => {
      const drawn = draw(init, chart, layout)
      return (
        drawn &&
        html`<svg class="${layout.narrow ? 'narrow' : 'wide'}" viewBox="0 0 ${layout.width} ${drawn.height}" role="img"
          aria-label="${chart.title}" aria-describedby="${described}">${raw(drawn.content)}</svg>`
      )
    }
    const parts = { wide: inPage(wide), narrow: inPage(narrow), svg: standalone(init, chart) }
    if (parts.wide === undefined || parts.narrow === undefined || parts.svg === undefined) return undefined
    return { wide: parts.wide, narrow: parts.narrow, svg: parts.svg }
  }
}

function standalone(init: Init, chart: Chart): string | undefined {
  const title = wrap(chart.title, wide.width)
  const above = title.length * lineHeight + 12
  const drawn = draw(init, chart, wide, { marks: text(title, [0, lineHeight / 2], { weight: 'bold' }), height: above })
  if (drawn === undefined) return undefined
  const [width, height] = [wide.width + 2 * margin, drawn.height + 2 * margin]
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"` +
    ` viewBox="${-margin} ${-margin} ${width} ${height}" role="img" aria-label="${escaped(chart.title)}">\n` +
    `<title>${escaped(chart.title)}</title>\n<desc>${escaped(chart.description)}</desc>\n` +
    `<style>@media (prefers-color-scheme:dark){\n${darkRules('svg')}\n}</style>\n` +
    `<rect x="${-margin}" y="${-margin}" width="${width}" height="${height}" fill="${shades.background.light}"/>\n` +
    `${drawn.content}</svg>\n`
  )
}

interface Drawn {
  readonly content: string
  readonly height: number
}

const nothingAbove = { marks: [], height: 0 } as const

function draw(
  init: Init,
  chart: Chart,
  layout: Layout,
  above: { readonly marks: readonly Mark[]; readonly height: number } = nothingAbove,
): Drawn | undefined {
  const drawing = drawingOf(chart)
  if (drawing === undefined) return undefined
  const legend = legendOf(drawing, layout, above.height)
  const top = above.height + legend.height + 10
  const plan = drawing.asLines ? planLines(drawing, layout, top) : planBars(drawing, layout, top)
  const rendered = init(null, null, { renderer: 'svg', ssr: true, width: layout.width, height: plan.height })
  try {
    const marks = [...above.marks, ...legend.marks, ...plan.marks]
    rendered.setOption({ animation: false, ...plan.option, graphic: { elements: marks } })
    return { content: contentOf(rendered.renderToSVGString(), plan), height: plan.height }
  } finally {
    rendered.dispose()
  }
}

/** What is inside of the svg element, without ECharts' classes and pointers, and with a title for each mark. */
function contentOf(svg: string, { titles }: Plan): string {
  return (
    svg
      .replace(/^<svg[^>]*>\s*(?:<rect[^>]*fill="none"[^>]*><\/rect>)?/, '')
      .replace(/<\/svg>\s*$/, '')
      .replace(/<style[^>]*><!\[CDATA\[[\s\S]*?\]\]>\s*<\/style>/, '')
      .replace(/ (?:class|pointer-events|xml:space)="[^"]*"/g, '')
      .replace(
        /ecmeta_series_index="(\d+)" ecmeta_data_index="(\d+)" ecmeta_ssr_type="chart"((?:[^>"]|"[^"]*")*)>(?=<\/\w+>)/g,
        (_match, series: string, item: string, rest: string) => {
          const { name, items } = titles[Number(series)] ?? { name: '', items: [] }
          return `data-series="${escaped(name)}"${rest}><title>${escaped(items[Number(item)] ?? name)}</title>`
        },
      )
      .replace(/ ecmeta_\w+="[^"]*"/g, '')
      // No control character may stand in a file of XML.
      .replace(/(?![\t\n\r])\p{Cc}/gu, '\ufffd')
  )
}
