/** One driver: its server, its program in each of the ways, and what is not as it should be. */
import { isDeepStrictEqual } from 'node:util'
import { type Place, makePlace } from '../field/place.js'
import { type Driver, type Way, ways } from './driver.js'
import { type Expectation, isExpected, recordOf, textOf } from './record.js'
import { type Ended, runProgram } from './run-program.js'
import { type RoundServer, type StartedServer, servers } from './servers/index.js'

export type DriverResult =
  | {
      readonly outcome: 'measured'
      readonly name: string
      /** By way; stock Node has none. */
      readonly records: Readonly<Record<Exclude<Way, 'stock'>, readonly string[]>>
      readonly runs: Readonly<Record<Way, Ended>>
      /** What is not as in stock Node, or not as expected: none in a good round. */
      readonly differences: readonly string[]
    }
  /** The server could not be started, or a program did not end. */
  | { readonly outcome: 'failed'; readonly name: string; readonly why: string }
  | { readonly outcome: 'not-fetched' | 'left-out'; readonly name: string; readonly why: string }

export interface MeasureSettings {
  readonly folder: string
  readonly signal: AbortSignal
  readonly onWay: (way: Way) => void
}

export async function measureDriver(driver: Driver, settings: MeasureSettings): Promise<DriverResult> {
  const { name } = driver
  try {
    const runs = await runAll(driver, settings)
    const { register, documented, strict } = runs
    const records = {
      register: recordOf(register.closings),
      documented: recordOf(documented.closings),
      strict: recordOf(strict.closings),
    }
    return { outcome: 'measured', name, records, runs, differences: differencesOf(driver, runs) }
  } catch (error) {
    settings.signal.throwIfAborted()
    return { outcome: 'failed', name, why: reasonsOf(error) }
  }
}

async function runAll(driver: Driver, { folder, signal, onWay }: MeasureSettings): Promise<Record<Way, Ended>> {
  const place = await makePlace(driver.name)
  let server: StartedServer | undefined
  try {
    const wanted: RoundServer | undefined = driver.server && servers[driver.server]
    server = await wanted?.start(place)
    const env = environmentOf(place, server)
    const run = (way: Way): Promise<Ended> => {
      onWay(way)
      return runProgram(driver, way, { folder, env, signal })
    }
    return {
      stock: await run('stock'),
      register: await run('register'),
      documented: await run('documented'),
      strict: await run('strict'),
    }
  } finally {
    await server?.stop()
    await place.remove()
  }
}

function environmentOf({ keyFile, certFile }: Place, server: StartedServer | undefined): Record<string, string> {
  const files = { KEY_FILE: keyFile, CERT_FILE: certFile, NODE_EXTRA_CA_CERTS: certFile }
  return { ...files, ...(server && { PEER_PORT: String(server.port) }), ...server?.env }
}

/** What is not as in stock Node, and what the policy was not expected to record. */
export function differencesOf(driver: Driver, runs: Readonly<Record<Way, Ended>>): readonly string[] {
  const { fails = {}, expected } = driver
  const { stock } = runs
  const found: string[] = []
  const failed = stock.steps.flatMap(({ step, got }) => (hasError(got) ? [[step, got.error] as const] : []))
  if (stock.exitCode !== 0) found.push(`stock: exit code ${stock.exitCode ?? 'of a signal'}`)
  if (stock.stderr !== '') found.push(`stock: ${stock.stderr}`)
  if (!isDeepStrictEqual(Object.fromEntries(failed), fails)) {
    found.push(`stock: failed are ${JSON.stringify(Object.fromEntries(failed))}, expected ${JSON.stringify(fails)}`)
  }
  for (const way of ways) {
    if (way === 'stock') continue
    const { steps, stderr, exitCode, closings } = runs[way]
    if (exitCode !== stock.exitCode) found.push(`${way}: exit code ${exitCode ?? 'of a signal'}`)
    if (stderr !== stock.stderr) found.push(`${way}: said on standard error: ${stderr}`)
    const wanted = stock.steps.map(({ step, got }) => ({
      step,
      got: way === 'strict' && expected.strictly && step in expected.strictly ? expected.strictly[step] : got,
    }))
    wanted.forEach((each, index) => {
      const got = steps[index]
      if (isDeepStrictEqual(got, each)) return
      found.push(`${way}: ${each.step} gave ${JSON.stringify(got?.got)}, expected ${JSON.stringify(each.got)}`)
    })
    if (steps.length > wanted.length) found.push(`${way}: ${steps.length} steps, in stock Node ${wanted.length}`)
    const records = recordsFor(driver, way)
    if (isExpected(closings, records)) continue
    const record = recordOf(closings).join('; ')
    found.push(`${way}: record ${record || 'empty'}, expected ${records.map(textOf).join('; ') || 'none'}`)
  }
  return found
}

function recordsFor({ expected }: Driver, way: Exclude<Way, 'stock'>): readonly Expectation[] {
  if (way === 'strict') return expected.strict
  return way === 'documented' ? (expected.documented ?? expected.bidirectional) : expected.bidirectional
}

function hasError(got: unknown): got is { readonly error: string } {
  return typeof got === 'object' && got !== null && 'error' in got && typeof got.error === 'string'
}

function reasonsOf(error: unknown): string {
  const reasons: string[] = []
  for (let each = error; each instanceof Error; each = each.cause) reasons.push(each.message)
  return reasons.join(': ') || String(error)
}
