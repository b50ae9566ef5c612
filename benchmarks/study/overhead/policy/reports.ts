import { setTimeout as sleep } from 'node:timers/promises'
import type { ClosureControl } from '../../../../lib/index.js'
import { readWhole } from './reading.js'
import type { Worker } from '../numbers.js'

/**
 * The worker's half: listens to its controls where the side does, and returns the answer to `reports`, when the last
 * connection has closed: how many there were, how many of them clean, and how many the listener has read.
 */
export function collectReports(side: string, controls: readonly ClosureControl[]): () => Promise<readonly number[]> {
  let read = 0
  let sum = 0
  for (const control of side === 'listened' ? controls : []) {
    control.on('closure', (report) => {
      sum += readWhole(report)
      read++
    })
  }
  return async () => {
    let reports = 0
    let clean = 0
    // Those of single sockets are many, and come while the program runs.
    for (const control of controls) {
      while (control.connections > 0) await sleep(10)
      const { counters } = control
      reports += Object.values(counters).reduce((total, count) => total + count, 0)
      clean += counters.clean
    }
    return [reports, clean, sum > 0 ? read : 0]
  }
}

/** Makes sure that a policy has reported each connection of its sample as it should, and that stock Node was without one. */
export async function reportsOfAll(side: string, worker: Worker, connections: number): Promise<void> {
  const [reports = Number.NaN, clean = Number.NaN, read = Number.NaN] = await worker.ask('reports')
  const expected = side === 'stock' ? 0 : connections
  if (reports !== expected) throw new Error(`Expected ${expected} reports of the ${side} side, there were ${reports}`)
  if (side === 'listened' && read !== expected) throw new Error(`Expected ${expected} reports to be read, ${read} were`)
  if (side === 'bidirectional' && clean !== expected)
    throw new Error(`Expected ${expected} peers to answer, ${clean} did`)
}
