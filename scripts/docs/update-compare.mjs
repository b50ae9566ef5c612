// Renews the part of docs/compare-results.md between its markers: what `close-notify compare --markdown` prints over the builds
// of .cache/libssl (scripts/libssl/fetch.mjs), without the libssl of the Node that runs this.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { helpIfAsked } from '../support/help.mjs'

helpIfAsked(`Usage: node scripts/docs/update-compare.mjs

Renews the tables of docs/compare-results.md from the builds of .cache/libssl, with the program in dist/.
`)

const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url))
const page = path('docs/compare-results.md')

const args = ['compare', '--no-own', '--builds', path('.cache/libssl'), '--markdown']
const generated = execFileSync(process.execPath, [path('dist/lib/cli/main.js'), ...args], {
  encoding: 'utf8',
  maxBuffer: 2 ** 26,
})

const text = readFileSync(page, 'utf8')
const marked = /(?<=<!-- generated: begin[^>]*-->\n)[\s\S]*(?=<!-- generated: end -->)/
if (!marked.test(text)) throw new Error(`expected the markers of the generated part in ${page}`)
writeFileSync(
  page,
  text.replace(marked, () => `\n${generated}\n`),
)
