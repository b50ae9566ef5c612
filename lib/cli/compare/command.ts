// `close-notify compare`: what is run, and in which form it is printed.
import process from 'node:process'
import { Command } from 'commander'
import { ClosureError } from '../../errors.js'
import { findBuilds } from '../../lab/builds.js'
import type { Build } from '../../lab/builds.js'
import { compareBuilds } from '../../lab/compare/compare.js'
import type { Comparison } from '../../lab/compare/comparison.js'
import { scenarios as allScenarios } from '../../lab/scenarios/suites/index.js'
import type { Scenario } from '../../lab/scenarios/types.js'
import { exitCodes } from '../exit-codes.js'
import type { ExitCode } from '../exit-codes.js'
import { interruptible } from '../interruption.js'
import { addOptions } from '../options.js'
import { layoutOf, print } from '../output.js'
import { displayProgress } from '../progress.js'
import { packageVersion } from '../../lab/version.js'
import { bothVersions, compareOptions } from './options.js'
import type { CompareOptions } from './options.js'
import { renderCsv } from './render/csv.js'
import { renderList } from './render/list.js'
import { renderMarkdown } from './render/markdown.js'
import { isComplete } from './render/problems.js'
import { renderText } from './render/text.js'

const examples = `
Without --library, --builds and --node it compares the libssl of Node itself with those of the system.

Examples:
  close-notify compare --list
  close-notify compare --library /opt/openssl-4.0/lib/libssl.so.4
  close-notify compare --builds .cache/libssl --scenario 'lab-*' --tls TLSv1.3 --all-rows
  close-notify compare --builds .cache/libssl --json --output comparison.json

Exit codes: 0 all was run, whether or not builds differ; 1 a build could not be loaded, or a scenario
not be carried out (the others are shown); 2 wrong options; 130 interrupted.
Signs: what differs from most builds is coloured on a terminal, and has a * elsewhere or with NO_COLOR.`

export function compareCommand(done: (code: ExitCode) => void): Command {
  const command = new Command('compare')
    .summary('run scenarios of closing over libssl builds and show what differs')
    .description(
      'Runs the same scenarios of closing over several libssl builds, each in a process of its own, and shows what ' +
        'differs.',
    )
    .addHelpText('after', examples)
    .action(async (options: CompareOptions) => done(await run(options, command)))
  return addOptions(command, compareOptions)
}

async function run(options: CompareOptions, command: Command): Promise<ExitCode> {
  const scenarios = chosenScenarios(options, command)
  const builds = chosenBuilds(options, command)
  if (options.list) return print(renderList(scenarios, builds), options.output)

  const progress = displayProgress(process.stderr, 'runs of scenarios')
  const date = new Date().toISOString()
  const versions = options.tls === undefined ? bothVersions : [options.tls]
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
  const printed = print(rendered(comparison, options), options.output)
  return isComplete(comparison) ? printed : exitCodes.failed
}

// --- What to run ---

function chosenScenarios({ scenario: names, tls }: CompareOptions, command: Command): readonly Scenario[] {
  const matching = names === undefined ? allScenarios : names.flatMap((name) => scenariosNamed(name, command))
  const chosen = allScenarios.filter(
    (scenario) => matching.includes(scenario) && (tls === undefined || scenario.versions.includes(tls)),
  )
  if (chosen.length === 0) command.error(`error: none of these scenarios is for ${tls ?? 'any version'}`)
  return chosen
}

function scenariosNamed(pattern: string, command: Command): readonly Scenario[] {
  const expression = new RegExp(`^${pattern.replaceAll(/[^\w*-]/g, '\\$&').replaceAll('*', '.*')}$`)
  const found = allScenarios.filter(({ name }) => expression.test(name))
  if (found.length === 0) command.error(`error: no scenario is called '${pattern}'; --list shows those there are`)
  return found
}

function chosenBuilds({ library, builds, node, own }: CompareOptions, command: Command): readonly Build[] {
  const isChosen = library !== undefined || builds !== undefined || node !== undefined
  try {
    const found = findBuilds({ libraries: library ?? [], folders: builds ?? [], nodes: node ?? [], system: !isChosen })
    const chosen = found.filter((build) => own !== false || build.libssl !== undefined || build.node !== undefined)
    if (chosen.length === 0) command.error('error: there is no build to compare')
    return chosen
  } catch (error) {
    if (!(error instanceof ClosureError)) throw error
    return command.error(`error: ${[error.message, ...error.detail].join('; ')}`)
  }
}

// --- What to print ---

function rendered(comparison: Comparison, { json, csv, markdown, output, allRows }: CompareOptions): string {
  if (json) return `${JSON.stringify(comparison, null, 2)}\n`
  if (csv) return renderCsv(comparison)
  if (markdown) return renderMarkdown(comparison)
  return renderText(comparison, { ...layoutOf(output), allRows: allRows === true })
}
