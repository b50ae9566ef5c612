import { accessSync, constants, mkdirSync } from 'node:fs'
import path from 'node:path'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { seedNumber } from '../support/seed-option.js'
import { questionNames } from './cell.js'
import type { QuestionName } from './cell.js'
import { isQuestionName } from './result.js'

/** What the program was asked to do. */
export type Request =
  | { readonly kind: 'measure'; readonly options: MeasureOptions }
  | { readonly kind: 'list'; readonly questions: readonly QuestionName[]; readonly cells: readonly string[] }
  | { readonly kind: 'compare'; readonly files: readonly [string, string]; readonly tolerance: number }
  | { readonly kind: 'render'; readonly file: string; readonly out: string }
  | { readonly kind: 'markdown'; readonly file: string; readonly charts: string }
  | { readonly kind: 'exit'; readonly code: number }

export interface MeasureOptions {
  readonly questions: readonly QuestionName[]
  readonly cells: readonly string[]
  /** In seconds; undefined for a full run. */
  readonly time: number | undefined
  /** A block of each kind, with few samples. */
  readonly short: boolean
  /** Undefined where none was given: an unfinished run keeps its own, a new one takes one from the clock. */
  readonly seed: number | undefined
  /** The folder of the results. */
  readonly out: string
  readonly fresh: boolean
}

const examples = `
Examples:
  npm run study                                    all of it, at most 40 minutes
  npm run study -- --time 5                        all of it, with fewer samples
  npm run study -- --questions latency --cells rtt=10,protocol=TLSv1.3
  npm run study -- --compare old.json new.json     exit code 1 where something became worse

Ctrl-C saves what was measured; the same command goes on from there.`

/** Reads the command line; --help and mistakes are printed here. */
export function parseOptions(args: readonly string[]): Request {
  let request: Request = { kind: 'exit', code: 2 }
  const command = new Command('npm run study --')
    .description("Measures what waiting for the peer's close_notify costs, and what not waiting for it loses.")
    .option('--questions <list>', `of ${questionNames.join(', ')}, with commas between`, questionList, questionNames)
    .option('--cells <words>', 'only blocks with a cell that has these, such as rtt=10,side=end()', wordList, [])
    .option('--time <minutes>', 'take fewer samples, to be done after about so long', minutes)
    .option('--short', 'a block of each kind with few samples, for a CI: two minutes', false)
    .option('--seed <n>', 'of the order of all things (default: from the clock)', seedNumber)
    .option('--out <folder>', 'for study.json, study.html and the charts', writableFolder, 'study')
    .option('--fresh', 'begin anew where the folder holds an unfinished run', false)
    .option('--list', 'print the blocks and how long each takes, and measure nothing')
    .option('--render <file>', 'make page and charts of a study.json, and measure nothing')
    .option('--markdown <file>', 'print answers and tables of a study.json, and measure nothing')
    .option('--charts <folder>', 'with --markdown: the folder of the charts, as the text is to name it', 'charts')
    .option('--compare <files...>', 'print the ratios of two study.json, and measure nothing')
    .option('--tolerance <percent>', 'with --compare: what may become worse by so much', percent, 0)
    .addHelpText('after', examples)
    .exitOverride()
    .action((given: Given) => {
      request = requestOf(given, command)
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
  readonly questions: readonly QuestionName[]
  readonly cells: readonly string[]
  readonly time?: number
  readonly short: boolean
  readonly seed?: number
  readonly out: string
  readonly fresh: boolean
  readonly list?: boolean
  readonly render?: string
  readonly markdown?: string
  readonly charts: string
  readonly compare?: readonly string[]
  readonly tolerance: number
}

function requestOf(given: Given, command: Command): Request {
  const { questions, cells, fresh, time, short, seed } = given
  if (short && time !== undefined) command.error('error: --short and --time exclude each other')
  if (given.compare !== undefined) {
    const [before, after, ...others] = given.compare
    if (before === undefined || after === undefined || others.length > 0) {
      command.error(`error: --compare needs two files, the old one first; received ${given.compare.length}`)
    }
    return { kind: 'compare', files: [before, after], tolerance: given.tolerance }
  }
  if (given.markdown !== undefined) return { kind: 'markdown', file: given.markdown, charts: given.charts }
  if (given.render !== undefined) return { kind: 'render', file: given.render, out: folderOf(given, command) }
  if (given.list === true) return { kind: 'list', questions, cells }
  const out = folderOf(given, command)
  return { kind: 'measure', options: { questions, cells, time, short, seed, out, fresh } }
}

// Commander asks a check of what was given alone: the default is to be there, too.
function folderOf({ out }: Given, command: Command): string {
  try {
    return writableFolder(out)
  } catch (error) {
    command.error(`error: ${out}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function questionList(text: string): readonly QuestionName[] {
  return text.split(/\s*,\s*/).map((name) => {
    if (!isQuestionName(name)) throw new InvalidArgumentError(`Expected of ${questionNames.join(', ')}.`)
    return name
  })
}

/** A comma with a space behind it belongs to a word: 'side=policy, quiet'. */
function wordList(text: string): readonly string[] {
  const words = text.split(/,(?! )/).map((word) => word.trim())
  if (words.includes('')) throw new InvalidArgumentError('Expected words with commas between.')
  return [...new Set(words)]
}

function minutes(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value < Infinity)) throw new InvalidArgumentError('Expected minutes above 0.')
  return value * 60
}

function percent(text: string): number {
  const value = Number(text)
  if (!(value >= 0 && value < Infinity)) throw new InvalidArgumentError('Expected a number from 0 on.')
  return value / 100
}

/** Found out before the run, not after it. */
function writableFolder(text: string): string {
  const folder = path.resolve(text)
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
  } catch (error) {
    throw new InvalidArgumentError(`It cannot be written: ${error instanceof Error ? error.message : String(error)}.`)
  }
  return folder
}
