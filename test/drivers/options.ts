import { Command, CommanderError, InvalidArgumentError } from 'commander'
import type { Driver } from './driver.js'
import { drivers, shortForm } from './drivers/index.js'

/** What the program was asked to do. */
export type Request =
  | { readonly kind: 'measure'; readonly drivers: readonly Driver[]; readonly json: boolean }
  | { readonly kind: 'list' }
  | { readonly kind: 'check' }
  | { readonly kind: 'render' }
  | { readonly kind: 'exit'; readonly code: 0 | 2 }

const examples = `
Each program runs four times: in stock Node, under close-notify/register with a bidirectional policy, by the way that
docs/frameworks.md has for it, and under register with onDestroy and onTruncation as well. It has to give the same as in
stock Node, and its connections have to close as test/drivers/drivers/ expects.

Examples:
  npm run drivers                            all of them; 10 MB of Debian packages and 80 MB of npm's, once
  npm run drivers -- --only mysql2,mariadb   those two
  npm run drivers -- --short                 ${shortForm.join(', ')}
  npm run --silent drivers -- --json         the result as JSON on standard output

Exit codes: 0 all is as expected; 1 something is not, or could not be started; 2 wrong options; 75 something could not be
fetched, and all else is well; 130 and 143 interrupted: all is stopped then, all folders removed.`

/** Reads the command line; --help and mistakes are printed here. */
export function parseOptions(args: readonly string[]): Request {
  let request: Request = { kind: 'exit', code: 2 }
  const command = new Command('npm run drivers --')
    .description('Runs drivers and frameworks that others made with and without a policy, against real servers.')
    .option('--only <list>', 'only these, with commas between: see --list', named)
    .option('--short', 'five that teach the most, for a CI', false)
    .option('--json', 'the result as JSON in place of the table', false)
    .option('--list', 'only list them')
    .option('--render', 'only renew the tables of docs/frameworks.md from what is expected')
    .option('--check', 'only check that docs/frameworks.md has those tables')
    .allowExcessArguments(false)
    .addHelpText('after', examples)
    .exitOverride()
    .action((given: Given) => {
      request = requestOf(given)
    })
  try {
    command.parse([...args], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return { kind: 'exit', code: error.exitCode === 0 ? 0 : 2 }
  }
  return request
}

interface Given {
  readonly only?: readonly Driver[]
  readonly short: boolean
  readonly json: boolean
  readonly list?: true
  readonly render?: true
  readonly check?: true
}

function requestOf({ only, short, json, list, render, check }: Given): Request {
  if (list === true) return { kind: 'list' }
  if (render === true) return { kind: 'render' }
  if (check === true) return { kind: 'check' }
  const chosen = only ?? (short ? drivers.filter(({ name }) => shortForm.includes(name)) : drivers)
  return { kind: 'measure', drivers: chosen, json }
}

function named(text: string): readonly Driver[] {
  return text.split(',').map((name) => {
    const found = drivers.find((each) => each.name === name)
    if (found === undefined) throw new InvalidArgumentError(`There is no driver ${name}: see --list.`)
    return found
  })
}
