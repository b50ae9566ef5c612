import { existsSync } from 'node:fs'
import path from 'node:path'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import type { ServerProfileName } from '../../lib/lab/peers/profiles.js'
import type { FieldClient } from './client.js'
import { clients, shortForm as shortClients } from './clients/index.js'
import type { FieldServer } from './server.js'
import { servers, shortForm as shortServers } from './servers/index.js'

/** What the program was asked to do. */
export type Request =
  | { readonly kind: 'measure'; readonly options: MeasureOptions }
  | { readonly kind: 'list' }
  | { readonly kind: 'check' }
  | { readonly kind: 'render' }
  | { readonly kind: 'exit'; readonly code: 0 | 2 }

export interface MeasureOptions {
  readonly servers: readonly FieldServer[]
  readonly clients: readonly FieldClient[]
  readonly wait: number
  readonly repeats: number
  /** What clients are run against: all profiles, where none are named. */
  readonly profiles?: readonly ServerProfileName[]
  /** How often more clients meet what cuts a response. */
  readonly clientRepeats: number
  /** The verdicts of clients are held against those that are kept. */
  readonly isHeldAgainstKept: boolean
  readonly json: string | undefined
  readonly update: boolean
}

const examples = `
Examples:
  npm run field                              all of them: half an hour; 400 MB of packages, 1500 unpacked
  npm run field -- --servers nginx,python    two servers, and no client
  npm run field -- --clients curl,firefox    two clients, and no server
  npm run field -- --short                   servers: ${shortServers.join(', ')};
                                             clients: ${shortClients.join(', ')}
  npm run field -- --update                  all, and their rows of docs/field-guide.md

Exit codes: 0 probe and wire agree; 1 they do not, something could not be started, or with --short a client does
otherwise than test/field/clients.json has it of the same versions; 2 wrong options; 75 programs could
not be fetched, and all else is well; 130 and 143 interrupted: all is stopped then, all folders removed.`

// Exim takes more than two seconds for its FIN.
const waits = { full: 3000, short: 700 } as const

/** Reads the command line; --help and mistakes are printed here. */
export function parseOptions(args: readonly string[]): Request {
  let request: Request = { kind: 'exit', code: 2 }
  const command = new Command('npm run field --')
    .description(
      'Starts real servers on 127.0.0.1 and probes how they close TLS; runs real clients against servers that close in ' +
        'every way. What is found is held against a record of the wire.',
    )
    .option('--servers <list>', 'only these servers, with commas between: see --list', listOf('server', servers))
    .option('--clients <list>', 'only these clients; without --servers no server', listOf('client', clients))
    .option('--short', 'five servers and five clients that take two minutes, for a CI', false)
    .option(
      '--wait <ms>',
      `silence of a server that is taken for an answer (default: ${waits.full}, with --short ${waits.short})`,
      ms,
    )
    .option('--json <file>', 'write what was measured to this file', writableFile)
    .option(
      '--update',
      'renew servers.json and clients.json of test/field and docs/field-guide.md by what was measured',
      false,
    )
    .option('--render', 'measure nothing: make the tables of docs/field-guide.md of what is kept')
    .option('--check', 'measure nothing: exit code 1 where docs/field-guide.md has other tables than what is kept')
    .option('--list', 'print the names of servers and clients, and measure nothing')
    .addHelpText('after', examples)
    .exitOverride()
    .action((given: Given) => {
      request = requestOf(given)
    })
  try {
    command.parse(args, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) return { kind: 'exit', code: error.exitCode === 0 ? 0 : 2 }
    throw error
  }
  return request
}

interface Given {
  readonly servers?: readonly FieldServer[]
  readonly clients?: readonly FieldClient[]
  readonly short: boolean
  readonly wait?: number
  readonly json?: string
  readonly update: boolean
  readonly render?: true
  readonly check?: true
  readonly list?: true
}

function requestOf(given: Given): Request {
  if (given.list === true) return { kind: 'list' }
  if (given.render === true) return { kind: 'render' }
  if (given.check === true) return { kind: 'check' }
  const isOf =
    (names: readonly string[]) =>
    (each: { readonly name: string }): boolean =>
      !given.short || names.includes(each.name)
  return {
    kind: 'measure',
    options: {
      servers: given.servers ?? (given.clients === undefined ? servers.filter(isOf(shortServers)) : []),
      clients: given.clients ?? (given.servers === undefined ? clients.filter(isOf(shortClients)) : []),
      wait: given.wait ?? (given.short ? waits.short : waits.full),
      repeats: given.short ? 0 : 10,
      ...(given.short && { profiles: shortProfiles }),
      clientRepeats: given.short ? 0 : 1,
      isHeldAgainstKept: given.short,
      ...{ json: given.json, update: given.update },
    },
  }
}

/** Those that tell most, and on which no client of the short form hangs. */
const shortProfiles: readonly ServerProfileName[] = [
  ...(['polite', 'answers', 'bare-fin', 'schannel'] as const),
  ...(['truncates', 'truncates-by-reset', 'truncates-by-close-notify', 'fin-mid-record'] as const),
]

function listOf<T extends { readonly name: string }>(kind: string, all: readonly T[]): (text: string) => readonly T[] {
  return (text) =>
    text.split(',').map((name) => {
      const found = all.find((each) => each.name === name)
      if (found === undefined) throw new InvalidArgumentError(`There is no ${kind} ${name}: see --list.`)
      return found
    })
}

function ms(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 100) throw new InvalidArgumentError('Expected ms, 100 or more.')
  return value
}

/** Found out before the round, not after it. */
function writableFile(file: string): string {
  if (!existsSync(path.dirname(path.resolve(file)))) throw new InvalidArgumentError('There is no such folder.')
  return file
}
