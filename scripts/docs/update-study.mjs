// Renews the part of docs/study.md between its markers from benchmarks/results/study.json.gz, and the charts beside that file.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { helpIfAsked } from '../support/help.mjs'

helpIfAsked(`Usage: node scripts/docs/update-study.mjs

Renews the figures of docs/study.md and the charts from benchmarks/results/study.json.gz, with the program in dist/.
`)

const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url))
const page = path('docs/study.md')
const result = path('benchmarks/results/study.json.gz')
const study = (...args) =>
  execFileSync(process.execPath, [path('dist/benchmarks/study/main.js'), ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })

const folder = mkdtempSync(join(os.tmpdir(), 'update-study-'))
try {
  study('--render', result, '--out', folder)
  rmSync(path('benchmarks/results/charts'), { recursive: true, force: true })
  cpSync(join(folder, 'charts'), path('benchmarks/results/charts'), { recursive: true })
} finally {
  rmSync(folder, { recursive: true, force: true })
}

const generated = study('--markdown', result, '--charts', '../benchmarks/results/charts')
const text = readFileSync(page, 'utf8')
const marked = /(?<=<!-- generated: begin[^>]*-->\n)[\s\S]*(?=<!-- generated: end -->)/
if (!marked.test(text)) throw new Error(`expected the markers of the generated part in ${page}`)
writeFileSync(
  page,
  text.replace(marked, () => `\n${generated}\n`),
)
