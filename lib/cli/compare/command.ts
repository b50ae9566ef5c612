// `close-notify compare`: what is run, and in which form it is printed.
import process from 'node:process'
import { Command } from 'commander'
import { ClosureError } from '../../errors.js'
import { changesBetween } from '../../lab/compare/changes.js'
import type { Changes } from '../../lab/compare/changes.js'
import { compareBuilds } from '../../lab/compare/compare.js'
import type { ComparePlan } from '../../lab/compare/compare.js'
import type { Comparison } from '../../lab/compare/comparison.js'
import { readScenarios } from '../../lab/scenarios/read.js'
import { scenarios as ownScenarios } from '../../lab/scenarios/suites/index.js'
import type { Scenario } from '../../lab/scenarios/types.js'
import { exitCodes } from '../exit-codes.js'
import type { ExitCode } from '../exit-codes.js'
import { interruptible } from '../interruption.js'
import { addOptions } from '../options.js'
import { layoutOf, print } from '../output.js'
import { displayProgress } from '../progress.js'
import { packageVersion } from '../../lab/version.js'
import { chosenBuilds, replacementOf } from './builds.js'
import { matches } from './names.js'
import { bothVersions, compareOptions } from './options.js'
import type { CompareOptions } from './options.js'
import { renderChangesAsMarkdown } from './render/changes-markdown.js'
import { renderChanges } from './render/changes-text.js'
import { renderCsv } from './render/csv.js'
import { renderList } from './render/list.js'
import { renderMarkdown } from './render/markdown.js'
import { isComplete, isCompleteChange } from './render/problems.js'
import { renderText } from './render/text.js'

const examples = `
Without --library, --builds and --node it compares the libssl of Node itself with those of the system,
and in a checkout with those that scripts/libssl/fetch.mjs has fetched.

Examples:
  close-notify compare --from openssl-3.0 --to openssl-3.5
  close-notify compare --from node --to /opt/openssl-4.0/lib/libssl.so.4
  close-notify compare --list
  close-notify compare --library /opt/openssl-4.0/lib/libssl.so.4
  close-notify compare --scenario 'lab-*' --tls TLSv1.3 --all-rows
  close-notify compare --json --output comparison.json

Exit codes: 0 all was run, whether or not builds differ; 1 a build could not be loaded, or a scenario
not be carried out (the others are shown); 2 wrong options; 130 interrupted.
Signs: what differs from most builds, or of two from the first, is coloured on a terminal, and has a *
elsewhere or with NO_COLOR.`

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
  const replacement = replacementOf(options, command)
  const scenarios = await chosenScenarios(options, command)
  const builds = replacement === undefined ? chosenBuilds(options, command) : [replacement.from, replacement.to]
  if (options.list) return print(renderList(scenarios, builds), options.output)

  const versions = options.tls === undefined ? bothVersions : [options.tls]
  const head = { format: 1, date: new Date().toISOString(), madeBy: madeBy() } as const
  if (replacement !== undefined) {
    const plan = { ...replacement, scenarios, versions }
    const changes = { ...head, ...(await withProgress((watched) => changesBetween({ ...plan, ...watched }))) }
    const printed = print(renderedChanges(changes, options), options.output)
    return isCompleteChange(changes) ? printed : exitCodes.failed
  }
  const plan = { builds, scenarios, versions }
  const comparison = { ...head, ...(await withProgress((watched) => compareBuilds({ ...plan, ...watched }))) }
  const printed = print(rendered(comparison, options), options.output)
  return isComplete(comparison) ? printed : exitCodes.failed
}

/** Shows how far it is, and ends it where somebody wants the program to end. */
function withProgress<T>(run: (watched: Pick<ComparePlan, 'signal' | 'onProgress'>) => Promise<T>): Promise<T> {
  const progress = displayProgress(process.stderr, 'runs of scenarios')
  const onProgress = (count: number, total: number): void => progress.show(count, total)
  return interruptible((signal) => run({ signal, onProgress })).finally(() => progress.stop())
}

function madeBy(): Comparison['madeBy'] {
  return {
    'close-notify': packageVersion(),
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
  }
}

// --- What to run ---

async function chosenScenarios(options: CompareOptions, command: Command): Promise<readonly Scenario[]> {
  const all = options.scenarios === undefined ? ownScenarios : await scenariosOf(options.scenarios, command)
  const { scenario: names, tls } = options
  const matching = names === undefined ? all : names.flatMap((name) => scenariosNamed(name, all, command))
  const chosen = all.filter(
    (scenario) => matching.includes(scenario) && (tls === undefined || scenario.versions.includes(tls)),
  )
  if (chosen.length === 0) command.error(`error: none of these scenarios is for ${tls ?? 'any version'}`)
  return chosen
}

async function scenariosOf(file: string, command: Command): Promise<readonly Scenario[]> {
  try {
    return await readScenarios(file)
  } catch (error) {
    if (!(error instanceof ClosureError)) throw error
    return command.error(`error: ${error.message}`)
  }
}

function scenariosNamed(pattern: string, all: readonly Scenario[], command: Command): readonly Scenario[] {
  const found = all.filter(({ name }) => matches(name, pattern))
  if (found.length === 0) command.error(`error: no scenario is called '${pattern}'; --list shows those there are`)
  return found
}

// --- What to print ---

function rendered(comparison: Comparison, { json, csv, markdown, output, allRows }: CompareOptions): string {
  if (json) return asJson(comparison)
  if (csv) return renderCsv(comparison)
  if (markdown) return renderMarkdown(comparison)
  return renderText(comparison, { ...layoutOf(output), allRows: allRows === true })
}

/** The head is that of a comparison; docs/compare.md has the form. */
function renderedChanges(
  changes: Pick<Comparison, 'format' | 'date' | 'madeBy'> & Changes,
  options: CompareOptions,
): string {
  const { json, markdown, output } = options
  const allSteps = options.allSteps === true
  if (json) return asJson(changes)
  if (markdown) return renderChangesAsMarkdown(changes, { allSteps })
  return renderChanges(changes, { ...layoutOf(output), allSteps })
}

function asJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
