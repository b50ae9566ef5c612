/** undici in the versions that run here. */
import { createRequire } from 'node:module'
import * as undici from 'undici'
import { canLoadUndici8, undici8 } from '../support/undici8.js'

export type Undici = typeof undici

function isUndici(value: unknown): value is Undici {
  return typeof value === 'object' && value !== null && 'Agent' in value && 'buildConnector' in value
}

function loadUndici8(): Undici {
  const loaded: unknown = createRequire(import.meta.url)(undici8())
  if (!isUndici(loaded)) throw new TypeError('Expected undici')
  return loaded
}

/** The global fetch of each Node takes either one's Agent. */
export const undicis: readonly (readonly [string, Undici])[] = [
  ['undici 7', undici],
  ...(canLoadUndici8 ? [['undici 8', loadUndici8()] as const] : []),
]
