/**
 * `npm run field`: real servers, probed and judged, and real clients, assessed and judged, one after the other. What is
 * asked is in lib/lab/probe and lib/lab/assess; the second opinion in judge/, the servers in servers/, the clients in
 * clients/. `--help` has the options and the exit codes.
 */
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { displayProgress } from '../../benchmarks/support/progress.js'
import { Interruption, interruptible } from '../../lib/cli/interruption.js'
import { outliveReaders } from '../../lib/cli/stdout.js'
import type { FieldClient } from './client.js'
import { heldAgainst, textOfClients } from './client-page.js'
import { type ClientResult, keepClients, mergedClients, readKeptClients } from './client-result.js'
import { measureClient } from './client-round.js'
import { clients } from './clients/index.js'
import { isUpToDate, textOf, updatePage } from './page.js'
import { type MeasureOptions, parseOptions } from './options.js'
import { canBeLaidOver } from './overlay.js'
import { fetchFailed, missingAfterFetch } from './programs.js'
import { type FieldResult, keep, merged, readKept, type ServerResult } from './result.js'
import { measure } from './round.js'
import type { FieldServer } from './server.js'
import { servers } from './servers/index.js'

outliveReaders()
process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const request = parseOptions(args)
  switch (request.kind) {
    case 'exit':
      return request.code
    case 'list':
      for (const { name, title } of [...servers, ...clients]) process.stdout.write(`${name.padEnd(18)}${title}\n`)
      return 0
    case 'render':
      updatePage(readKept(), readKeptClients())
      return 0
    case 'check':
      if (isUpToDate(readKept(), readKeptClients())) return 0
      process.stderr.write('docs/field-guide.md has other tables than what is kept: npm run field -- --render\n')
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
  const subjects = [...options.servers, ...options.clients]
  const missing = await missingAfterFetch(
    subjects.map(({ peer }) => peer),
    signal,
  )
  const progress = displayProgress(process.stderr)
  const canLayOver = subjects.some(({ isLaidOver }) => isLaidOver) && (await canBeLaidOver())
  const { wait, repeats, profiles, clientRepeats } = options
  let done = 0
  const show = (name: string, note: string): void =>
    progress.show({ phase: name, fraction: done / subjects.length, note })
  const measured = async <T>(subject: Subject, measuring: () => Promise<T>): Promise<T | Unmeasured> => {
    show(subject.name, 'starting')
    const reason = reasonAgainst(subject, { missing, canLayOver })
    const result = reason === undefined ? await measuring() : reason
    done += 1
    return result
  }
  const results: ServerResult[] = []
  const clientResults: ClientResult[] = []
  try {
    for (const server of options.servers) {
      const onVersion = (version: string): void => show(server.name, version)
      results.push(await measured(server, () => measure(server, { wait, repeats, signal, onVersion })))
    }
    for (const client of options.clients) {
      const onRun = (run: string): void => show(client.name, run)
      const settings = { repeats: clientRepeats, signal, onRun, ...(profiles !== undefined && { profiles }) }
      clientResults.push(await measured(client, () => measureClient(client, settings)))
    }
  } finally {
    progress.stop()
  }
  const result: FieldResult = { format: 1, kind: 'field', servers: results }
  process.stdout.write(textOf(result) + textOfClients(clientResults))
  const changes = options.isHeldAgainstKept ? heldAgainst(readKeptClients(), clientResults) : []
  for (const line of changes) process.stdout.write(`${line.text}\n`)
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify({ ...result, clients: clientResults }, undefined, 2)}\n`)
  }
  if (options.update) {
    const renewed = merged(readKept(), result, namesOf(servers))
    keep(renewed)
    const renewedClients = mergedClients(readKeptClients(), clientResults, namesOf(clients))
    keepClients(renewedClients)
    updatePage(renewed, renewedClients)
  }
  return exitCodeOf(
    [...results, ...clientResults],
    changes.some(({ isChange }) => isChange),
  )
}

type Subject = FieldServer | FieldClient

interface Unmeasured {
  readonly outcome: 'not-fetched' | 'left-out'
  readonly name: string
  readonly title: string
  readonly why: string
}

function reasonAgainst(
  subject: Subject,
  { missing, canLayOver }: { readonly missing: ReadonlySet<string>; readonly canLayOver: boolean },
): Unmeasured | undefined {
  const { name, title } = subject
  if (subject.peer !== undefined && missing.has(subject.peer))
    return { outcome: 'not-fetched', name, title, why: 'its programs could not be fetched' }
  if (subject.isLaidOver !== true || canLayOver) return undefined
  return { outcome: 'left-out', name, title, why: 'it needs root, and leave to mount' }
}

function namesOf(subjects: readonly Subject[]): readonly string[] {
  return subjects.map(({ name }) => name)
}

function exitCodeOf(results: readonly (ServerResult | ClientResult)[], hasChanged: boolean): number {
  const isWrong = (result: ServerResult | ClientResult): boolean =>
    result.outcome === 'failed' || (result.outcome === 'measured' && result.differences.length > 0)
  if (hasChanged || results.some(isWrong)) return 1
  return results.some(({ outcome }) => outcome === 'not-fetched') ? fetchFailed : 0
}
