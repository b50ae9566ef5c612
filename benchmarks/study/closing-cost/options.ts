import { accessSync, constants, statSync } from 'node:fs'
import path from 'node:path'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { seedNumber } from '../../support/seed-option.js'

export interface Options {
  readonly rtts: readonly number[]
  /** Infinity for as many as the time allows. */
  readonly samples: number
  /** Infinity for as long as the samples take. */
  readonly seconds: number
  readonly seed: number
  /** Where to write the result, as an absolute path. */
  readonly json?: string
}

export type Parsed =
  | { readonly kind: 'run'; readonly options: Options }
  /** Everything was said already, by help or by an error message. */
  | { readonly kind: 'exit'; readonly code: 0 | 2 }

const defaultSeconds = 40

/** Reads the command line; help goes to stdout, errors go to stderr. */
export function parseOptions(args: readonly string[]): Parsed {
  const command = new Command('npm start --')
    .description(
      'Measures on this machine what quiet, unidirectional and bidirectional closing of a TLS connection ' +
        "cost beside Node's own end(), through a relay that adds a RTT, with a peer that answers and one that does not.",
    )
    .option('--rtt <list>', 'round trip times in ms that the relay adds, with commas between', rttList, [0, 10, 50])
    .option('--samples <n>', 'closings of each kind; with it, no time limit unless --seconds is given', positiveInteger)
    .option('--seconds <s>', `when to stop, without the warm-up (default: ${defaultSeconds})`, positiveNumber)
    .option('--seed <n>', 'seed of the order of the closings (default: from the clock)', seedNumber)
    .option('--json <file>', 'write everything that was measured to this file', writableFile)
    .exitOverride()
  try {
    command.parse(args, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) return { kind: 'exit', code: error.exitCode === 0 ? 0 : 2 }
    throw error
  }
  const given = command.opts<{ rtt: number[]; samples?: number; seconds?: number; seed?: number; json?: string }>()
  return {
    kind: 'run',
    options: {
      rtts: given.rtt,
      samples: given.samples ?? Infinity,
      seconds: given.seconds ?? (given.samples === undefined ? defaultSeconds : Infinity),
      seed: given.seed ?? Date.now() % 2 ** 32,
      ...(given.json !== undefined && { json: given.json }),
    },
  }
}

function rttList(text: string): number[] {
  const rtts = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)))
  if (!rtts.every((rtt) => rtt >= 0 && rtt <= 5000)) throw new InvalidArgumentError('Expected ms from 0 to 5000.')
  return [...new Set(rtts)]
}

function positiveInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number from 1 on.')
  return value
}

function positiveNumber(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value < Infinity)) throw new InvalidArgumentError('Expected a number above 0.')
  return value
}

/** Found out before the run, not after it. */
function writableFile(text: string): string {
  const file = path.resolve(text)
  try {
    accessSync(path.dirname(file), constants.W_OK)
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) throw new Error('it is a directory')
  } catch (error) {
    throw new InvalidArgumentError(`It cannot be written: ${error instanceof Error ? error.message : String(error)}.`)
  }
  return file
}
