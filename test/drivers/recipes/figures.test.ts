// The figures of a recipe, of blocks whose figures are known; the code of the page; and what is no block.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Ended } from '../run-program.js'
import { type Block, blockOf, type MeasuredConnection, type ReportFacts } from './block.js'
import { figuresOf, type Pair } from './figures.js'
import { recipeForPort, recipeOf } from './page-recipes.js'
import { subjects } from './subjects.js'

const clean: ReportFacts = { verdict: 'clean', received: { kind: 'close_notify' }, tcp: { kind: 'open' } }
const unanswered: ReportFacts = { verdict: 'unanswered', received: { kind: 'nothing' }, tcp: { kind: 'fin' } }
const aborted: ReportFacts = { verdict: 'aborted', received: { kind: 'nothing' }, tcp: { kind: 'open' } }

function blockIn(ms: number, reports: readonly (ReportFacts | undefined)[], more: Partial<Block> = {}): Block {
  const connections = reports.map((report) => ({ kind: 'connection', ms, ...(report && { report }) }))
  return { connections, open: reports.map(() => 0), ...more }
}

describe('figures', () => {
  const stock = blockIn(2, [undefined, undefined])
  const pairOf = (recipe: Block, more: Partial<Pair> = {}): Pair => ({ stock, again: stock, recipe, ...more })

  test('count verdicts and answers of the recipe', () => {
    const reset = { ...aborted, tcp: { kind: 'reset' } }
    const alert = { ...aborted, received: { kind: 'fatal-alert' } }
    const pairs = [pairOf(blockIn(2, [clean, unanswered, clean])), pairOf(blockIn(2, [aborted, reset, alert]))]
    expect(figuresOf(pairs).kinds).toMatchObject([
      {
        kind: 'connection',
        connections: 6,
        verdicts: { clean: 2, unanswered: 1, aborted: 3 },
        answers: { close_notify: 2, 'FIN alone': 1, nothing: 1, RST: 1, 'a fatal alert': 1 },
      },
    ])
  })

  test('have the waits of those that waited, and the memory at the last closing of each block', () => {
    const waiting = (waited: number, learnedWait: number): ReportFacts => ({ ...clean, waited, learnedWait })
    const skipped = { ...unanswered, learnedWait: 0 }
    // The memory was not asked for the last.
    const first = blockIn(2, [waiting(5, 1000), waiting(7, 20), clean], { memory: { hits: 1, misses: 1, skipped: 0 } })
    const second = blockIn(2, [waiting(9, 1000), skipped], { memory: { hits: 1, misses: 1, skipped: 1 } })
    const { kinds, memory } = figuresOf([pairOf(first), pairOf(second)])
    expect(kinds).toMatchObject([{ waited: { count: 3, median: 7, p95: 9 }, lastLearnedWait: 10 }])
    expect(memory).toEqual({ hits: 2, misses: 2, skipped: 1 })
  })

  test('have neither where the recipe has no memory and nothing waited', () => {
    const { kinds, memory } = figuresOf([pairOf(blockIn(2, [clean]))])
    expect([memory, kinds[0]?.waited, kinds[0]?.lastLearnedWait]).toEqual([undefined, undefined, undefined])
  })

  test('divide by the stock block of the same pair', () => {
    const pairs = [2, 4, 8].map((ms) =>
      pairOf(blockIn(3 * ms, [clean]), { stock: blockIn(ms, [undefined]), again: blockIn(ms / 2, [undefined]) }),
    )
    expect(figuresOf(pairs).kinds).toMatchObject([
      { toClose: { median: 3, low: 3, high: 3 }, stockToClose: { median: 0.5, low: 0.5, high: 0.5 } },
    ])
  })

  test('have an interval that is as wide as the pairs differ', () => {
    const pairs = [1, 2, 3, 4, 5, 6, 7, 8].map((ms) => pairOf(blockIn(2 * ms, [clean])))
    const { median, low, high } = figuresOf(pairs).kinds[0]?.toClose ?? { median: 0, low: 0, high: 0 }
    expect(median).toBe(4.5)
    expect(low).toBeGreaterThanOrEqual(1)
    expect(low).toBeLessThan(4)
    expect(high).toBeGreaterThan(5)
    expect(high).toBeLessThanOrEqual(8)
  })

  test('have the mean of the sockets that were open, those of both stock blocks together', () => {
    const recipe = blockIn(2, [clean, clean], { open: [1, 2] })
    const pair = pairOf(recipe, { again: { ...stock, open: [1, 1] } })
    expect(figuresOf([pair]).open).toEqual({ stock: 0.5, recipe: 1.5 })
  })

  test('keep kinds of connections apart', () => {
    const ofKind = (kind: string, ms: number, report?: ReportFacts): MeasuredConnection => ({
      ...{ kind, ms },
      ...(report && { report }),
    })
    const both = (control: ReportFacts | undefined, upload: ReportFacts | undefined, factor: number): Block => ({
      connections: [ofKind('control', factor, control), ofKind('upload', 10 * factor, upload)],
      open: [0],
    })
    const bare = both(undefined, undefined, 1)
    expect(figuresOf([{ stock: bare, again: bare, recipe: both(aborted, clean, 2) }]).kinds).toMatchObject([
      { kind: 'control', verdicts: { aborted: 1 }, toClose: { median: 2 }, stockMs: 1 },
      { kind: 'upload', verdicts: { clean: 1 }, toClose: { median: 2 }, stockMs: 10 },
    ])
  })

  test('are refused where the recipe has not reached a connection', () => {
    expect(() => figuresOf([pairOf(blockIn(2, [clean, undefined]))])).toThrow(/report of each connection/)
  })
})

describe('the code of a recipe', () => {
  const page = readFileSync(new URL('../../../docs/operation.md', import.meta.url), 'utf8')

  test.each(subjects)('is on the page: $name', ({ recipe }) => {
    expect(page).toContain(`### ${recipe}\n\n\`\`\`js recipe\n${recipeOf(recipe)}\`\`\``)
  })

  test('has the port of the server in place of its own', () => {
    const changed = recipeForPort('FTP', { from: 21, to: 40021 })
    expect(changed).toContain('port: 40021')
    expect(changed.replace('port: 40021', 'port: 21')).toBe(recipeOf('FTP'))
    expect(() => recipeForPort('FTP', { from: 22, to: 40021 })).toThrow(/port 22/)
  })

  test('is missed where there is none', () => {
    expect(() => recipeOf('A game')).toThrow(/"A game"/)
  })
})

describe('a block', () => {
  const got = blockIn(2, [clean, undefined], { memory: { hits: 1 } })
  const ended = (block: unknown): Ended => {
    return { exitCode: 0, stderr: '', closings: [], steps: [{ step: 'block', got: block }] }
  }

  test('is what the program said', () => {
    expect(blockOf(ended(got))).toBe(got)
  })

  test.each([
    ['an error', ended({ error: 'ECONNREFUSED' }), /exit code 0, .*ECONNREFUSED/],
    ['another exit code', { ...ended(got), exitCode: 13, stderr: 'it hangs' }, /exit code 13, .*it hangs/],
    ['a signal', { ...ended(got), exitCode: null }, /a signal/],
    ['a connection without its end', ended({ ...got, connections: [{ kind: 'connection', ms: null }] }), /null/],
    ['a report without a verdict', ended({ ...got, connections: [{ ...got.connections[0], report: {} }] }), /report/],
    ['a memory of words', ended({ ...got, memory: { hits: 'many' } }), /many/],
    ['no sockets', ended({ ...got, open: undefined }), /connections/],
  ])('is not %s', (_name, wrong, message) => {
    expect(() => blockOf(wrong)).toThrow(message)
  })
})
