import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ClosureFacts, EndedBy, Received, Sent, TcpEnd } from '../../lib/report/facts.js'
import { reportOf } from '../../lib/report/verdict.js'

const at = 1
const handshakes: readonly ClosureFacts['handshake'][] = ['completed', 'not-completed', 'untracked']
const sents: readonly Sent[] = [
  { kind: 'close_notify', at },
  { kind: 'not-flushed', at },
  { kind: 'fatal-alert', direction: 'sent', level: 'fatal', name: 'internal_error', code: 80, at },
  { kind: 'nothing' },
  { kind: 'unobserved' },
]
const receiveds: readonly Received[] = [
  { kind: 'close_notify', userCanceledFirst: false, at },
  { kind: 'fatal-alert', direction: 'received', level: 'fatal', name: 'internal_error', code: 80, at },
  { kind: 'nothing' },
  { kind: 'unobserved' },
]
const tcps: readonly TcpEnd[] = [{ kind: 'fin', at }, { kind: 'reset', at, code: 'ECONNRESET' }, { kind: 'open' }]
const begans: readonly ClosureFacts['began'][] = ['local', 'peer']
const endings: readonly (EndedBy | undefined)[] = [
  'done',
  'tcp-end',
  'flush-timeout',
  'wait-timeout',
  'discard-limit',
  'unexpected-data',
  'reader-stalled',
  'destroy',
  'signal',
  'openssl-error',
  undefined,
]

/** Every combination of what the verdict depends on. */
function* everyCombination(): Generator<ClosureFacts> {
  for (const handshake of handshakes)
    for (const sent of sents)
      for (const received of receiveds)
        for (const tcp of tcps)
          for (const began of begans)
            for (const quiet of [true, false])
              for (const endedBy of endings)
                yield {
                  side: 'client',
                  handshake,
                  mode: 'uncontrolled',
                  quiet,
                  sent,
                  received,
                  tcp,
                  began,
                  waitRefused: false,
                  ...(endedBy !== undefined && { endedBy }),
                  discardedBytes: 0,
                  undeliveredBytes: 0,
                  surplusBytes: 0,
                  alerts: [],
                  startedAt: 0,
                  endedAt: 0,
                }
}

interface Row {
  readonly cells: readonly string[]
  readonly verdict: string
}

/** The rows of a table of docs/closure.md, found by its header. */
function tableOf(header: string): readonly (readonly string[])[] {
  const lines = readFileSync(new URL('../../docs/closure.md', import.meta.url), 'utf8').split('\n')
  const start = lines.indexOf(header)
  if (start < 0) throw new Error(`docs/closure.md has no table ${header}`)
  const rows: string[][] = []
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith('|')) break
    rows.push(
      line
        .replaceAll('\\|', '/')
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  }
  return rows
}

function documentedRows(): readonly Row[] {
  const header = '| handshake | sent | received | tcp | began | quiet | endedBy | verdict |'
  return tableOf(header).map((cells) => ({ cells: cells.slice(0, -1), verdict: cells.at(-1) ?? '' }))
}

function matches({ cells }: Row, facts: ClosureFacts): boolean {
  const { handshake, sent, received, tcp, began, quiet, endedBy } = facts
  const values = [handshake, sent.kind, received.kind, tcp.kind, began, String(quiet), endedBy ?? 'absent']
  return values.every((value, i) => {
    const cell = cells[i] ?? ''
    return cell === '*' || cell.split('/').some((choice) => choice.trim() === value)
  })
}

describe('the table from facts to verdict', () => {
  it('gives the verdict that docs/closure.md gives, for every combination of facts', () => {
    const rows = documentedRows()
    let combinations = 0
    for (const facts of everyCombination()) {
      const documented = rows.find((row) => matches(row, facts))?.verdict
      expect(reportOf(facts).verdict, JSON.stringify(facts)).toBe(documented)
      combinations++
    }
    expect(combinations).toBe(3 * 5 * 4 * 3 * 2 * 2 * 11)
  })

  it('has no row that is never the first to match', () => {
    const rows = documentedRows()
    const used = new Set<Row | undefined>()
    for (const facts of everyCombination()) used.add(rows.find((row) => matches(row, facts)))
    expect(rows.filter((row) => !used.has(row))).toEqual([])
  })

  it('has every verdict explained in docs/closure.md, and no other', () => {
    const reached = new Set<string>()
    for (const facts of everyCombination()) reached.add(`\`${reportOf(facts).verdict}\``)
    const explained = tableOf('| verdict | in words |').map((cells) => cells[0])
    expect(explained.toSorted()).toEqual([...reached].toSorted())
  })

  it('keeps the facts as they are', () => {
    for (const facts of everyCombination()) {
      const { verdict, ...rest } = reportOf(facts)
      expect(rest).toEqual(facts)
      expect(verdict).toBeTypeOf('string')
      break
    }
  })

  it('serialises to JSON and back without a loss', () => {
    for (const facts of everyCombination()) {
      const report = reportOf(facts)
      expect(JSON.parse(JSON.stringify(report))).toEqual(report)
      if (facts.quiet) break
    }
  })
})
