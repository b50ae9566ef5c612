/** Runs the programs of this folder in processes of their own. */
import { canLoadUndici8 } from '../../support/undici8.js'
import { type Ended, runProgram } from '../../hazards/child.js'

export type { Ended } from '../../hazards/child.js'

export function runHere(name: string, options: object): Promise<Ended> {
  return runProgram(`../../policy/truncation/programs/${name}`, [JSON.stringify(options)])
}

/** undici 7 dies on Node 24 and later by itself, on a reader that is slow. */
export const undici = canLoadUndici8 ? 'undici8' : 'undici'

/** Every undici that this Node can load. */
export const installed = undici === 'undici' ? ['undici'] : ['undici', 'undici8']
