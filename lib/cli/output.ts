// Where a command prints: to stdout, or to the file that its option --output names.
import { appendFileSync, closeSync, existsSync, openSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { InvalidArgumentError } from 'commander'
import { exitCodes } from './exit-codes.js'
import type { ExitCode } from './exit-codes.js'
import { text } from './options.js'
import { colourStyle, plainStyle } from './style.js'
import type { Style } from './style.js'

/** The option, for the table of a command that has it. */
export const outputOption = text('--output <file>', 'write to this file instead of stdout').argParser(writableFile)

/** Found out before the command runs, not after it. */
export function writableFile(file: string): string {
  if (!existsSync(path.dirname(path.resolve(file)))) throw new InvalidArgumentError('There is no such folder.')
  return file
}

/** Prints to stdout, or to the file where one is named, and says on stderr why that cannot be written. */
export function print(content: string, file: string | undefined): ExitCode {
  if (file === undefined) {
    process.stdout.write(content)
    return exitCodes.done
  }
  try {
    writeFileSync(file, content)
    return exitCodes.done
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`)
    return exitCodes.failed
  }
}

interface Lines {
  /** @throws what the system says of the file; stdout tells by an event */
  write(line: string): void
  close(): void
}

/** Where lines are printed as they come: to stdout, or to the file where one is named, which has them at once. */
export function openLines(file: string | undefined): Lines {
  if (file === undefined) return { write: (line) => void process.stdout.write(line), close() {} }
  const descriptor = openSync(file, 'w')
  return { write: (line) => appendFileSync(descriptor, line), close: () => closeSync(descriptor) }
}

/** How text for people is laid out. */
export interface Layout {
  /** In columns; Infinity where there is no terminal. */
  readonly width: number
  readonly style: Style
}

/** The layout for what print() is given with the same file. */
export function layoutOf(file: string | undefined): Layout {
  const { stdout } = process
  const isTerminal = stdout.isTTY && file === undefined
  return {
    width: isTerminal ? stdout.columns : Infinity,
    // hasColors() knows NO_COLOR.
    style: isTerminal && stdout.hasColors() ? colourStyle : plainStyle,
  }
}
