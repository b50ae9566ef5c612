import { stat } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { openJournal } from '../../../lib/lab/campaign/journal.js'
import { numberOf, startProgram, temporaryFolder } from './support.js'

test('300,000 targets are run in the memory that 50,000 need', { timeout: 150_000 }, async () => {
  const file = path.join(await temporaryFolder(), 'journal.ndjson')
  const heaps = await heapsAt(['campaign', 50_000, 300_000], file)
  // 250,000 targets lie between: 10 bytes kept of each would be a third of this.
  expect(numberOf(heaps[1], 'heapUsed') / numberOf(heaps[0], 'heapUsed')).toBeLessThan(1.5)
  expect((await stat(file)).size).toBeGreaterThan(300_000 * 20)

  // Reading them back keeps the fingerprints, which are outside of the heap.
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  const journal = await openJournal(file, { kind: 'test', settings: {} })
  globalThis.gc?.()
  expect(process.memoryUsage().heapUsed / before).toBeLessThan(1.5)
  expect(journal.resumed).toBe(300_000)
  await journal.close()
})

test('a million lines are read in the memory that 50,000 need', { timeout: 150_000 }, async () => {
  const heaps = await heapsAt(['hosts', 50_000, 1_000_000])
  expect(numberOf(heaps[1], 'heapUsed') / numberOf(heaps[0], 'heapUsed')).toBeLessThan(1.5)
})

async function heapsAt(args: readonly (string | number)[], journal = ''): Promise<readonly unknown[]> {
  const program = startProgram('many-targets.mjs', args, ['--expose-gc'], ['env', `JOURNAL=${journal}`])
  expect(await program.ended).toEqual({ code: 0, signal: null, stderr: '' })
  expect(program.facts).toHaveLength(args.length - 1)
  return program.facts
}
