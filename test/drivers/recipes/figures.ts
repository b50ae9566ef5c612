/** The figures of a subject, of the blocks of its pairs: pure. */
import { bootstrapInterval, type Interval, quantile } from '../../../benchmarks/support/statistics.js'
import { seededRandom } from '../../../benchmarks/support/random.js'
import { medianOf, ratios } from '../../../benchmarks/study/overhead/ratios.js'
import type { Block, MeasuredConnection, ReportFacts } from './block.js'

/** Blocks that were measured side by side. `again` is stock Node once more: its ratio to `stock` shows what the machine does. */
export const turns = ['stock', 'recipe', 'again'] as const
export type Turn = (typeof turns)[number]
export type Pair = Readonly<Record<Turn, Block>>

/** Of the connections of one kind, under the recipe where nothing else is said. */
export interface KindFigures {
  readonly kind: string
  readonly connections: number
  readonly verdicts: Counts
  /** What came of the server until our socket was closed. */
  readonly answers: Counts
  /** ms that closings waited, of those that did. */
  readonly waited?: Spread
  /** ms that the memory gave the last connection of each block that it was asked for: the median of the blocks. */
  readonly lastLearnedWait?: number
  /** From the program's end call to 'close': the block's median by that of stock Node, the median of the pairs. */
  readonly toClose: Ratio
  /** Stock Node by itself. */
  readonly stockToClose: Ratio
  /** ms of stock Node: the median of its blocks' medians. What the ratios are of, on this machine. */
  readonly stockMs: number
}

export interface Figures {
  readonly kinds: readonly KindFigures[]
  /** Of the memory, all blocks together; absent where the recipe has none. */
  readonly memory?: Counts
  /** Sockets that were open still when the driver had closed: the mean. */
  readonly open: Readonly<Record<'stock' | 'recipe', number>>
}

export type Counts = Readonly<Record<string, number>>

interface Spread {
  readonly count: number
  readonly median: number
  readonly p95: number
}

interface Ratio extends Interval {
  readonly median: number
}

const seed = 1

export function figuresOf(pairs: readonly Pair[]): Figures {
  const blocks = pairs.map(({ recipe }) => recipe)
  const kinds = new Set(blocks.flatMap(({ connections }) => connections.map(({ kind }) => kind)))
  const memories = blocks.flatMap(({ memory }) => (memory === undefined ? [] : [memory]))
  return {
    kinds: [...kinds].map((kind) => kindFigures(kind, pairs)),
    ...(memories.length > 0 && { memory: sumOf(memories) }),
    open: {
      stock: meanOf(pairs.flatMap(({ stock, again }) => [...stock.open, ...again.open])),
      recipe: meanOf(blocks.flatMap(({ open }) => open)),
    },
  }
}

function kindFigures(kind: string, pairs: readonly Pair[]): KindFigures {
  const ofKind = ({ connections }: Block): readonly MeasuredConnection[] =>
    connections.filter((connection) => connection.kind === kind)
  const blocks = pairs.map(({ recipe }) => reportsOf(ofKind(recipe)))
  const reports = blocks.flat()
  const waited = reports.flatMap((report) => (report.waited === undefined ? [] : [report.waited]))
  const learned = blocks.flatMap(
    (block) => block.findLast(({ learnedWait }) => learnedWait !== undefined)?.learnedWait ?? [],
  )
  const medians = (turn: Turn): readonly number[] =>
    pairs.map((pair) => medianOf(ofKind(pair[turn]).map(({ ms }) => ms)))
  return {
    kind,
    connections: blocks.flat().length,
    verdicts: countsOf(reports.map(({ verdict }) => verdict)),
    answers: countsOf(reports.map(answerOf)),
    ...(waited.length > 0 && { waited: spreadOf(waited) }),
    ...(learned.length > 0 && { lastLearnedWait: medianOf(learned) }),
    toClose: ratioOf(medians('recipe'), medians('stock')),
    stockToClose: ratioOf(medians('again'), medians('stock')),
    stockMs: medianOf([...medians('stock'), ...medians('again')]),
  }
}

/** @throws where a connection has none: the recipe did not reach it */
function reportsOf(connections: readonly MeasuredConnection[]): readonly ReportFacts[] {
  return connections.map(({ kind, report }) => {
    if (report === undefined) throw new Error(`Expected a report of each ${kind}`)
    return report
  })
}

/** What the server answered, in the words of the table. */
function answerOf({ received, tcp }: ReportFacts): string {
  if (received.kind === 'close_notify') return 'close_notify'
  if (received.kind === 'fatal-alert') return 'a fatal alert'
  if (tcp.kind === 'reset') return 'RST'
  return tcp.kind === 'fin' ? 'FIN alone' : 'nothing'
}

function countsOf(words: readonly string[]): Counts {
  return sumOf(words.map((word) => ({ [word]: 1 })))
}

function sumOf(all: readonly Counts[]): Counts {
  const sums: Record<string, number> = {}
  for (const counts of all) for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count
  return sums
}

function spreadOf(values: readonly number[]): Spread {
  const p95 = quantile(Float64Array.from(values).sort(), 0.95)
  return { count: values.length, median: medianOf(values), p95 }
}

function ratioOf(values: readonly number[], base: readonly number[]): Ratio {
  const each = ratios(values, base)
  const middle = ([sorted]: readonly Float64Array[]): number => quantile(sorted ?? new Float64Array(), 0.5)
  return { median: medianOf(each), ...bootstrapInterval([each], middle, seededRandom(seed)) }
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
