import { existsSync } from 'node:fs'
import path from 'node:path'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import type { FieldServer } from './server.js'
import { servers, shortForm } from './servers/index.js'

/** What the program was asked to do. */
export type Request =
  | { readonly kind: 'measure'; readonly options: MeasureOptions }
  | { readonly kind: 'list' }
  | { readonly kind: 'check' }
  | { readonly kind: 'render' }
  | { readonly kind: 'exit'; readonly code: 0 | 2 }

export interface MeasureOptions {
  readonly servers: readonly FieldServer[]
  readonly wait: number
  readonly repeats: number
  readonly json: string | undefined
  readonly update: boolean
}

const examples = `
Examples:
  npm run field                              all of them: six minutes; 120 MB of packages, 650 unpacked
  npm run field -- --servers nginx,python    two of them
  npm run field -- --short                   ${shortForm.join(', ')}
  npm run field -- --update                  all, and their rows of docs/field-guide.md

Exit codes: 0 probe and wire agree; 1 they do not, or a server could not be started; 2 wrong options; 75 programs could
not be fetched, and all else is well; 130 and 143 interrupted: all servers are stopped then, all folders removed.`

// Exim takes more than two seconds for its FIN.
const waits = { full: 3000, short: 700 } as const

/** Reads the command line; --help and mistakes are printed here. */
export function parseOptions(args: readonly string[]): Request {
  let request: Request = { kind: 'exit', code: 2 }
  const command = new Command('npm run field --')
    .description(
      'Starts real servers on 127.0.0.1, probes how they close TLS, and holds each answer against a record of the wire.',
    )
    .option('--servers <list>', 'only these, with commas between: see --list', serverList)
    .option('--short', 'five servers that take a minute, for a CI', false)
    .option(
      '--wait <ms>',
      `silence that is taken for an answer (default: ${waits.full}, with --short ${waits.short})`,
      ms,
    )
    .option('--json <file>', 'write what was measured to this file', writableFile)
    .option('--update', 'renew test/field/servers.json and docs/field-guide.md with what was measured', false)
    .option('--render', 'measure nothing: make the tables of docs/field-guide.md of servers.json')
    .option('--check', 'measure nothing: exit code 1 where docs/field-guide.md has other tables than servers.json')
    .option('--list', 'print the names of the servers, and measure nothing')
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
  const all = given.short ? servers.filter(({ name }) => shortForm.includes(name)) : servers
  return {
    kind: 'measure',
    options: {
      servers: given.servers ?? all,
      wait: given.wait ?? (given.short ? waits.short : waits.full),
      repeats: given.short ? 0 : 10,
      ...{ json: given.json, update: given.update },
    },
  }
}

function serverList(text: string): readonly FieldServer[] {
  return text.split(',').map((name) => {
    const server = servers.find((each) => each.name === name)
    if (server === undefined) throw new InvalidArgumentError(`There is no server ${name}: see --list.`)
    return server
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
