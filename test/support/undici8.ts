/**
 * undici 8, which needs a later Node than `npm ci` has to bear, so that no package of this one is it: `scripts/runtimes/fetch.mjs`
 * puts it into .cache. As a global setup it has it fetched once, on a Node that can load it.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const command = ['scripts/runtimes/fetch.mjs', 'undici8']
const root = checkoutAbove(fileURLToPath(new URL('.', import.meta.url)))
const file = path.join(root, '.cache/runtimes/undici8/index.js')

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

/** Whether this Node can load it. */
export const canLoadUndici8 = major > 22 || (major === 22 && minor >= 19)

export default function fetchOnce(): void {
  if (canLoadUndici8 && !existsSync(file)) {
    spawnSync(process.execPath, command, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  }
}

/** The file to load. */
export function undici8(): string {
  if (!existsSync(file)) throw new Error(`Expected undici 8 at ${file}: node ${command.join(' ')}`)
  return file
}

// What the stress tests run is compiled into a folder of .cache.
function checkoutAbove(folder: string): string {
  const isCheckout = existsSync(path.join(folder, 'scripts/runtimes/fetch.mjs'))
  return isCheckout || folder === path.dirname(folder) ? folder : checkoutAbove(path.dirname(folder))
}
