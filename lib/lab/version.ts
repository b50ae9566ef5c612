import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export function packageVersion(): string {
  const version = packageJson().content['version']
  return typeof version === 'string' ? version : 'unknown'
}

/** This package's description, and where it lies: dist/lib/lab of the package, lib/lab under the test runner. */
export function packageJson(): { readonly file: string; readonly content: Readonly<Record<string, unknown>> } {
  const above = path.resolve(fileURLToPath(new URL('../..', import.meta.url)))
  const file = path.join(path.basename(above) === 'dist' ? path.dirname(above) : above, 'package.json')
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const isObject = typeof content === 'object' && content !== null
  return { file, content: isObject ? Object.fromEntries(Object.entries(content)) : {} }
}
