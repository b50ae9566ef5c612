/**
 * The libraries that only the program `close-notify` and SOCKS proxies need. They are optional peer dependencies: who takes
 * closure alone gets none of them, and who lacks one is told the command that installs it. As peers they are of any version,
 * for npm would refuse to install this package beside another version of one; the versions that will do are those that it is
 * developed with.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { packageJson } from './version.js'

type OptionalLibrary = 'cli-progress' | 'cli-table3' | 'commander' | 'socks'

const libraries: readonly OptionalLibrary[] = ['cli-progress', 'cli-table3', 'commander', 'socks']

export interface Lack {
  readonly library: OptionalLibrary
  /** The version that the program has installed for itself, which will not do; undefined where there is none. */
  readonly found: string | undefined
}

/** Those that cannot be loaded from here, or only in a version that will not do. */
export function lackingLibraries(): readonly Lack[] {
  const require = createRequire(import.meta.url)
  return libraries.flatMap((library) => {
    const found = versionOf(library, require)
    return found !== undefined && isWithin(found, rangeOf(library)) ? [] : [{ library, found }]
  })
}

/** `commander is not installed, cli-table3 is 0.5.0`. */
export function describeLacks(lacks: readonly Lack[]): string {
  const absent = lacks.filter(({ found }) => found === undefined).map(({ library }) => library)
  const others = lacks.flatMap(({ library, found }) =>
    found === undefined ? [] : [`${library} is of version ${found}`],
  )
  return [...(absent.length === 0 ? [] : [`${absent.join(', ')} not installed`]), ...others].join('; ')
}

/** The command that brings them: `npm install commander@^14.0.0`. */
export function installCommand(lacks: readonly Lack[]): string {
  const isOccupied = lacks.some(({ found }) => found !== undefined)
  const wanted = (isOccupied ? libraries : lacks.map(({ library }) => library)).map(
    (name) => `${name}@${rangeOf(name)}`,
  )
  return isOccupied ? npxWith(wanted) : commandFor(path.dirname(packageJson().file), wanted)
}

function rangeOf(library: OptionalLibrary): string {
  const ranges = packageJson().content['devDependencies']
  const range: unknown = typeof ranges === 'object' && ranges !== null ? Reflect.get(ranges, library) : undefined
  return typeof range === 'string' ? range : '*'
}

// Not every library lets its package.json be resolved.
function versionOf(library: OptionalLibrary, require: NodeJS.Require): string | undefined {
  try {
    for (let folder = path.dirname(require.resolve(library)); ; folder = path.dirname(folder)) {
      const file = path.join(folder, 'package.json')
      const content: unknown = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
      const isPackage = typeof content === 'object' && content !== null && 'name' in content && content.name === library
      if (isPackage) return 'version' in content ? String(content.version) : undefined
      if (folder === path.dirname(folder)) return undefined
    }
  } catch {
    return undefined
  }
}

/** Whether a version is within a range such as ^14.0.0 or ^0.6.5, of which the first number that is not 0 has to be the same. */
export function isWithin(version: string, range: string): boolean {
  const [found, least] = [version, range].map((text) => (/\d+(?:\.\d+)*/.exec(text)?.[0] ?? '').split('.').map(Number))
  if (found === undefined || least === undefined || !range.startsWith('^')) return true
  const fixed = least.findIndex((part) => part > 0)
  const at = least.findIndex((part, index) => found[index] !== part)
  return at === -1 || (at > fixed && (found[at] ?? 0) > (least[at] ?? 0))
}

/** The same for a package in that folder: npm's cache of npx is of one command, and a global folder has no package.json. */
export function commandFor(folder: string, wanted: readonly string[]): string {
  const beneath = path.dirname(folder)
  if (path.basename(beneath) !== 'node_modules') return 'npm ci'
  const place = path.dirname(beneath)
  if (place.split(path.sep).includes('_npx')) return npxWith(wanted)
  const isGlobal = path.basename(place) === 'lib' && !existsSync(path.join(place, 'package.json'))
  return `npm install ${isGlobal ? '--global ' : ''}${wanted.join(' ')}`
}

/** Beside what the program has installed. */
function npxWith(wanted: readonly string[]): string {
  return `npx ${['close-notify', ...wanted].map((name) => `--package=${name}`).join(' ')} close-notify`
}
