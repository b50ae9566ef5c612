import { Command, CommanderError, InvalidArgumentError } from 'commander'
import type { Driver } from './driver.js'
import { drivers, shortForm } from './drivers/index.js'
import { type Subject, subjects } from './recipes/subjects.js'

/** What the program was asked to do. */
export type Request =
  | { readonly kind: 'measure'; readonly drivers: readonly Driver[]; readonly json: boolean }
  | {
      readonly kind: 'recipes'
      readonly subjects: readonly Subject[]
      readonly pairs: number
      readonly connections: number
      readonly json: boolean
    }
  | { readonly kind: 'list'; readonly of: readonly (Driver | Subject)[] }
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

With --recipes the recipes of docs/operation.md are measured, as the page has their code, beside stock Node: connections
one after the other, each with one operation and the driver's own way to close. A pair is a block of them in stock Node, one
under the recipe, and one in stock Node again, each in a process of its own, in an order that changes. It says how they
closed by the reports, and how long it took from the program's end call to 'close' as a ratio of the two sides, with a
95 % interval (bootstrap of the median of the pairs); stock / stock is what the machine makes of no difference.

  npm run drivers -- --recipes                             all: ${subjects.map(({ name }) => name).join(', ')}
  npm run drivers -- --recipes --only pg --pairs 4         one, for a look
  npm run --silent drivers -- --recipes --json > all.json  the figures, and each report that they are made of

Exit codes: 0 all is as expected, or measured; 1 something is not, or could not be started; 2 wrong options; 75 something could not be
fetched, and all else is well; 130 and 143 interrupted: all is stopped then, all folders removed.`

/** Reads the command line; --help and mistakes are printed here. */
export function parseOptions(args: readonly string[]): Request {
  let request: Request = { kind: 'exit', code: 2 }
  const command = new Command('npm run drivers --')
    .description('Runs drivers and frameworks that others made with and without a policy, against real servers.')
    .option('--only <list>', 'only these, with commas between: see --list')
    .option('--short', 'five that teach the most, for a CI', false)
    .option('--json', 'the result as JSON in place of the table', false)
    .option('--recipes', 'measure the recipes of docs/operation.md instead')
    .option('--pairs <n>', 'with --recipes: pairs of blocks', countIn, 12)
    .option('--connections <n>', 'with --recipes: connections of a block', countIn, 40)
    .option('--list', 'only list them, those of --recipes with it')
    .option('--render', 'only renew the tables of docs/frameworks.md from what is expected')
    .option('--check', 'only check that docs/frameworks.md has those tables')
    .allowExcessArguments(false)
    .addHelpText('after', examples)
    .exitOverride()
    .action((given: Given) => {
      request = requestOf(given, (message) => command.error(`error: ${message}`))
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
  readonly only?: string
  readonly short: boolean
  readonly json: boolean
  readonly recipes?: true
  readonly pairs: number
  readonly connections: number
  readonly list?: true
  readonly render?: true
  readonly check?: true
}

type Refuse = (message: string) => never

function requestOf(given: Given, refuse: Refuse): Request {
  const { only, short, json, recipes, pairs, connections, list, render, check } = given
  if (list === true) return { kind: 'list', of: recipes === true ? subjects : drivers }
  if (render === true) return { kind: 'render' }
  if (check === true) return { kind: 'check' }
  if (recipes === true) {
    if (short) refuse('--short is not for --recipes: see --only, --pairs and --connections.')
    return { kind: 'recipes', subjects: named(only, subjects, refuse), pairs, connections, json }
  }
  if (only === undefined && short) {
    return { kind: 'measure', drivers: drivers.filter(({ name }) => shortForm.includes(name)), json }
  }
  return { kind: 'measure', drivers: named(only, drivers, refuse), json }
}

function named<Of extends { readonly name: string }>(
  list: string | undefined,
  all: readonly Of[],
  refuse: Refuse,
): readonly Of[] {
  if (list === undefined) return all
  return list.split(',').map((name) => {
    return all.find((each) => each.name === name) ?? refuse(`There is no driver ${name}: see --list.`)
  })
}

function countIn(text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError('Expected a whole number above 0.')
  return count
}
