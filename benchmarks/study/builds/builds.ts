/** The builds that are measured: the process's own, and those that scripts/libssl fetches. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { type Build, commandFor, findBuilds } from '../../../lib/lab/builds.js'
import { type Child, startChild } from '../../support/child.js'
import { sourceFile } from '../../support/source-file.js'
import type { Need } from '../question.js'

/** As in scripts/libssl/builds.mjs, by age; forks behind. */
export const fetchedBuilds = ['openssl-1.1.1', 'openssl-3.0', 'openssl-3.5', 'openssl-3.6', 'openssl-4.0', 'boringssl']

/** Names of the columns: 'own' is the libssl of the Node that runs the study. */
export const buildNames = ['own', ...fetchedBuilds]

const folder = sourceFile('.cache/libssl')
const program = sourceFile('dist/benchmarks/study/builds/build-process.js')

export const fetched: Need = {
  name: 'the libssl builds of other releases',
  missing() {
    const missing = fetchedBuilds.filter((name) => find(name) === undefined)
    const why = `${missing.join(', ')} not fetched: node scripts/libssl/fetch.mjs`
    return Promise.resolve(missing.length === 0 ? undefined : why)
  },
}

/** A build in a process of its own. */
export interface RunningBuild {
  readonly name: string
  readonly child: Child
  /** What the library says it is: 'OpenSSL 3.0.20 7 Apr 2026'. */
  readonly found: string
  /** Where that has to begin with: 'OpenSSL 3.0.20'. BoringSSL does not tell its version. */
  readonly expected: string
}

export async function startBuild(name: string, onDied: (error: Error) => void): Promise<RunningBuild> {
  const build = name === 'own' ? findBuilds()[0] : find(name)
  if (build === undefined) throw new Error(`There is no build ${name}`)
  const { libssl = '-', libcrypto = '-' } = build
  const { command, args } = commandFor(build, ['--expose-gc', program, libssl, libcrypto])
  const child = await startChild({ name, command: [command, ...args], onDied })
  const [kind = '', ...version] = child.ready
  const found = kind === 'OpenSSL' ? version.join(' ') : kind
  return { name, child, found, expected: name === 'own' ? `OpenSSL ${process.versions.openssl}` : describedIn(name) }
}

function find(name: string): Build | undefined {
  return findBuilds({ folders: [folder] }).find((build) => build.name === name)
}

/** What the folder says that the build is. */
function describedIn(name: string): string {
  const description: unknown = JSON.parse(readFileSync(path.join(folder, name, 'build.json'), 'utf8'))
  if (typeof description !== 'object' || description === null) return 'a build.json'
  const { kind, version } = { kind: '', version: '', ...description }
  return kind === 'OpenSSL' ? `OpenSSL ${version}` : kind
}
