import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { renderReport, type Report } from '../../../benchmarks/study/report/render-report.js'
import { findChromium } from '../../support/chromium.js'
import { hostile, madeUpQuestions, madeUpResult } from './made-up-result.js'

const program = fileURLToPath(new URL('programs/look-at-report.mjs', import.meta.url))
const chromium = findChromium()

let report: Report

beforeAll(async () => {
  report = await renderReport(madeUpResult, madeUpQuestions)
})

test('the page names what was not measured, what failed and what was left out', () => {
  for (const text of [
    'This run failed in part.',
    '1 of 12 checks of the instruments failed.',
    'Nothing of this was measured in this run: see <a href="#left-out">what was left out</a>',
    'curl is not installed: apt-get install curl',
    'A part of this section could not be made:',
    'Not enough was measured for this chart.',
  ]) {
    expect(report.html.replaceAll('\n', ' ')).toContain(text)
  }
})

test('a complete run raises no alarm', async () => {
  const [latency] = madeUpQuestions
  const checks = madeUpResult.checks.filter(({ passed }) => passed)
  const complete = { ...madeUpResult, outcome: 'complete' as const, checks, failures: [], leftOut: [] }
  const { html } = await renderReport(complete, latency === undefined ? [] : [latency])
  expect(html).not.toContain('class="alarm"')
  for (const id of ['left-out', 'failures']) expect(html).not.toContain(`id="${id}"`)
  const { html: interrupted } = await renderReport({ ...complete, outcome: 'interrupted' }, [])
  expect(interrupted).toContain('This run was interrupted.')
})

test('nothing but escaped text is made of what stands in the data', () => {
  expect(report.html).not.toContain('<img')
  expect(report.html.match(/<script/g)).toHaveLength(2)
  for (const { svg } of report.svgs) expect(svg).not.toContain('<img')
})

test('charts have files of their own, apart from those without a point', () => {
  expect(report.svgs.map(({ name }) => name)).toEqual([
    'done-by-rtt',
    'above-echo',
    'by-peer',
    'descriptors',
    'held',
    'builds',
  ])
})

test('the same result gives the same page', async () => {
  expect(await renderReport(madeUpResult, madeUpQuestions)).toEqual(report)
})

test.runIf(process.env['CI'] !== undefined)('CI has a Chromium', () => expect(chromium).toBeDefined())

describe.skipIf(chromium === undefined)('opened in Chromium', () => {
  let folder = ''
  let seen: Seen

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'study-report-'))
    await writeFile(path.join(folder, 'report.html'), report.html)
    for (const { name, svg } of report.svgs) await writeFile(path.join(folder, `${name}.svg`), svg)
    const args = [program, chromium ?? '', folder]
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 26, timeout: 60_000 })
    seen = parseSeen(stdout)
  })

  afterAll(() => rm(folder, { recursive: true, force: true }))

  const views = [
    [320, 'light'],
    [400, 'light'],
    [400, 'dark'],
    [1280, 'light'],
    [1280, 'dark'],
  ] as const

  describe.each(views)('%i px, %s', (width, colorScheme) => {
    const view = (): View => {
      const found = seen.views.find((one) => one.width === width && one.colorScheme === colorScheme)
      if (found === undefined) throw new Error('Expected the program to have looked at it')
      return found
    }

    test('nothing complains, nothing is loaded, nothing breaks out', () => {
      expect(view()).toMatchObject({ complaints: [], requests: [], brokenOut: { images: 0, scripts: 2 } })
    })

    test('every series of every chart is drawn, each point with a title', () => {
      const charts = madeUpQuestions.slice(0, 2).flatMap(({ name, presentation }) => {
        return presentation.charts(madeUpResult.cells.filter(({ question }) => question === name))
      })
      const drawable = charts.filter(({ name }) => name !== 'nothing')
      expect(view().charts.map(({ name }) => name)).toEqual(drawable.map(({ title }) => title))
      for (const [index, chart] of drawable.entries()) {
        const drawn = view().charts[index]
        expect(drawn?.description).toBe(chart.description)
        for (const { name, role, points } of chart.series) {
          const series = drawn?.series[name.replace('\u0007', '\ufffd')]
          expect(series, `${chart.name}: ${name}`).toMatchObject({ empty: 0 })
          const titled = new Set(series?.titles)
          const each = role === 'measured' || chart.kind === 'bars'
          const some = points.length > 40 || !each ? 1 : new Set(points.map(({ x }) => x)).size
          expect(titled.size, `${chart.name}: ${name}`).toBeGreaterThanOrEqual(some)
          expect(series?.marks).toBeGreaterThanOrEqual(some)
        }
      }
    })

    test('text of charts is large enough and inside of them', () => {
      const least = width === 320 ? 10 : 11
      for (const { smallestText, outside } of view().charts) {
        expect(smallestText).toBeGreaterThanOrEqual(least)
        expect(outside).toEqual([])
      }
    })

    test('the page does not scroll sideways', () => expect(view().overflow).toBeLessThanOrEqual(0))

    test('text stands out from what is behind it', () => {
      expect(view().worst.contrast, view().worst.text).toBeGreaterThanOrEqual(4.5)
      const light = colorScheme === 'light'
      expect(view().background).toBe(light ? 'rgb(255, 255, 255)' : 'rgb(20, 23, 28)')
      expect(view().firstMark).toBe(light ? 'rgb(32, 34, 206)' : 'rgb(10, 85, 247)')
    })

    test('headings are in order, and everything has a name', () => {
      const { headings } = view()
      expect(headings[0]).toBe(1)
      expect(headings.filter((level) => level === 1)).toHaveLength(1)
      for (const [index, level] of headings.slice(1).entries()) {
        expect(level - (headings[index] ?? 0)).toBeLessThanOrEqual(1)
      }
      expect(view()).toMatchObject({
        landmarks: [1, 1, 1],
        unnamed: 0,
        headersWithoutScope: 0,
        repeatedIds: [],
        deadLinks: [],
      })
    })
  })

  test('the keyboard reaches all that can be used, visibly, the skip link first', () => {
    const { expected, reached, focused } = seen.use
    expect(expected).toBeGreaterThan(20)
    expect(reached).toBe(expected)
    expect(focused[0]).toMatchObject({ hash: '#main', className: 'skip' })
    expect(focused.filter(({ className }) => className === 'scroll').length).toBeGreaterThan(2)
    expect(focused.filter(({ outlineStyle }) => outlineStyle === 'none')).toEqual([])
  })

  test('the data can be downloaded: the result as it was, and the table', () => {
    const { json, csv, complaints } = seen.use
    expect(complaints).toEqual([])
    expect(json.name).toBe('study.json')
    expect(JSON.parse(json.text)).toEqual(JSON.parse(JSON.stringify(madeUpResult)))
    expect(csv.name).toBe('latency-table.csv')
    const lines = csv.text.trimEnd().split('\r\n')
    expect(lines[0]).toBe('RTT,side,done,above an echo,with RST,bytes lost')
    expect(lines).toHaveLength(1 + 40)
    expect(csv.text).toContain(`"${hostile.replaceAll('"', '""')}"`)
  })

  test('without JavaScript all but the downloads is there, and the page says where the data is', () => {
    expect(seen.withoutScript).toEqual({ charts: 6, downloads: 0, notes: 1, complaints: [] })
  })

  test('each file of a chart is XML, and follows the theme', () => {
    expect(seen.files.complaints).toEqual([])
    expect(seen.files.found).toHaveLength(report.svgs.length)
    for (const file of seen.files.found) {
      expect(file).toMatchObject({ root: 'svg', errors: 0, background: 'rgb(20, 23, 28)' })
      expect(file.marks).toBeGreaterThan(0)
      expect(file.title).not.toBe('')
    }
  })
})

interface View {
  readonly width: number
  readonly colorScheme: string
  readonly charts: readonly {
    readonly name: string
    readonly description: string
    readonly series: Readonly<Record<string, { marks: number; empty: number; titles: readonly string[] }>>
    readonly smallestText: number
    readonly outside: readonly string[]
  }[]
  readonly worst: { readonly contrast: number; readonly text: string }
  readonly background: string
  readonly firstMark: string
  readonly overflow: number
  readonly headings: readonly number[]
}

interface Download {
  readonly name: string
  readonly text: string
}

interface Seen {
  readonly views: readonly View[]
  readonly use: {
    readonly expected: number
    readonly reached: number
    readonly focused: readonly { readonly className: string; readonly outlineStyle: string }[]
    readonly json: Download
    readonly csv: Download
    readonly complaints: readonly string[]
  }
  readonly withoutScript: object
  readonly files: {
    readonly found: readonly { readonly marks: number; readonly title: string }[]
    readonly complaints: readonly string[]
  }
}

function parseSeen(text: string): Seen {
  const value: unknown = JSON.parse(text)
  if (!isSeen(value)) throw new Error('Expected what look-at-report.mjs prints')
  return value
}

/** By its outermost form: what is in it the tests look at. */
function isSeen(value: unknown): value is Seen {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['views', 'use', 'withoutScript', 'files'].every((key) => key in value)
  )
}
