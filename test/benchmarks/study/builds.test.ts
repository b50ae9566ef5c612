/** The question of builds: a short run judges its form and its sense, and each check is shown a wrong instrument. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { buildNames, fetched, fetchedBuilds } from '../../../benchmarks/study/builds/builds.js'
import { checksOf } from '../../../benchmarks/study/builds/checks.js'
import { builds } from '../../../benchmarks/study/builds/index.js'
import type { Samples } from '../../../benchmarks/study/builds/measure.js'
import {
  closeBothWays,
  connectPair,
  createContexts,
  freePair,
  isBidirectional,
  protocols,
} from '../../../benchmarks/study/builds/pairs.js'
import { sourceFile } from '../../../benchmarks/support/source-file.js'
import { childrenOf, commandOf } from '../../support/processes.js'
import { seededRandom } from '../../../benchmarks/support/random.js'
import { loadOpenSSL } from '../../../lib/openssl/index.js'

const missing = await fetched.missing()

test('the builds that are measured are those that can be fetched', () => {
  const script = sourceFile('scripts/libssl/fetch.mjs')
  const { stdout } = spawnSync(process.execPath, [script, '--json'], { encoding: 'utf8' })
  const known: unknown = JSON.parse(stdout)
  const names = Array.isArray(known) ? known.map((build: { readonly name: string }) => build.name) : []
  expect(fetchedBuilds).toEqual(names)
})

test.skipIf(missing !== undefined).each([0, 1])('block %i measures its cells on every build', async (at) => {
  const block = (await builds.blocks())[at]
  if (block === undefined) throw new Error('Expected a block')
  const seen: number[] = []
  const { cells, checks } = await block.run({
    random: seededRandom(at),
    scale: 0.001,
    warmUp: 0.001,
    signal: new AbortController().signal,
    progress: (fraction) => seen.push(fraction),
  })
  expect(cells.map(({ parameters }) => parameters)).toEqual(block.cells)
  expect(seen.at(-1)).toBe(1)
  for (const { measures } of cells) {
    expect(Object.keys(measures)).toEqual(['shutdown', 'close', 'quiet', 'get'])
    for (const measure of Object.values(measures)) expect(measure).toMatchObject({ unit: 'us', count: 8 })
  }
  // So few samples may be out of order.
  const others = checks.filter(({ name }) => !name.startsWith('a close costs more'))
  expect(checks).toHaveLength(4 * buildNames.length)
  expect(others.filter(({ passed }) => !passed)).toEqual([])

  const { presentation } = builds
  expect(presentation.table(cells).rows).toHaveLength(buildNames.length)
  expect(presentation.answer([])).toBe('Not enough was measured to answer.')
  expect(presentation.charts([])).toEqual([])
})

test.skipIf(missing !== undefined)('a block that is aborted ends its processes and throws the reason', async () => {
  const [block] = await builds.blocks()
  const abort = new AbortController()
  const reason = new Error('as the test wants it')
  const run = block?.run({
    random: seededRandom(1),
    scale: 1,
    warmUp: 1,
    signal: abort.signal,
    progress: () => abort.abort(reason),
  })
  await expect(run).rejects.toBe(reason)
  expect(
    childrenOf(process.pid)
      .map(commandOf)
      .filter((command) => command.includes('build-process.js')),
  ).toEqual([])
})

const openssl = loadOpenSSL()

test.each(protocols)('a close of %s in memory is two records and two alerts on each side', (protocol) => {
  const pair = connectPair(createContexts(openssl, protocol))
  expect(closeBothWays(pair)).toBe(2)
  expect(isBidirectional(pair)).toBe(true)
  freePair(pair)
})

test.each([
  ['loses the answer', (bytes: Buffer, pass: number) => (pass === 0 ? bytes : Buffer.alloc(0)), 1],
  ['loses the first alert', (bytes: Buffer, pass: number) => (pass === 0 ? Buffer.alloc(0) : bytes), 1],
  ['loses all', () => Buffer.alloc(0), 0],
])('a network that %s is no bidirectional close', (_name, carry, records) => {
  const pair = connectPair(createContexts(openssl, 'TLSv1.3'))
  let passes = 0
  expect(closeBothWays(pair, (bytes) => carry(bytes, passes++))).toBe(records)
  expect(isBidirectional(pair)).toBe(false)
  freePair(pair)
})

const sound: Samples = {
  build: { name: 'openssl-3.0', expected: 'OpenSSL 3.0.2', found: 'OpenSSL 3.0.2 15 Mar 2022' },
  get: [0.1, 0.1],
  quiet: [0.1, 0.1],
  shutdown: [2, 2.2],
  close: [6, 7],
  closes: 40,
  bidirectional: 40,
  records: 80,
}

test('the checks pass what is sound', () => {
  expect(checksOf([sound], 'TLSv1.3').filter(({ passed }) => !passed)).toEqual([])
})

test.each<[string, Partial<Samples>]>([
  ['the library is the one that was meant', { build: { ...sound.build, found: 'OpenSSL 3.0.20 7 Apr 2026' } }],
  ['each close is bidirectional', { bidirectional: 39 }],
  ['a close passes two records', { records: 120 }],
  ['a close costs more than its first call, and that more than a call that does nothing', { close: [1, 2] }],
  ['a close costs more than its first call, and that more than a call that does nothing', { quiet: [3, 3] }],
])('the check that %s fails a wrong instrument', (name, wrong) => {
  const failed = checksOf([{ ...sound, ...wrong }], 'TLSv1.2').filter(({ passed }) => !passed)
  expect(failed.map((check) => check.name)).toEqual([name])
})
