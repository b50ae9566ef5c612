/** The table of the recipes' figures, in markdown: for a terminal, and as docs/operation.md has it. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { sourceFile } from '../../../benchmarks/support/source-file.js'
import { upstreamVersionOf } from '../../field/programs.js'
import { table } from '../../field/table.js'
import { type RoundServer, servers } from '../servers/index.js'
import type { Counts, Figures, KindFigures } from './figures.js'
import type { SubjectResult } from './measure.js'
import { type Subject, subjects } from './subjects.js'

const head = [
  ...['driver, its way to close', 'server', 'verdicts', 'the server answered', '`waited`, ms: median, 95 %'],
  ...['`learnedWait` of the last, ms', 'memory: misses, hits, of these skipped', 'open when closed: stock, recipe'],
  ...["until 'close': recipe / stock", 'stock / stock', 'stock, ms'],
]

export function recipeTable(results: readonly SubjectResult[]): string {
  const rows = results.flatMap((result) => (result.outcome === 'measured' ? rowsOf(result.name, result.figures) : []))
  const others = results.flatMap((result) =>
    result.outcome === 'measured' ? [] : [`${result.name} ${result.outcome}: ${result.why}`],
  )
  return [...(rows.length > 0 ? [table(head, rows)] : []), ...others, ''].join('\n')
}

function rowsOf(name: string, { kinds, memory, open }: Figures): readonly (readonly string[])[] {
  const subject = subjects.find((each) => each.name === name)
  if (subject === undefined) throw new Error(`Expected a subject ${name}`)
  const isAlone = kinds.length === 1
  return kinds.map((kind, index) => {
    const isFirst = index === 0
    const driver = `${subject.package} ${installedVersion(subject.package)}, ${subject.closes}`
    return [
      isAlone ? driver : `${isFirst ? `${driver}: ` : ''}${kind.kind}`,
      ...(isFirst ? [serverOf(subject)] : ['']),
      ...cellsOf(kind),
      ...(isFirst ? [memoryOf(memory), `${open.stock.toFixed(2)}, ${open.recipe.toFixed(2)}`] : ['', '']),
      ...[ratioText(kind.toClose), ratioText(kind.stockToClose), msText(kind.stockMs)],
    ]
  })
}

function cellsOf({ verdicts, answers, waited, lastLearnedWait }: KindFigures): readonly string[] {
  return [
    countsText(verdicts, (word) => `*${word}*`),
    countsText(answers, (word) => word),
    waited === undefined ? 'none' : `${msText(waited.median)}, ${msText(waited.p95)}; ${waited.count} waited`,
    lastLearnedWait === undefined ? '' : msText(lastLearnedWait),
  ]
}

function memoryOf(memory: Counts | undefined): string {
  if (memory === undefined) return 'none'
  return ['misses', 'hits', 'skipped'].map((name) => memory[name] ?? 0).join(', ')
}

function countsText(counts: Counts, text: (word: string) => string): string {
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a)
  return sorted.map(([word, count]) => `${count} ${text(word)}`).join(', ')
}

function msText(ms: number): string {
  return ms.toFixed(ms < 10 ? 1 : 0)
}

function ratioText({ median, low, high }: KindFigures['toClose']): string {
  return `${median.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`
}

function serverOf({ server }: Subject): string {
  const { title, peer, debianPackage }: RoundServer = servers[server]
  return peer === undefined || debianPackage === undefined
    ? title
    : `${title} ${upstreamVersionOf(peer, debianPackage)}`
}

/** Of a package that the programs find: among those of the round, or those of the repository. */
function installedVersion(name: string): string {
  const files = ['.cache/drivers', ''].map((folder) =>
    sourceFile(path.join(folder, 'node_modules', name, 'package.json')),
  )
  const file = files.find((each) => existsSync(each))
  const content: unknown = file === undefined ? undefined : JSON.parse(readFileSync(file, 'utf8'))
  const version: unknown = Reflect.get(Object(content), 'version')
  if (typeof version !== 'string') throw new Error(`Expected the package ${name} to be installed`)
  return version
}
