/**
 * The programs of others that tests talk to, and where they are: the pinned ones of .cache/peers first, so that every
 * machine tests with the same, then those of the system. What is neither is left out, by name:
 *
 *     describe.skipIf(lacks('gnutls'))('…
 *     const { command, env } = programOf('gnutls-cli')
 *
 * As a global setup it has them fetched once, where nobody tried before, and says in one line what no test talks to.
 * `CLOSE_NOTIFY_TEST_PEERS=none`: as on a machine that has none and cannot fetch any.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const folder = path.join(root, '.cache/peers')
const script = path.join(root, 'scripts/peers/fetch.mjs')
const none = process.env['CLOSE_NOTIFY_TEST_PEERS'] === 'none'

/** By the name that scripts/peers/peers.mjs has for it: what tests call of it, and the Debian package that brings it. */
const peers = {
  openssl: { programs: ['openssl'], debianPackage: 'openssl' },
  gnutls: { programs: ['gnutls-serv', 'gnutls-cli'], debianPackage: 'gnutls-bin' },
  curl: { programs: ['curl'], debianPackage: 'curl' },
  postgresql: { programs: ['initdb', 'postgres'], debianPackage: 'postgresql' },
  mariadb: { programs: ['mariadbd'], debianPackage: 'mariadb-server-core' },
  nginx: { programs: ['nginx'], debianPackage: 'nginx' },
  vsftpd: { programs: ['vsftpd'], debianPackage: 'vsftpd' },
  proftpd: { programs: ['proftpd'], debianPackage: 'proftpd-mod-crypto' },
  // On demand, for it is large: .ci/run fetches it for the one test that needs it.
  tshark: { programs: ['tshark'], debianPackage: 'tshark' },
  // The same.
  prometheus: { programs: ['prometheus', 'promtool'], debianPackage: 'prometheus' },
} as const

type PeerName = keyof typeof peers
type ProgramName = (typeof peers)[PeerName]['programs'][number]

export interface Program {
  readonly command: string
  /** Variables to be added to its environment. */
  readonly env: Readonly<Record<string, string>>
  /** The folder that it was unpacked to, with its libraries. */
  readonly folder?: string
}

export default function fetchOnce(): void {
  // The script leaves the folder behind also where it could not fetch.
  if (!none && !existsSync(folder)) spawnSync(process.execPath, [script], { stdio: ['ignore', 'inherit', 'inherit'] })
  const { tshark, prometheus, ...others } = peers
  const lacking = Object.values(others).filter(({ programs }) => !programs.every(isThere))
  if (lacking.length > 0) console.warn(messageOf(lacking))
  if (!tshark.programs.every(isThere)) console.warn(withoutTshark)
  if (!prometheus.programs.every(isThere)) console.warn(withoutPrometheus)
}

const withoutTshark =
  '\nRecords are not cross-checked with tshark. To do so, as .ci/run does once: node scripts/peers/fetch.mjs tshark, then ' +
  'npx vitest run records-and-tshark\n'

const withoutPrometheus =
  '\nMetrics and alerts are not tried with Prometheus. To do so, as .ci/run does once: node scripts/peers/fetch.mjs prometheus, then ' +
  'npx vitest run test/metrics\n'

function messageOf(lacking: readonly { readonly debianPackage: string }[]): string {
  const packages = lacking.map(({ debianPackage }) => debianPackage)
  return (
    `\nNO TEST TALKS TO ${packages.join(', ')}: not fetched and not installed. ` +
    `To try: node scripts/peers/fetch.mjs, or apt-get install ${packages.join(' ')}\n`
  )
}

/** Whether tests have to do without it. */
export function lacks(peer: PeerName): boolean {
  return !peers[peer].programs.every(isThere)
}

export function programOf(name: ProgramName): Program {
  const program = find(name)
  if (program === undefined) throw new Error(`Expected ${name} in ${folder} or installed; see ${script}`)
  return program
}

function isThere(name: ProgramName): boolean {
  return find(name) !== undefined
}

function find(name: ProgramName): Program | undefined {
  return none ? undefined : (fetched(name) ?? installed(name))
}

function fetched(name: ProgramName): Program | undefined {
  const owner =
    Object.entries(peers).find(([, { programs }]) => programs.some((program) => program === name))?.[0] ?? ''
  const file = path.join(folder, owner, 'peer.json')
  if (!existsSync(file)) return undefined
  const described: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const programs: unknown = Reflect.get(Object(described), 'programs')
  const libraryPath: unknown = Reflect.get(Object(described), 'libraryPath')
  const program: unknown = Reflect.get(Object(programs), name)
  if (typeof program !== 'string' || !Array.isArray(libraryPath)) throw new Error(`Expected ${name} in ${file}`)
  const own = path.join(folder, owner)
  const libraries = libraryPath.map((library) => path.join(own, String(library)))
  return {
    folder: own,
    command: path.join(own, program),
    // The machine's configuration of OpenSSL is not for them: it may forbid versions, and is no part of what is pinned.
    env: { LD_LIBRARY_PATH: libraries.join(path.delimiter), OPENSSL_CONF: '/dev/null' },
  }
}

function installed(name: ProgramName): Program | undefined {
  const command = [...(process.env['PATH'] ?? '').split(path.delimiter), ...offThePath()]
    .map((place) => path.join(place, name))
    .find(isExecutable)
  return command === undefined ? undefined : { command, env: {} }
}

/** Where Debian has PostgreSQL's programs, the newest first. */
function offThePath(): readonly string[] {
  const postgresql = '/usr/lib/postgresql'
  const versions = existsSync(postgresql) ? readdirSync(postgresql).sort((a, b) => Number(b) - Number(a)) : []
  return versions.map((version) => path.join(postgresql, version, 'bin'))
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
