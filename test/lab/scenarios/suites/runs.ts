/**
 * Every scenario on every build that is present: the process's own in this process, the others in a child each. Files
 * are fetched by `node scripts/libssl/fetch.mjs`.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { commandFor } from '../../../../lib/lab/builds.js'
import { scenarios } from '../../../../lib/lab/scenarios/suites/index.js'
import { runScenario } from '../../../../lib/lab/scenarios/run.js'
import type { BuildIdentity, ScenarioOutcome } from '../../../../lib/lab/scenarios/types.js'
import { loadOpenSSL } from '../../../../lib/openssl/index.js'
import { presentBuilds } from '../../../support/builds.js'
import { certificate } from '../../../support/certificate.js'

export type BuildRun = { readonly name: string } & (
  | { readonly kind: 'ran'; readonly build: BuildIdentity; readonly outcomes: readonly ScenarioOutcome[] }
  /** It could not be loaded, or the process came to another end. */
  | { readonly kind: 'failed'; readonly reason: string }
)

const program = fileURLToPath(new URL('programs/run-build.mjs', import.meta.url))

export async function runEverywhere(): Promise<readonly BuildRun[]> {
  const runs: BuildRun[] = []
  // One after the other: there are few cores, and each takes a second.
  for (const build of presentBuilds())
    runs.push(build.libssl === undefined ? runHere(build.name) : await runApart(build))
  return runs
}

function runHere(name: string): BuildRun {
  const openssl = loadOpenSSL()
  const outcomes = scenarios.flatMap((scenario) =>
    scenario.versions.map((tls) => runScenario(openssl, scenario, tls, certificate)),
  )
  return { name, kind: 'ran', build: openssl, outcomes }
}

async function runApart(build: ReturnType<typeof presentBuilds>[number]): Promise<BuildRun> {
  const files = [build.libssl, build.libcrypto].filter((file) => file !== undefined)
  const { command, args } = commandFor(build, [program, ...files])
  try {
    const { stdout } = await promisify(execFile)(command, args, { maxBuffer: 2 ** 26, timeout: 120_000 })
    const { outcomes, ...identity } = parse(stdout)
    return { name: build.name, kind: 'ran', build: identity, outcomes }
  } catch (error) {
    return { name: build.name, kind: 'failed', reason: String(error) }
  }
}

// The program that printed it is of this very checkout.
function parse(line: string): BuildIdentity & { readonly outcomes: readonly ScenarioOutcome[] } {
  const value: unknown = JSON.parse(line)
  if (!isReport(value)) throw new Error(`Expected the outcomes of a build but received ${line.slice(0, 200)}`)
  return value
}

function isReport(value: unknown): value is BuildIdentity & { readonly outcomes: readonly ScenarioOutcome[] } {
  return typeof value === 'object' && value !== null && 'outcomes' in value && 'versionNumber' in value
}
