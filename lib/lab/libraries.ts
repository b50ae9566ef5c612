/**
 * The libraries that only the program `close-notify` and SOCKS proxies need. They are optional peer dependencies: who takes
 * closure alone gets none of them, and who lacks one is told the command that installs it.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { packageJson } from './version.js'

export type OptionalLibrary = 'cli-progress' | 'cli-table3' | 'commander' | 'socks'

const libraries: readonly OptionalLibrary[] = ['cli-progress', 'cli-table3', 'commander', 'socks']

/** Those that cannot be loaded from here. */
export function lackingLibraries(): readonly OptionalLibrary[] {
  const require = createRequire(import.meta.url)
  return libraries.filter((name) => {
    try {
      require.resolve(name)
      return false
    } catch {
      return true
    }
  })
}

/** The command that installs some of them where this package is installed: `npm install commander@^14.0.0`. */
export function installCommand(names: readonly OptionalLibrary[]): string {
  const { file, content } = packageJson()
  const ranges = content['peerDependencies']
  const wanted = names.map((name) => `${name}@${rangeIn(ranges, name)}`)
  return commandFor(path.dirname(file), wanted)
}

function rangeIn(ranges: unknown, name: string): string {
  const range: unknown = typeof ranges === 'object' && ranges !== null ? Reflect.get(ranges, name) : undefined
  return typeof range === 'string' ? range : 'latest'
}

/** The same for a package in that folder: npm's cache of npx is of one command, and a global folder has no package.json. */
export function commandFor(folder: string, wanted: readonly string[]): string {
  const beneath = path.dirname(folder)
  if (path.basename(beneath) !== 'node_modules') return 'npm ci'
  const place = path.dirname(beneath)
  if (place.split(path.sep).includes('_npx')) {
    return `npx ${['close-notify', ...wanted].map((name) => `--package=${name}`).join(' ')} close-notify`
  }
  const isGlobal = path.basename(place) === 'lib' && !existsSync(path.join(place, 'package.json'))
  return `npm install ${isGlobal ? '--global ' : ''}${wanted.join(' ')}`
}
