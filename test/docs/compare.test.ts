/**
 * docs/compare.md has the options that the program has, and the generated part of docs/compare-results.md is what it
 * prints over the builds of .cache/libssl. Where one of them could not be fetched, the columns of the others are
 * compared; test/support/builds.ts says which is missing.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { scenarios } from '../../lib/lab/scenarios/suites/index.js'
import { presentBuilds } from '../support/builds.js'

const path = (relative: string) => fileURLToPath(new URL(`../../${relative}`, import.meta.url))
const program = path('dist/lib/cli/main.js')
const explanations = readFileSync(path('docs/compare.md'), 'utf8')
const results = readFileSync(path('docs/compare-results.md'), 'utf8')
const advice = 'docs/compare-results.md is old: npx tsc -p tsconfig.build.json && node scripts/docs/update-compare.mjs'

const [, generated = ''] = /<!-- generated: begin.*-->\n([\s\S]*)<!-- generated: end -->/.exec(results) ?? []
const builds = presentBuilds().filter(({ libssl }) => libssl !== undefined)

test('docs/compare.md lists the options of close-notify compare --help, word for word and in their order', () => {
  const help = execFileSync(process.execPath, [program, 'compare', '--help'], { encoding: 'utf8' })
  const documented = [...explanations.matchAll(/^\| `(-.*?)` \| (.*) \|$/gm)].map(([, flags, meaning]) => [
    flags,
    meaning,
  ])
  expect(documented).toEqual(optionsIn(help))
  expect(documented.length).toBeGreaterThan(10)
})

test.each([
  ['docs/compare.md', explanations, results],
  ['docs/compare-results.md', results, explanations],
])('%s has a target for each of its links', (_name, page, otherPage) => {
  const broken = (links: ReadonlySet<string>, targets: ReadonlySet<string>) =>
    [...links].filter((link) => !targets.has(link))
  const linksWith = (before: string) =>
    new Set([...page.matchAll(new RegExp(`\\]\\(${before}#([^)]+)\\)`, 'g'))].map(([, id = '']) => id))
  expect(broken(linksWith(''), targetsIn(page))).toEqual([])
  expect(broken(linksWith('compare(?:-results)?\\.md'), targetsIn(otherPage))).toEqual([])
})

describe('the generated part of docs/compare-results.md', () => {
  let printed = ''
  beforeAll(() => {
    if (builds.length === 0) return
    const args = ['compare', '--no-own', '--builds', path('.cache/libssl'), '--markdown']
    printed = execFileSync(process.execPath, [program, ...args], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    })
  })

  test('has every scenario with every version, and no other', () => {
    const expected = scenarios.flatMap(({ name, versions }) => versions.map((version) => `${name} ${version}`))
    expect(
      tablesOf(generated)
        .flatMap(({ subjects }) => subjects)
        .sort(),
      advice,
    ).toEqual(expected.sort())
  })

  test('has the builds that there are', () => {
    expect(buildsOf(generated), advice).toEqual(expect.arrayContaining([...buildsOf(printed)]))
    expect(buildsOf(printed)).toHaveLength(builds.length)
  })

  test('says in every column of a build that is there what the build does; word for word where all are there', () => {
    const there = buildsOf(printed)
    expect(cellsOf(generated, there), advice).toEqual(cellsOf(printed, there))
    if (there.length === buildsOf(generated).length) expect(generated.trim(), advice).toBe(printed.trim())
  })

  test('has many links to its scenarios', () => {
    expect(new Set([...generated.matchAll(/\]\(#([^)]+)\)/g)].map(([, id]) => id)).size).toBeGreaterThan(50)
  })
})

interface ScenarioTable {
  /** Each with one version of TLS. */
  readonly subjects: readonly string[]
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

function tablesOf(text: string): readonly ScenarioTable[] {
  const folded = text.matchAll(/^<details id=".*"><summary>(\S+) \((.*?)\): .*<\/summary>\n([\s\S]*?)^<\/details>/gm)
  return [...folded].map(([, name = '', versions = '', content = '']) => {
    const [head = [], , ...rows] = content
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .map(cellsOfLine)
    return { subjects: versions.split(', ').map((version) => `${name} TLSv${version}`), head, rows }
  })
}

/** The outcome on each build, by scenario and step. */
function cellsOf(text: string, wanted: readonly string[]): ReadonlyMap<string, string> {
  const all = buildsOf(text)
  const cells = tablesOf(text).flatMap(({ subjects, head, rows }) =>
    rows.flatMap(([step = '', ...texts]) =>
      texts.flatMap((cell, index) =>
        namesOf(head[index + 1] ?? '', all)
          .filter((build) => wanted.includes(build))
          .flatMap((build) =>
            // The marks depend on which builds there are.
            subjects.map((subject) => [`${subject}, ${step}, ${build}`, cell.replaceAll('**', '')] as const),
          ),
      ),
    ),
  )
  return new Map(cells.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The first table names them. */
function buildsOf(text: string): readonly string[] {
  const lines = text.trim().split('\n')
  const end = lines.findIndex((line) => !line.startsWith('|'))
  return lines.slice(2, end).map((line) => cellsOfLine(line)[0] ?? '')
}

/** `OpenSSL 3.0.20, 3.5.7, BoringSSL` in full. */
function namesOf(head: string, all: readonly string[]): readonly string[] {
  if (head === 'all') return all
  let kind = ''
  return head.split(', ').map((name) => {
    if (/^\d/.test(name)) return `${kind} ${name}`
    kind = name.split(' ')[0] ?? ''
    return name
  })
}

function cellsOfLine(line: string): readonly string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim())
}

function targetsIn(page: string): ReadonlySet<string> {
  const ids = [...page.matchAll(/<details id="([^"]+)">/g)].map(([, id = '']) => id)
  const headings = [...page.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) => anchorOf(text))
  return new Set([...ids, ...headings])
}

/** Flags and meaning of each option; a meaning may go on in the lines below. */
function optionsIn(help: string): string[][] {
  const options = help.matchAll(/^ {2}(-.*?) {2,}(\S.*(?:\n {10,}\S.*)*)/gm)
  return [...options].map(([, flags = '', meaning = '']) => [flags, meaning.replaceAll(/\n +/g, ' ')])
}

/** As GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
}
