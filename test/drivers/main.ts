/**
 * `npm run drivers`: drivers and frameworks of others, each a real program, with and without a policy. The programs are in
 * programs/, what is expected of them in drivers/, their servers in servers/. `--help` has the options and the exit codes.
 */
import process from 'node:process'
import { displayProgress } from '../../benchmarks/support/progress.js'
import { Interruption, interruptible } from '../../lib/cli/interruption.js'
import { outliveReaders } from '../../lib/cli/stdout.js'
import { canBeLaidOver } from '../field/overlay.js'
import { fetchFailed, missingAfterFetch } from '../field/programs.js'
import { type Driver, type WayName, wayNames } from './driver.js'
import { drivers } from './drivers/index.js'
import { installPackages, InstallFailed } from './install.js'
import { parseOptions } from './options.js'
import { isUpToDate, updatePage } from './page.js'
import { type DriverResult, measureDriver } from './round.js'
import { type RoundServer, servers } from './servers/index.js'
import { tableOf } from './table.js'

outliveReaders()
process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const request = parseOptions(args)
  switch (request.kind) {
    case 'exit':
      return request.code
    case 'list':
      for (const { name, packages } of drivers) process.stdout.write(`${name.padEnd(24)}${packages.join(', ')}\n`)
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
      try {
        return await interruptible((signal) => measureAll(request.drivers, request.json, signal))
      } catch (error) {
        if (error instanceof Interruption) return error.exitCode
        if (!(error instanceof InstallFailed)) throw error
        process.stderr.write(`${error.message}\n`)
        return fetchFailed
      }
  }
}

async function measureAll(chosen: readonly Driver[], json: boolean, signal: AbortSignal): Promise<number> {
  const folder = await installPackages(signal)
  const missing = await missingAfterFetch(
    chosen.map((driver) => serverOf(driver)?.peer),
    signal,
  )
  const canLayOver = chosen.some((driver) => serverOf(driver)?.isLaidOver) && (await canBeLaidOver())
  const progress = displayProgress(process.stderr)
  const results: DriverResult[] = []
  try {
    for (const driver of chosen) {
      const server = serverOf(driver)
      const { name } = driver
      if (server?.peer !== undefined && missing.has(server.peer)) {
        results.push({ outcome: 'not-fetched', name, why: `${server.title} could not be fetched` })
      } else if (server?.isLaidOver === true && !canLayOver) {
        results.push({ outcome: 'left-out', name, why: `${server.title} needs root, and leave to mount` })
      } else {
        const onWay = (way: WayName): void => {
          const fraction = (results.length + wayNames.indexOf(way) / wayNames.length) / chosen.length
          progress.show({ phase: name, fraction, note: way })
        }
        results.push(await measureDriver(driver, { folder, signal, onWay }))
      }
    }
  } finally {
    progress.stop()
  }
  process.stdout.write(json ? `${JSON.stringify({ format: 1, drivers: results }, undefined, 2)}\n` : tableOf(results))
  return exitCodeOf(results)
}

function serverOf({ server }: Driver): RoundServer | undefined {
  return server && servers[server]
}

function exitCodeOf(results: readonly DriverResult[]): number {
  const isWrong = (result: DriverResult): boolean =>
    result.outcome === 'failed' || (result.outcome === 'measured' && result.differences.length > 0)
  if (results.some(isWrong)) return 1
  return results.some(({ outcome }) => outcome === 'not-fetched') ? fetchFailed : 0
}
