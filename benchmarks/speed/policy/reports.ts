import type { Worker } from '../worker.js'

/** Makes sure that a policy has reported each connection of its sample, and that stock Node was without one. */
export async function reportsOfAll(side: string, server: Worker, connections: number): Promise<void> {
  const [reports = Number.NaN] = await server.ask('reports')
  const expected = side === 'policy' ? connections : 0
  if (reports !== expected) throw new Error(`Expected ${expected} reports of the ${side} side, there were ${reports}`)
}
