/**
 * `npm run drivers`: drivers and frameworks of others, each a real program, with and without a policy. The programs are in
 * programs/, what is expected of them in drivers/, their servers in servers/; recipes/ measures the recipes of
 * docs/operation.md. `--help` has the options and the exit codes.
 */
import process from 'node:process'
import { describeMachine, describeVersions } from '../../benchmarks/support/machine.js'
import { displayProgress } from '../../benchmarks/support/progress.js'
import { Interruption, interruptible } from '../../lib/cli/interruption.js'
import { outliveReaders } from '../../lib/cli/stdout.js'
import { canBeLaidOver } from '../field/overlay.js'
import { fetchFailed, missingAfterFetch } from '../field/programs.js'
import { type Driver, type WayName, wayNames } from './driver.js'
import { installPackages, InstallFailed } from './install.js'
import { parseOptions, type Request } from './options.js'
import { isUpToDate, updatePage } from './page.js'
import { measureSubject, type SubjectResult } from './recipes/measure.js'
import { recipeTable } from './recipes/recipe-table.js'
import type { Subject } from './recipes/subjects.js'
import { type DriverResult, measureDriver } from './round.js'
import { type RoundServer, type ServerName, servers } from './servers/index.js'
import { tableOf } from './table.js'

outliveReaders()
process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const request = parseOptions(args)
  switch (request.kind) {
    case 'exit':
      return request.code
    case 'list':
      for (const each of request.of) process.stdout.write(`${each.name.padEnd(24)}${packagesOf(each).join(', ')}\n`)
      return 0
    case 'render':
      updatePage()
      return 0
    case 'check':
      if (isUpToDate()) return 0
      process.stderr.write(
        'docs/frameworks.md has other tables than test/drivers/drivers: npm run drivers -- --render\n',
      )
      return 1
    case 'measure':
      return fetching((signal) => measureAll(request.drivers, request.json, signal))
    case 'recipes':
      return fetching((signal) => measureRecipes(request, signal))
  }
}

function packagesOf(each: Driver | Subject): readonly string[] {
  return 'packages' in each ? each.packages : [each.package]
}

async function fetching(run: (signal: AbortSignal) => Promise<number>): Promise<number> {
  try {
    return await interruptible(run)
  } catch (error) {
    if (error instanceof Interruption) return error.exitCode
    if (!(error instanceof InstallFailed)) throw error
    process.stderr.write(`${error.message}\n`)
    return fetchFailed
  }
}

async function measureAll(chosen: readonly Driver[], json: boolean, signal: AbortSignal): Promise<number> {
  const folder = await installPackages(signal)
  const obstacleOf = await findObstacles(chosen, signal)
  const progress = displayProgress(process.stderr)
  const results: DriverResult[] = []
  try {
    for (const driver of chosen) {
      const { name } = driver
      const onWay = (way: WayName): void => {
        const fraction = (results.length + wayNames.indexOf(way) / wayNames.length) / chosen.length
        progress.show({ phase: name, fraction, note: way })
      }
      results.push(obstacleOf(driver) ?? (await measureDriver(driver, { folder, signal, onWay })))
    }
  } finally {
    progress.stop()
  }
  process.stdout.write(json ? `${JSON.stringify({ format: 1, drivers: results }, undefined, 2)}\n` : tableOf(results))
  return exitCodeOf(results)
}

async function measureRecipes(request: Extract<Request, { kind: 'recipes' }>, signal: AbortSignal): Promise<number> {
  const { subjects, pairs, connections, json } = request
  const startedAt = new Date().toISOString()
  const machine = describeMachine()
  const folder = await installPackages(signal)
  const obstacleOf = await findObstacles(subjects, signal)
  const progress = displayProgress(process.stderr)
  const results: SubjectResult[] = []
  try {
    for (const subject of subjects) {
      const { name } = subject
      const onPair = (pair: number): void => {
        const fraction = (results.length + pair / pairs) / subjects.length
        progress.show({ phase: name, fraction, note: `pair ${pair + 1} of ${pairs}` })
      }
      const settings = { connections, pairs, folder, signal, onPair }
      results.push(obstacleOf(subject) ?? (await measureSubject(subject, settings)))
    }
  } finally {
    progress.stop()
  }
  const whole = { format: 1, startedAt, machine, versions: describeVersions(), pairs, connections, subjects: results }
  process.stdout.write(json ? `${JSON.stringify(whole)}\n` : recipeTable(results))
  if (results.some(({ outcome }) => outcome === 'failed')) return 1
  return results.some(({ outcome }) => outcome === 'not-fetched') ? fetchFailed : 0
}

interface Obstacle {
  readonly outcome: 'not-fetched' | 'left-out'
  readonly name: string
  readonly why: string
}

interface Chosen {
  readonly name: string
  readonly server?: ServerName
}

/** Fetches the servers; returns why one cannot be measured with. */
async function findObstacles(
  chosen: readonly Chosen[],
  signal: AbortSignal,
): Promise<(one: Chosen) => Obstacle | undefined> {
  const serverOf = ({ server }: Chosen): RoundServer | undefined => server && servers[server]
  const missing = await missingAfterFetch(
    chosen.map((each) => serverOf(each)?.peer),
    signal,
  )
  const canLayOver = chosen.some((each) => serverOf(each)?.isLaidOver) && (await canBeLaidOver())
  return (one) => {
    const server = serverOf(one)
    if (server === undefined) return undefined
    const { name } = one
    const { title, peer, isLaidOver } = server
    if (peer !== undefined && missing.has(peer)) {
      return { outcome: 'not-fetched', name, why: `${title} could not be fetched` }
    }
    if (isLaidOver !== true || canLayOver) return undefined
    return { outcome: 'left-out', name, why: `${title} needs root, and leave to mount` }
  }
}

function exitCodeOf(results: readonly DriverResult[]): number {
  const isWrong = (result: DriverResult): boolean =>
    result.outcome === 'failed' || (result.outcome === 'measured' && result.differences.length > 0)
  if (results.some(isWrong)) return 1
  return results.some(({ outcome }) => outcome === 'not-fetched') ? fetchFailed : 0
}
