/** One driver: its server, its program in each of the ways, and what is not as it should be. */
import { isDeepStrictEqual } from 'node:util'
import { type Place, makePlace } from '../field/place.js'
import { type Driver, type WayName, wayNames, ways } from './driver.js'
import { isExpected, recordOf, textOf } from './record.js'
import { type Ended, runProgram } from './run-program.js'
import { type RoundServer, type StartedServer, servers } from './servers/index.js'

export type DriverResult =
  | {
      readonly outcome: 'measured'
      readonly name: string
      readonly runs: Runs
      /** What is not as in stock Node, or not as expected: none in a good round. */
      readonly differences: readonly string[]
    }
  /** The server could not be started, or a program did not end. */
  | { readonly outcome: 'failed'; readonly name: string; readonly why: string }
  | { readonly outcome: 'not-fetched' | 'left-out'; readonly name: string; readonly why: string }

export type Runs = Readonly<Record<WayName, Ended>>

export interface MeasureSettings {
  readonly folder: string
  readonly signal: AbortSignal
  readonly onWay: (way: WayName) => void
}

export async function measureDriver(driver: Driver, settings: MeasureSettings): Promise<DriverResult> {
  const { name } = driver
  try {
    const runs = await runAll(driver, settings)
    return { outcome: 'measured', name, runs, differences: differencesOf(driver, runs) }
  } catch (error) {
    settings.signal.throwIfAborted()
    return { outcome: 'failed', name, why: reasonsOf(error) }
  }
}

async function runAll(driver: Driver, { folder, signal, onWay }: MeasureSettings): Promise<Runs> {
  const place = await makePlace(driver.name)
  let server: StartedServer | undefined
  try {
    const wanted: RoundServer | undefined = driver.server && servers[driver.server]
    server = await wanted?.start(place)
    const env = environmentOf(place, server)
    const run = (way: WayName): Promise<Ended> => {
      onWay(way)
      return runProgram(driver, ways[way], { folder, env, signal })
    }
    return {
      stock: await run('stock'),
      register: await run('register'),
      documented: await run('documented'),
      'register, strict': await run('register, strict'),
      'documented, strict': await run('documented, strict'),
    }
  } finally {
    await server?.stop()
    await place.remove()
  }
}

/** What a program has to know of its server. */
export function environmentOf({ keyFile, certFile }: Place, server: StartedServer | undefined): Record<string, string> {
  const files = { KEY_FILE: keyFile, CERT_FILE: certFile, NODE_EXTRA_CA_CERTS: certFile }
  return { ...files, ...(server && { PEER_PORT: String(server.port) }), ...server?.env }
}

/** What is not as in stock Node, and what the policy was not expected to record. */
export function differencesOf({ fails = {}, expected }: Driver, runs: Runs): readonly string[] {
  const { stock } = runs
  const found: string[] = []
  const failed = Object.fromEntries(stock.steps.flatMap(({ step, got }) => (hasError(got) ? [[step, got.error]] : [])))
  if (stock.exitCode !== 0) found.push(`stock: exit code ${stock.exitCode ?? 'of a signal'}`)
  if (stock.stderr.replaceAll(deprecations, '') !== '') found.push(`stock: said on standard error: ${stock.stderr}`)
  if (!isDeepStrictEqual(failed, fails)) {
    found.push(`stock: failed are ${JSON.stringify(failed)}, expected ${JSON.stringify(fails)}`)
  }
  for (const name of wayNames) {
    const way = ways[name]
    if (way.kind === 'stock') continue
    const strictly = way.policy === 'strict' ? expected.strictly : undefined
    found.push(...unlike(runs[name], stock, strictly).map((difference) => `${name}: ${difference}`))
    const expectations = (way.kind === 'documented' ? expected.documented : undefined)?.[way.policy]
    const wanted = expectations ?? expected[way.policy]
    if (isExpected(runs[name].closings, wanted)) continue
    const record = recordOf(runs[name].closings).join('; ')
    found.push(`${name}: record ${record || 'empty'}, expected ${wanted.map(textOf).join('; ') || 'none'}`)
  }
  return found
}

// Of packages, on newer Nodes.
const deprecations = /^\(node\) \[DEP\d+\] .*\n\(Use `.*\n/gm

/** What a program gives otherwise than in stock Node, but where that is meant. */
function unlike(run: Ended, stock: Ended, meant: Readonly<Record<string, unknown>> = {}): readonly string[] {
  const found: string[] = []
  if (run.exitCode !== stock.exitCode) found.push(`exit code ${run.exitCode ?? 'of a signal'}`)
  if (run.stderr !== stock.stderr) found.push(`said on standard error: ${run.stderr}`)
  if (run.steps.length !== stock.steps.length) found.push(`${run.steps.length} steps of ${stock.steps.length}`)
  for (const [index, { step, got }] of stock.steps.entries()) {
    const wanted = step in meant ? meant[step] : got
    const given = run.steps[index]?.got
    if (isDeepStrictEqual(given, wanted)) continue
    found.push(`${step} gave ${JSON.stringify(given)}, expected ${JSON.stringify(wanted)}`)
  }
  return found
}

function hasError(got: unknown): got is { readonly error: string } {
  return typeof got === 'object' && got !== null && 'error' in got && typeof got.error === 'string'
}

/** An error and what caused it. */
export function reasonsOf(error: unknown): string {
  const reasons: string[] = []
  for (let each = error; each instanceof Error; each = each.cause) reasons.push(each.message)
  return reasons.join(': ') || String(error)
}
