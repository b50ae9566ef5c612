/**
 * `npm run field`: real servers, probed and judged, one after the other. What is asked is in lib/lab/probe; the second
 * opinion in judge/, the servers in servers/. `--help` has the options and the exit codes.
 */
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { displayProgress } from '../../benchmarks/support/progress.js'
import { Interruption, interruptible } from '../../lib/cli/interruption.js'
import { isUpToDate, textOf, updatePage } from './page.js'
import { type MeasureOptions, parseOptions } from './options.js'
import { canBeLaidOver } from './overlay.js'
import { fetchPeers } from './programs.js'
import { type FieldResult, keep, merged, readKept, type ServerResult } from './result.js'
import { measure } from './round.js'
import type { FieldServer } from './server.js'
import { servers } from './servers/index.js'

/** EX_TEMPFAIL, as scripts/peers/fetch.mjs has it. */
const fetchFailed = 75

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const request = parseOptions(args)
  switch (request.kind) {
    case 'exit':
      return request.code
    case 'list':
      for (const { name, title } of servers) process.stdout.write(`${name.padEnd(18)}${title}\n`)
      return 0
    case 'render':
      updatePage(readKept())
      return 0
    case 'check':
      if (isUpToDate(readKept())) return 0
      process.stderr.write(
        'docs/field-guide.md has other tables than test/field/servers.json: npm run field -- --render\n',
      )
      return 1
    case 'measure':
      try {
        return await interruptible((signal) => measureAll(request.options, signal))
      } catch (error) {
        if (error instanceof Interruption) return error.exitCode
        throw error
      }
  }
}

async function measureAll(options: MeasureOptions, signal: AbortSignal): Promise<number> {
  const missing = await missingAfterFetch(options.servers, signal)
  const progress = displayProgress(process.stderr)
  const results: ServerResult[] = []
  const { wait, repeats } = options
  const canLayOver = options.servers.some(({ isLaidOver }) => isLaidOver) && (await canBeLaidOver())
  try {
    for (const [index, server] of options.servers.entries()) {
      const { name, title } = server
      const show = (note: string): void =>
        progress.show({ phase: name, fraction: index / options.servers.length, note })
      show('starting')
      results.push(
        missing.has(server)
          ? { outcome: 'not-fetched', name, title, why: 'its programs could not be fetched' }
          : server.isLaidOver === true && !canLayOver
            ? { outcome: 'left-out', name, title, why: 'it needs root, and leave to mount' }
            : await measure(server, { wait, repeats, signal, onVersion: show }),
      )
    }
  } finally {
    progress.stop()
  }
  const result: FieldResult = { format: 1, kind: 'field', servers: results }
  process.stdout.write(textOf(result))
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, undefined, 2)}\n`)
  if (options.update) {
    const names = servers.map(({ name }) => name)
    const renewed = merged(readKept(), result, names)
    keep(renewed)
    updatePage(renewed)
  }
  return exitCodeOf(results)
}

function exitCodeOf(results: readonly ServerResult[]): number {
  const isWrong = (result: ServerResult): boolean =>
    result.outcome === 'failed' || (result.outcome === 'measured' && result.differences.length > 0)
  if (results.some(isWrong)) return 1
  return results.some(({ outcome }) => outcome === 'not-fetched') ? fetchFailed : 0
}

/** Fetches what is missing; returns the servers that stay without their programs. */
async function missingAfterFetch(
  wanted: readonly FieldServer[],
  signal: AbortSignal,
): Promise<ReadonlySet<FieldServer>> {
  const missing = new Set<FieldServer>()
  // One by one, so that one that cannot be had does not hide which.
  const peers = new Set(wanted.map(({ peer }) => peer).filter((peer) => peer !== undefined))
  for (const peer of peers) {
    if ((await fetchPeers([peer], signal)) === 0) continue
    for (const server of wanted) if (server.peer === peer) missing.add(server)
  }
  return missing
}
