/** The programs of .cache/peers, that scripts/peers/fetch.mjs puts there: only those, so that all measure the same. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { sourceFile } from '../../benchmarks/support/source-file.js'

export interface Program {
  readonly command: string
  readonly env: Readonly<Record<string, string>>
  /** The root of what was unpacked. */
  readonly root: string
}

const script = 'scripts/peers/fetch.mjs'

export function isFetched(peer: string): boolean {
  return existsSync(sourceFile(`.cache/peers/${peer}/peer.json`))
}

/** @throws where it was not fetched */
export function programOf(peer: string, name: string): Program {
  const root = sourceFile(`.cache/peers/${peer}`)
  const description = path.join(root, 'peer.json')
  if (!existsSync(description)) throw new Error(`Expected ${peer} in .cache/peers: node ${script} ${peer}`)
  const { programs, libraryPath } = descriptionIn(description)
  const command = programs[name]
  if (command === undefined) throw new Error(`Expected the program ${name} in ${description}`)
  return {
    ...{ root, command: path.join(root, command) },
    env: {
      LD_LIBRARY_PATH: libraryPath.map((folder) => path.join(root, folder)).join(':'),
      // The machine's configuration of OpenSSL may forbid versions, and is no part of what is measured.
      OPENSSL_CONF: '/dev/null',
    },
  }
}

function descriptionIn(file: string): { programs: Record<string, string>; libraryPath: readonly string[] } {
  const { programs, libraryPath }: Record<string, unknown> = objectIn(readFileSync(file, 'utf8'))
  if (!Array.isArray(libraryPath)) throw new Error(`Expected libraryPath in ${file}`)
  const entries = Object.entries(objectOf(programs)).map(([name, command]) => [name, String(command)] as const)
  return { programs: Object.fromEntries(entries), libraryPath: libraryPath.map(String) }
}

/** The version of a package that a peer was made of, as Debian has it. */
export function versionOf(peer: string, name: string): string {
  const pins = objectIn(readFileSync(sourceFile('scripts/peers/pins.json'), 'utf8'))
  const { version } = objectOf(objectOf(pins[peer])[name])
  if (typeof version !== 'string') throw new Error(`Expected the package ${name} of ${peer} in scripts/peers/pins.json`)
  return version
}

/** The same without Debian's own part: of a library that is known by name elsewhere too. */
export function upstreamVersionOf(peer: string, name: string): string {
  return versionOf(peer, name)
    .replace(/^\d+:/, '')
    .replace(/[+~-].*$/, '')
}

/** EX_TEMPFAIL, as scripts/peers/fetch.mjs has it. */
export const fetchFailed = 75

/** Fetches what is not there; returns the peers that could not be had. */
export async function missingAfterFetch(
  wanted: readonly (string | undefined)[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const missing = new Set<string>()
  const peers = new Set(wanted.filter((peer) => peer !== undefined))
  // One by one, so that one that cannot be had does not hide which.
  for (const peer of peers) if ((await fetchPeers([peer], signal)) !== 0) missing.add(peer)
  return missing
}

/** Fetches those that are not there. Returns the exit code of the script: 75 where the archive could not be reached. */
async function fetchPeers(names: readonly string[], signal: AbortSignal): Promise<number> {
  if (names.length === 0) return 0
  const child = spawn(process.execPath, [sourceFile(script), ...names], { stdio: ['ignore', 'ignore', 'inherit'] })
  const stop = (): void => void child.kill('SIGTERM')
  signal.addEventListener('abort', stop, { once: true })
  try {
    await once(child, 'close')
    signal.throwIfAborted()
    return child.exitCode ?? 1
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function objectIn(text: string): Record<string, unknown> {
  const parsed: unknown = JSON.parse(text)
  return objectOf(parsed)
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}
