// The builds that a command line names.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { ClosureError } from '../../errors.js'
import { findBuilds } from '../../lab/builds.js'
import type { Build } from '../../lab/builds.js'
import { matches } from './names.js'
import type { CompareOptions } from './options.js'

/** All that are found, or of them those that --build names. */
export function chosenBuilds(options: CompareOptions, command: Command): readonly Build[] {
  const found = foundBuilds(options, command)
  const { build: names, own } = options
  const chosen =
    names === undefined
      ? found.filter((build) => own !== false || !isOwn(build))
      : [...new Set(names.flatMap((name) => picked(name, found, command)))]
  if (chosen.length === 0) command.error('error: there is no build to compare')
  return chosen
}

/** The two of --from and --to; undefined where neither is given. */
export function replacementOf(
  options: CompareOptions,
  command: Command,
): { readonly from: Build; readonly to: Build } | undefined {
  if (options.from === undefined && options.to === undefined) {
    if (options.allSteps) command.error('error: --all-steps needs --from and --to')
    return undefined
  }
  if (options.from === undefined) return command.error('error: --to needs --from')
  if (options.to === undefined) return command.error('error: --from needs --to')
  const found = foundBuilds(options, command)
  const [from, to] = [oneNamed(options.from, found, command), oneNamed(options.to, found, command)]
  if (from.name === to.name) command.error(`error: --from and --to name two builds, not '${from.name}' twice`)
  return { from, to }
}

function foundBuilds({ library, builds, node }: CompareOptions, command: Command): readonly Build[] {
  const isChosen = library !== undefined || builds !== undefined || node !== undefined
  return orRefuse(command, () =>
    findBuilds({
      libraries: library ?? [],
      folders: builds ?? (isChosen ? [] : fetched()),
      nodes: node ?? [],
      system: !isChosen,
    }),
  )
}

/** The folder that scripts/libssl/fetch.mjs fills, where this program is that of a checkout. */
function fetched(): readonly string[] {
  const folders = foldersAbove(path.dirname(fileURLToPath(import.meta.url)))
  return folders
    .map((folder) => path.join(folder, '.cache', 'libssl'))
    .filter((folder) => existsSync(folder))
    .slice(0, 1)
}

function foldersAbove(folder: string): readonly string[] {
  const parent = path.dirname(folder)
  return parent === folder ? [] : [parent, ...foldersAbove(parent)]
}

function picked(pattern: string, found: readonly Build[], command: Command): readonly Build[] {
  const named = found.filter((build) => matches(build.name, pattern) || (pattern === ownName && isOwn(build)))
  return named.length > 0 ? named : command.error(unknownName(pattern, found))
}

function oneNamed(name: string, found: readonly Build[], command: Command): Build {
  const named =
    found.find((build) => build.name === name || (name === ownName && isOwn(build))) ??
    found.find(({ node }) => node === path.resolve(name))
  if (named !== undefined) return named
  if (!existsSync(name)) return command.error(unknownName(name, found))
  const [, library] = orRefuse(command, () => findBuilds({ libraries: [name] }))
  return library ?? command.error(unknownName(name, found))
}

/** The build of the Node that runs this. */
const ownName = 'node'

function isOwn({ libssl, node }: Build): boolean {
  return libssl === undefined && node === undefined
}

function unknownName(name: string, found: readonly Build[]): string {
  const names = found.map((build) => build.name).join(', ')
  return `error: expected the name of a build (${names}), ${ownName}, or a path of a libssl, but received '${name}'`
}

function orRefuse<T>(command: Command, find: () => T): T {
  try {
    return find()
  } catch (error) {
    if (!(error instanceof ClosureError)) throw error
    return command.error(`error: ${[error.message, ...error.detail].join('; ')}`)
  }
}
