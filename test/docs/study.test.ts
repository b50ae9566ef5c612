/** docs/study.md has the figures of benchmarks/results/study.json.gz, and its charts are those of it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { renderMarkdown } from '../../benchmarks/study/markdown.js'
import { questionsNamed } from '../../benchmarks/study/questions.js'
import { readResult } from '../../benchmarks/study/result.js'

const path = (relative: string): string => fileURLToPath(new URL(`../../${relative}`, import.meta.url))
const page = readFileSync(path('docs/study.md'), 'utf8')
const result = readResult(path('benchmarks/results/study.json.gz'))
const advice = 'docs/study.md is old: npx tsc -p tsconfig.build.json && node scripts/docs/update-study.mjs'

test('the generated part of docs/study.md is what the result says', () => {
  const [, generated = ''] = /<!-- generated: begin.*-->\n([\s\S]*)<!-- generated: end -->/.exec(page) ?? []
  const expected = renderMarkdown(result, questionsNamed(result.settings.questions), '../benchmarks/results/charts')
  expect(generated.trim(), advice).toBe(expected.trim())
})

test('each chart that docs/study.md shows is there, and no other', () => {
  const shown = [...page.matchAll(/\]\(\.\.\/benchmarks\/results\/charts\/([\w-]+\.svg)\)/g)].map(
    ([, name = '']) => name,
  )
  expect(shown.length).toBeGreaterThan(6)
  for (const name of shown) expect(existsSync(path(`benchmarks/results/charts/${name}`)), advice).toBe(true)
  expect(readdirSync(path('benchmarks/results/charts')).toSorted(), advice).toEqual([...new Set(shown)].toSorted())
})

test('the result is of a whole run, all of whose checks passed or are named in the page', () => {
  expect(result).toMatchObject({ outcome: 'complete', settings: { scale: 1, cells: [] }, failures: [], leftOut: [] })
})
