/** The policies that are measured, by the name of their side. The side `stock` has none, and no package either. */
import type { ClosurePolicy } from '../../../../lib/index.js'

export const policies = new Map<string, ClosurePolicy>([
  ['policy', { mode: 'unidirectional' }],
  // The same with a listener on 'closure' that reads each report as a whole.
  ['listened', { mode: 'unidirectional' }],
  ['bidirectional', { mode: 'bidirectional' }],
  ['strict', { mode: 'unidirectional', onTruncation: 'error' }],
])
