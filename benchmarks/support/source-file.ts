import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

// Two levels up is dist where this file is compiled, and the repository where a test imports the source.
const above = new URL('../../', import.meta.url)
const root = existsSync(new URL('package.json', above)) ? above : new URL('../', above)

/** The path of a file of the repository that TypeScript does not compile, by its path from the root: C, Python. */
export function sourceFile(path: string): string {
  return fileURLToPath(new URL(path, root))
}
