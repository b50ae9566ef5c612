import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { ClosureError } from '../../errors.js'
import { checkScenarios } from './check.js'
import type { Scenario } from './types.js'

/**
 * The scenarios of a file: `.json` holds one or a list of them; an ES module (`.mjs`, `.js`) exports the same as
 * `scenarios` or by default. Rejects with ERR_LAB_SCENARIO where it cannot be read, or is not of the form of types.ts.
 */
export async function readScenarios(file: string): Promise<readonly Scenario[]> {
  return checkScenarios(await contentOf(file), file)
}

async function contentOf(file: string): Promise<unknown> {
  const extension = path.extname(file)
  if (!extensions.includes(extension)) {
    throw new ClosureError('ERR_LAB_SCENARIO', `${file}: expected a file that ends with ${extensions.join(', ')}`)
  }
  try {
    if (extension === '.json') return JSON.parse(await readFile(file, 'utf8'))
    const module: unknown = await import(pathToFileURL(path.resolve(file)).href)
    return exportOf(module)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ClosureError('ERR_LAB_SCENARIO', `${file}: it cannot be read: ${reason}`, { cause })
  }
}

const extensions: readonly string[] = ['.json', '.mjs', '.js']

function exportOf(module: unknown): unknown {
  if (typeof module !== 'object' || module === null) return undefined
  if ('scenarios' in module) return module.scenarios
  return 'default' in module ? module.default : undefined
}
