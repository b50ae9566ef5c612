/** The part of docs/frameworks.md that is made from drivers/: what a round holds the programs to. */
import { readFileSync, writeFileSync } from 'node:fs'
import { sourceFile } from '../../benchmarks/support/source-file.js'
import { upstreamVersionOf } from '../field/programs.js'
import { table } from '../field/table.js'
import type { Driver } from './driver.js'
import { drivers } from './drivers/index.js'
import type { Expectation, Line } from './record.js'
import { type RoundServer, servers } from './servers/index.js'

const page = sourceFile('docs/frameworks.md')
const marked = /(?<=<!-- drivers: begin[^>]*-->\n)[\s\S]*(?=<!-- drivers: end -->)/

/** Whether the page has the tables of what is expected. */
export function isUpToDate(): boolean {
  const [old] = marked.exec(readFileSync(page, 'utf8')) ?? []
  return old === driversPart()
}

export function updatePage(): void {
  const text = readFileSync(page, 'utf8')
  if (!marked.test(text)) throw new Error(`Expected the markers of the drivers in ${page}`)
  writeFileSync(
    page,
    text.replace(marked, () => driversPart()),
  )
}

function driversPart(): string {
  const versions = lockedVersions()
  const closings = drivers.map((driver) => [
    [driver.name, ...driver.packages.map((name) => versions.get(name) ?? '')].join(' '),
    serverOf(driver),
    ...[cellOf(driver.expected.bidirectional), cellOf(driver.expected.strict)],
  ])
  const parts = [
    table(
      ['driver', 'how to reach it', 'what changes, what to look out for'],
      drivers.map(({ name, reach, lookOut }) => [`**${name}**`, reach, lookOut]),
    ),
    table(['driver', 'against', 'bidirectional', 'and close_notify on destroy, truncation an error'], closings),
  ]
  return `\n${parts.join('\n')}\n`
}

function serverOf({ server }: Driver): string {
  if (server === undefined) return 'its own client'
  const { title, peer, debianPackage }: RoundServer = servers[server]
  return peer === undefined || debianPackage === undefined
    ? title
    : `${title} ${upstreamVersionOf(peer, debianPackage)}`
}

/** "2 × bidirectional *clean* ← or *aborted*; 1 × …"; the side is told where a driver has both. */
function cellOf(expectations: readonly Expectation[]): string {
  const closings = expectations.map(([count, ...lines]) => ({ count, closings: lines.map(closingOf) }))
  const hasBoth = new Set(closings.flatMap((each) => each.closings.map(({ side }) => side))).size > 1
  return closings.map(({ count, closings }) => `${count} × ${alternativesOf(closings, hasBoth)}`).join('; ')
}

type ClosingInWords = Readonly<Record<'side' | 'mode' | 'ending', string>>

function closingOf(line: Line): ClosingInWords {
  const [side = '', mode = '', verdict = '', came] = line.split(', ')
  return { side, mode, ending: `*${verdict}*${came === 'close_notify came' ? ' ←' : ''}` }
}

// What an alternative has in common with the one before it is not said again.
function alternativesOf(closings: readonly ClosingInWords[], hasBoth: boolean): string {
  const words = closings.map(({ side, mode, ending }, index) => {
    const before = closings[index - 1]
    const isSaid = before?.side === side && before.mode === mode
    return [...(isSaid ? [] : [...(hasBoth ? [side] : []), mode]), ending].join(' ')
  })
  return words.join(' or ')
}

/** By package the version that is installed for a round. */
function lockedVersions(): ReadonlyMap<string, string> {
  const lock: unknown = JSON.parse(readFileSync(sourceFile('test/drivers/package-lock.json'), 'utf8'))
  const packages: unknown = Reflect.get(Object(lock), 'packages')
  return new Map(
    drivers
      .flatMap((driver) => driver.packages)
      .map((name) => {
        const version: unknown = Reflect.get(Object(Reflect.get(Object(packages), `node_modules/${name}`)), 'version')
        if (typeof version !== 'string') throw new Error(`Expected ${name} in test/drivers/package-lock.json`)
        return [name, version] as const
      }),
  )
}
