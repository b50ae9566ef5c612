// Where this package lies: above this file, or, where a bundler has taken this code along, where it is installed for
// the bundle. No bundler takes the binary along by itself.
import { readFileSync } from 'node:fs'
import nodeModule from 'node:module'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The folder of this package, or undefined in a bundle for which none is installed. */
export function packageFolder(): string | undefined {
  const above = folderAbove(import.meta.url)
  if (above !== undefined && isPackage(above)) return above
  return bundles()
    .map(installedFor)
    .find((folder) => folder !== undefined)
}

/** The `require()` of this code; of a bundle the working directory's, where its format tells no file. */
export function requireHere(): (id: string) => unknown {
  return requireFrom(bundles()[0] ?? pathToFileURL('./').href)
}

/** createRequire(), but not by that name: webpack takes a call of it for its own, and fails at a path that it cannot know. */
export function requireFrom(file: string): NodeJS.Require {
  return nodeModule.createRequire(file)
}

// dist/lib/native/place.js in the package, lib/native/place.ts under the test runner. Bundles in the form of CommonJS
// know no URL.
function folderAbove(url: string | undefined): string | undefined {
  if (url === undefined || !url.startsWith('file:')) return undefined
  const above = path.resolve(fileURLToPath(new URL('../..', url)))
  return path.basename(above) === 'dist' ? path.dirname(above) : above
}

function isPackage(folder: string): boolean {
  try {
    const described: unknown = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
    return Reflect.get(Object(described), 'name') === 'close-notify'
  } catch {
    return false
  }
}

/** Files that this code may be a part of: webpack writes the URL of the source into its bundle, which may be gone. */
function bundles(): readonly string[] {
  return [import.meta.url, fileOfCommonJs(), process.argv[1]].filter(isFile)
}

function isFile(place: string | undefined): place is string {
  return place !== undefined && (place.startsWith('file:') || path.isAbsolute(place))
}

function fileOfCommonJs(): string | undefined {
  try {
    return __filename
  } catch {
    return undefined
  }
}

function installedFor(file: string): string | undefined {
  try {
    const folder = path.dirname(requireFrom(file).resolve('close-notify/package.json'))
    return isPackage(folder) ? folder : undefined
  } catch {
    return undefined
  }
}
