/** A client of the field round: what it is, and how it is made ready to be run. */
import process from 'node:process'
import { sourceFile } from '../../benchmarks/support/source-file.js'
import type { PsqlSight } from './judge/psql-judge.js'
import type { Place } from './place.js'
import { type Program, programOf } from './programs.js'

export type FieldClient = AssessedClient | JudgedClient

interface Named {
  /** As `--clients` and the result have it. */
  readonly name: string
  /** As the tables have it. */
  readonly title: string
  /** Its folder in .cache/peers; absent where the program comes with the machine or with Node. */
  readonly peer?: string
  /** It looks for its own files where Debian has them: they are mounted there for it alone, see overlay.ts. */
  readonly isLaidOver?: true
}

/** A client of HTTP, or one that sends a request and prints what comes. */
export interface AssessedClient extends Named {
  readonly kind?: undefined
  /** Only what TLS says reaches its exit code: it prints what comes, and reads no HTTP. @default false */
  readonly isTool?: true
  /** ms until a run of it hangs. @default 5000 */
  readonly timeout?: number
  /** The body of the responses, where it takes no other. */
  readonly content?: Buffer
  /** Nothing is left behind where it rejects. */
  readonly prepare: (place: Place) => PreparedClient | Promise<PreparedClient>
}

/** A client that `assess` has no server for: the judge alone looks at it. */
export interface JudgedClient extends Named {
  readonly kind: 'judged'
  readonly look: (
    place: Place,
    options: { readonly timeout: number; readonly signal: AbortSignal },
  ) => Promise<Omit<PreparedClient, 'command'> & { readonly sights: readonly PsqlSight[] }>
}

export interface PreparedClient {
  /** With `{url}`, `{port}` and `{ca}` in its words, as `assess` takes it. */
  readonly command: readonly string[]
  /** Of the client, and of what does its TLS. */
  readonly version: string
  readonly library: string
}

/** A program of .cache/peers as words, with its libraries and other variables. */
export function wordsOf(
  { command, env }: Pick<Program, 'command' | 'env'>,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): readonly string[] {
  const assignments = Object.entries({ ...env, ...more }).map(([name, value]) => `${name}=${value}`)
  return ['env', ...assignments, command, ...args]
}

export function peerWords(peer: string, name: string, args: readonly string[]): readonly string[] {
  return wordsOf(programOf(peer, name), args)
}

/** A program of ours for Node. */
export function nodeWords(script: string, ...args: readonly string[]): readonly string[] {
  return [process.execPath, sourceFile(`test/field/programs/${script}`), ...args]
}
