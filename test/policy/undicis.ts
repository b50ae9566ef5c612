/** undici in the versions that run here. */
import { createRequire } from 'node:module'
import * as undici from 'undici'

export type Undici = typeof undici

/** undici 8 needs a later Node; the global fetch of each Node takes either one's Agent. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const hasUndici8 = major > 22 || (major === 22 && minor >= 19)

function isUndici(value: unknown): value is Undici {
  return typeof value === 'object' && value !== null && 'Agent' in value && 'buildConnector' in value
}

function loadUndici8(): Undici {
  const loaded: unknown = createRequire(import.meta.url)('undici8')
  if (!isUndici(loaded)) throw new TypeError('Expected undici')
  return loaded
}

export const undicis: readonly (readonly [string, Undici])[] = [
  ['undici 7', undici],
  ...(hasUndici8 ? [['undici 8', loadUndici8()] as const] : []),
]
