/**
 * The table of a command's options. Each stands there once, with how it is written, its meaning and the type of its
 * value; the help is printed from the table, and so is the type of what the command receives:
 *
 *     const options = { json: flag('--json', 'print everything as JSON') }
 *     type Options = OptionsOf<typeof options> // { readonly json?: true }
 */
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'

/** An option, and the type of its value. */
export interface TypedOption<Value> extends Option {
  /** For the compiler alone: nothing is ever there. */
  readonly valueType?: Value
}

/** By the name under which the value arrives: `allRows` for `--all-rows`, `own` for `--no-own`. */
type OptionTable = Readonly<Record<string, TypedOption<unknown>>>

/** An option that is not given is absent. */
export type OptionsOf<Table extends OptionTable> = {
  readonly [Name in keyof Table]?: Table[Name] extends TypedOption<infer Value> ? Value : never
}

export function addOptions(command: Command, table: OptionTable): Command {
  for (const [name, option] of Object.entries(table)) {
    if (option.attributeName() !== name) throw new TypeError(`The value of ${option.flags} does not arrive as ${name}`)
    command.addOption(option)
  }
  return command
}

/** True where it is given. */
export function flag(flags: `--${string}`, meaning: string): TypedOption<true> {
  return new Option(flags, meaning)
}

/** False where it is given, otherwise true. */
export function negation(flags: `--no-${string}`, meaning: string): TypedOption<boolean> {
  return new Option(flags, meaning)
}

export function text(flags: `--${string} <${string}>`, meaning: string): TypedOption<string> {
  return new Option(flags, meaning)
}

/** A whole number within a range. */
export function wholeNumber(
  flags: `--${string} <${string}>`,
  meaning: string,
  { least = 0, most = 2 ** 31 - 1 }: { readonly least?: number; readonly most?: number } = {},
): TypedOption<number> {
  return numberWithin(flags, meaning, { least, most, wrong: `A whole number of ${least} to ${most} is expected.` })
}

/** A whole number of something, 1 or more. */
export function count(flags: `--${string} <${string}>`, meaning: string): TypedOption<number> {
  const wrong = 'It has to be a whole number, 1 or more.'
  return numberWithin(flags, meaning, { least: 1, most: Number.MAX_SAFE_INTEGER, wrong })
}

function numberWithin(
  flags: string,
  meaning: string,
  { least, most, wrong }: { readonly least: number; readonly most: number; readonly wrong: string },
): TypedOption<number> {
  return new Option(flags, meaning).argParser((text: string) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (number >= least && number <= most) return number
    throw new InvalidArgumentError(wrong)
  })
}

/** Several texts: behind one option, or behind each of several. */
export function list(flags: `--${string} <${string}...>`, meaning: string): TypedOption<readonly string[]> {
  return new Option(flags, meaning)
}

export function choice<const Value extends string>(
  flags: `--${string} <${string}>`,
  meaning: string,
  values: readonly Value[],
): TypedOption<Value> {
  return new Option(flags, meaning).choices(values)
}

/** Several of a set: behind one option, or behind each of several. */
export function choices<const Value extends string>(
  flags: `--${string} <${string}...>`,
  meaning: string,
  values: readonly Value[],
): TypedOption<readonly Value[]> {
  return new Option(flags, meaning).choices(values)
}

/** The same of a set that is too large for the help, which says where it is listed. */
export function names<const Value extends string>(
  flags: `--${string} <${string}...>`,
  meaning: string,
  values: readonly Value[],
): TypedOption<readonly Value[]> {
  return new Option(flags, meaning).argParser((text: string, others?: readonly Value[]): readonly Value[] => {
    const value = values.find((each) => each === text)
    if (value === undefined) throw new InvalidArgumentError(`Allowed choices are ${values.join(', ')}.`)
    return [...(others ?? []), value]
  })
}

// --- Files that are read: what is wrong with them is found out before the command runs ---

/** The path of a file whose content is read. */
export function readableFile(file: string): string {
  if (statSync(existingFile(file)).isDirectory()) throw new InvalidArgumentError('It is a folder.')
  if (!mayRead(file)) throw new InvalidArgumentError('It cannot be read.')
  return file
}

/** The path of a file that somebody else reads, and tells what is wrong with: a library. */
export function existingFile(file: string): string {
  if (!existsSync(file)) throw new InvalidArgumentError('There is no such file.')
  return file
}

/** Paths of folders, one behind another. */
export function existingFolders(folder: string, others: readonly string[] = []): readonly string[] {
  if (!existsSync(folder)) throw new InvalidArgumentError('There is no such folder.')
  if (!statSync(folder).isDirectory()) throw new InvalidArgumentError('It is no folder.')
  return [...others, folder]
}

function mayRead(file: string): boolean {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch {
    return false
  }
}
