// A million engine shutdowns leave memory flat: what the process holds at half time is compared with what it holds at
// the end, after a collection each.
import { expect, test } from 'vitest'
import { builds } from './builds.js'
import { runEngineProgram } from './programs.js'

const mebibyte = 1024 * 1024
// In the second half a million shutdowns make 500,000: one object kept of each would be 8 MiB of heap at the very
// least.
const heapBound = 2 * mebibyte
// The size of the process wanders by a few MiB. 32 bytes of malloc kept of each shutdown would be 16 MiB, and one SSL
// of each pair that is made 50 MiB or more.
const rssBound = 10 * mebibyte

const loadable = builds.map(({ name, openssl }) => ({ name, libssl: openssl.libssl ?? '' }))

test.each([
  ['a million shutdowns of a pair that is reopened', 'reopened', 1_000_000],
  ['5,000 pairs that are made, closed both ways and freed', 'made', 10_000],
  ['2,000 pairs that are made, closed both ways and dropped', 'dropped', 4000],
])('%s leave memory flat', { timeout: 150_000 }, async (_what, name, shutdowns) => {
  const { heap, rss } = await growthInSecondHalf(name, shutdowns)
  expect(heap).toBeLessThan(heapBound)
  expect(rss).toBeLessThan(rssBound)
})

test('the measure sees one event that is kept of each pair of shutdowns', async () => {
  const { heap } = await growthInSecondHalf('reopened', 100_000, 'event')
  expect(heap).toBeGreaterThan(heapBound)
})

test('the measure sees one SSL that is kept of each pair', async () => {
  const { rss } = await growthInSecondHalf('made', 2000, 'ssl')
  expect(rss).toBeGreaterThan(rssBound)
})

test.each(loadable)('on $name dropped objects go with the garbage, whatever waits in them', async ({ libssl }) => {
  const [grown, told] = await runEngineProgram('drops-memory.mjs', [libssl], { execArgv: ['--expose-gc'] })
  // 600 MB each were dropped.
  for (const kind of ['input', 'input that pump left', 'output', 'input in small pieces']) {
    expect(numberIn(grown, kind), kind).toBeLessThan(300)
  }
  expect(told).toEqual({ more: true, queues: true, afterFree: 0, dropped: true, afterGarbage: 0 })
})

test.each(loadable)(
  'on $name a call that runs out of memory throws a typed error, and its SSL lives',
  async (build) => {
    const [outcomes] = await runEngineProgram('runs-out-of-memory.mjs', [build.libssl], {
      execArgv: ['--single-threaded'],
    })
    expect(outcomes).toEqual({
      receive: ['ERR_CLOSURE_OUT_OF_MEMORY', 'hello'],
      write: ['ERR_CLOSURE_OUT_OF_MEMORY', 'hello'],
      pump: ['ERR_CLOSURE_OUT_OF_MEMORY', 'ERR_OPENSSL_STATE'],
    })
  },
)

interface Growth {
  readonly heap: number
  readonly rss: number
}

async function growthInSecondHalf(name: string, shutdowns: number, leak = ''): Promise<Growth> {
  const args = ['', name, String(shutdowns), leak]
  const [facts] = await runEngineProgram('shuts-down-a-million-times.mjs', args, { execArgv: ['--expose-gc'] })
  expect(numberIn(facts, 'shutdowns')).toBe(shutdowns)
  const given: unknown = Reflect.get(Object(facts), 'samples')
  const samples: readonly unknown[] = Array.isArray(given) ? given : []
  const [middle, end] = [samples[4], samples[9]]
  // Buffers, which V8 holds outside its heap, count as heap.
  const heapOf = (sample: unknown): number => numberIn(sample, 'heap') + numberIn(sample, 'external')
  return { heap: heapOf(end) - heapOf(middle), rss: numberIn(end, 'rss') - numberIn(middle, 'rss') }
}

function numberIn(facts: unknown, name: string): number {
  const value: unknown = Reflect.get(Object(facts), name)
  if (typeof value !== 'number') throw new Error(`Expected a number for ${name} in ${JSON.stringify(facts)}`)
  return value
}
