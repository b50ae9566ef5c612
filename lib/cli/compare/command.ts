// `close-notify compare`: its options, and what it does with them.
import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { Command, InvalidArgumentError, Option } from 'commander'
import { ClosureError } from '../../errors.js'
import { findBuilds } from '../../lab/builds.js'
import type { Build } from '../../lab/builds.js'
import { compareBuilds } from '../../lab/compare/compare.js'
import type { Comparison } from '../../lab/compare/comparison.js'
import { scenarios as allScenarios } from '../../lab/scenarios/suites/index.js'
import type { Scenario, TlsVersion } from '../../lab/scenarios/types.js'
import { exitCodes } from '../exit-codes.js'
import type { ExitCode } from '../exit-codes.js'
import { interruptible, Interruption } from '../interruption.js'
import { displayProgress } from '../progress.js'
import { renderCsv } from './render/csv.js'
import { renderList } from './render/list.js'
import { renderMarkdown } from './render/markdown.js'
import { isComplete } from './render/problems.js'
import { colourStyle, plainStyle } from '../style.js'
import { renderText } from './render/text.js'
import { packageVersion } from '../version.js'

interface Options {
  readonly library?: readonly string[]
  readonly builds?: readonly string[]
  readonly node?: readonly string[]
  readonly own: boolean
  readonly scenario?: readonly string[]
  readonly version?: TlsVersion
  readonly list?: true
  readonly allRows?: true
  readonly json?: true
  readonly csv?: true
  readonly markdown?: true
  readonly output?: string
}

const bothVersions = ['TLSv1.2', 'TLSv1.3'] as const satisfies readonly TlsVersion[]

const examples = `
Without --library, --builds and --node it compares the libssl of Node itself with those of the system.

Examples:
  close-notify compare --list
  close-notify compare --library /opt/openssl-4.0/lib/libssl.so.4
  close-notify compare --builds .cache/libssl --scenario 'lab-*' --version TLSv1.3 --all-rows
  close-notify compare --builds .cache/libssl --json --output comparison.json

Exit codes: 0 all was run, whether or not builds differ; 1 a build could not be loaded, or a scenario
not be carried out (the others are shown); 2 wrong options; 130 interrupted.
Signs: what differs from most builds is coloured on a terminal, and has a * elsewhere or with NO_COLOR.`

export function compareCommand(done: (code: ExitCode) => void): Command {
  return new Command('compare')
    .summary('run scenarios of closing over libssl builds and show what differs')
    .description(
      'Runs the same scenarios of closing over several libssl builds, each in a process of its own, and shows what ' +
        'differs.',
    )
    .option('--library <path...>', 'libssl files to compare')
    .option('--builds <dir...>', 'folders of builds, each DIR/NAME/build.json describing one', existingFolder)
    .option('--node <path...>', 'Node executables, each with the libssl that it has itself')
    .option('--no-own', 'leave out the libssl of the Node that runs this')
    .option('--scenario <name...>', 'only these scenarios; * stands for any text')
    .addOption(new Option('--version <version>', 'only this version of TLS').choices(bothVersions))
    .option('--all-rows', 'show steps and scenarios that are alike on all builds too')
    .addOption(new Option('--json', 'print everything as JSON').conflicts(['csv', 'markdown', 'list', 'allRows']))
    .addOption(new Option('--csv', 'print everything as CSV').conflicts(['markdown', 'list', 'allRows']))
    .addOption(new Option('--markdown', 'print everything as markdown').conflicts(['list', 'allRows']))
    .option('--list', 'list scenarios and builds, and run nothing')
    .option('--output <file>', 'write to this file instead of stdout', writableFile)
    .addHelpText('after', examples)
    .action(async (options: Options, command: Command) => done(await run(options, command)))
}

async function run(options: Options, command: Command): Promise<ExitCode> {
  const scenarios = chosenScenarios(options, command)
  const builds = chosenBuilds(options, command)
  if (options.list) return print(renderList(scenarios, builds), options)

  const progress = displayProgress(process.stderr, 'runs of scenarios')
  try {
    const date = new Date().toISOString()
    const versions = options.version === undefined ? bothVersions : [options.version]
    const onProgress = (count: number, total: number) => progress.show(count, total)
    const compared = await interruptible((signal) =>
      compareBuilds({ builds, scenarios, versions, signal, onProgress }),
    ).finally(() => progress.stop())
    const madeBy = {
      'close-notify': packageVersion(),
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
    }
    const comparison: Comparison = { format: 1, date, madeBy, ...compared }
    const printed = print(rendered(comparison, options), options)
    return isComplete(comparison) ? printed : exitCodes.failed
  } catch (error) {
    if (error instanceof Interruption) return error.exitCode
    throw error
  }
}

// --- What to run ---

function chosenScenarios({ scenario: names, version }: Options, command: Command): readonly Scenario[] {
  const matching = names === undefined ? allScenarios : names.flatMap((name) => scenariosNamed(name, command))
  const chosen = allScenarios.filter(
    (scenario) => matching.includes(scenario) && (version === undefined || scenario.versions.includes(version)),
  )
  if (chosen.length === 0) command.error(`error: none of these scenarios is for ${version ?? 'any version'}`)
  return chosen
}

function scenariosNamed(pattern: string, command: Command): readonly Scenario[] {
  const expression = new RegExp(`^${pattern.replaceAll(/[^\w*-]/g, '\\$&').replaceAll('*', '.*')}$`)
  const found = allScenarios.filter(({ name }) => expression.test(name))
  if (found.length === 0) command.error(`error: no scenario is called '${pattern}'; --list shows those there are`)
  return found
}

function chosenBuilds({ library, builds, node, own }: Options, command: Command): readonly Build[] {
  const isChosen = library !== undefined || builds !== undefined || node !== undefined
  try {
    const found = findBuilds({ libraries: library ?? [], folders: builds ?? [], nodes: node ?? [], system: !isChosen })
    const chosen = found.filter((build) => own || build.libssl !== undefined || build.node !== undefined)
    if (chosen.length === 0) command.error('error: there is no build to compare')
    return chosen
  } catch (error) {
    if (!(error instanceof ClosureError)) throw error
    return command.error(`error: ${[error.message, ...error.detail].join('; ')}`)
  }
}

function existingFolder(text: string, others: readonly string[] = []): readonly string[] {
  if (!existsSync(text)) throw new InvalidArgumentError('There is no such folder.')
  return [...others, text]
}

/** Found out before the run, not after it. */
function writableFile(text: string): string {
  if (!existsSync(path.dirname(path.resolve(text)))) throw new InvalidArgumentError('There is no such folder.')
  return text
}

// --- What to print ---

function print(text: string, { output }: Options): ExitCode {
  if (output === undefined) {
    process.stdout.write(text)
    return exitCodes.done
  }
  try {
    writeFileSync(output, text)
    return exitCodes.done
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`)
    return exitCodes.failed
  }
}

function rendered(comparison: Comparison, options: Options): string {
  if (options.json) return `${JSON.stringify(comparison, null, 2)}\n`
  if (options.csv) return renderCsv(comparison)
  if (options.markdown) return renderMarkdown(comparison)
  const { stdout } = process
  const isTerminal = stdout.isTTY && options.output === undefined
  return renderText(comparison, {
    width: isTerminal ? stdout.columns : Infinity,
    // hasColors() knows NO_COLOR.
    style: isTerminal && stdout.hasColors() ? colourStyle : plainStyle,
    allRows: options.allRows === true,
  })
}
