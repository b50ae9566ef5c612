// The tables of docs/openssl-states.md on every build, each in a process of its own: each guard throws its code where the
// table says so, and what is not guarded gives what the table says and nothing else.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { presentBuilds } from '../support/builds.js'
import { runEngineProgram } from './programs.js'

const page = readFileSync(new URL('../../docs/openssl-states.md', import.meta.url), 'utf8')
const guarded = rowsUnder('## Guarded')
const asItIs = rowsUnder('## As OpenSSL has it')
const builds = presentBuilds().slice(0, process.env['CLOSE_NOTIFY_TEST_BUILDS'] === 'own' ? 1 : undefined)
const seen = new Map<string, Set<string>>()

test.each(builds)(
  'on $name every guard of the table throws its code, and the rest gives what it says',
  async (build) => {
    const other = builds.find(({ libssl, loader }) => libssl !== build.libssl && loader === undefined)
    const args = [build.libssl ?? '', ...(other === undefined ? [] : [other.libssl ?? ''])]
    const facts = (await runEngineProgram('undefined-states.mjs', args, { build })).map(factOf)
    expect(facts.map(({ row }) => row).toSorted()).toEqual([...guarded, ...asItIs].map(([row]) => row).toSorted())
    for (const { row, outcomes } of facts) seen.set(row, new Set([...(seen.get(row) ?? []), ...outcomes]))
    expect(facts).toEqual(
      facts.map(({ row, outcomes }) => ({ row, outcomes: expectedOf(row, build.name, outcomes).toSorted() })),
    )
  },
)

test('each cell of the tables was seen, on one build or another', () => {
  if (builds.length < 3) return
  const named = [...guarded, ...asItIs].flatMap(([row = '', ...cells]) =>
    codesIn(cells.join(' '))
      .filter((code) => seen.get(row)?.has(code) !== true)
      .map((code) => [row, code]),
  )
  expect(named).toEqual([])
})

/** Of a guard its code alone, on the builds that it names; of anything else what the row names, and no error. */
function expectedOf(row: string, build: string, outcomes: readonly string[]): readonly string[] {
  const guard = guarded.find(([name]) => name === row)
  if (guard === undefined) {
    const codes = codesIn(asItIs.find(([name]) => name === row)?.join(' ') ?? '')
    return outcomes.filter((outcome) => codes.includes(outcome) || (codes.length === 0 && outcome === 'returned'))
  }
  const [, where = '', , here = ''] = guard
  const isThere = where === 'all' || build.startsWith(where.toLowerCase())
  if (where === 'some' || (outcomes.length === 0 && builds.length === 1))
    return outcomes.length === 0 ? [] : codesIn(here)
  return isThere ? codesIn(here) : ['returned']
}

function codesIn(text: string): readonly string[] {
  return [...text.matchAll(/`(ERR_\w+|-?\d SSL_ERROR_\w+)`/g)].map(([, code = '']) => code)
}

function rowsUnder(heading: string): readonly (readonly string[])[] {
  const section = page.split(/^(?=## )/m).find((each) => each.startsWith(heading)) ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('| '))
  return rows.slice(1).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

function factOf(fact: unknown): { readonly row: string; readonly outcomes: readonly string[] } {
  if (typeof fact !== 'object' || fact === null || !('row' in fact) || !('outcomes' in fact)) throw new Error('No fact')
  if (!Array.isArray(fact.outcomes)) throw new Error(`No fact: ${JSON.stringify(fact)}`)
  return { row: String(fact.row), outcomes: fact.outcomes.map(String) }
}
