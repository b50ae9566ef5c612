/** What closureOf() costs with few and with many SSLs in the process. */
import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { shuffle } from 'simple-statistics'
import { type Child, moduleCommand, startChild } from '../../../support/child.js'
import { sourceFile } from '../../../support/source-file.js'
import type { Cell, Check } from '../../cell.js'
import { amount, distribution, present } from '../../measures.js'
import type { Block, BlockResult, Need, RunContext } from '../../question.js'
import { withChildren } from '../children.js'
import { numbersOf } from '../numbers.js'
import { medianOf, ratios } from '../ratios.js'

export const liveCounts = [10, 100, 1000, 10_000, 100_000]

/** So many calls make a sample, and their median is a value of the ratio. */
const calls = 20
const rounds = 30
/** Also in a short run, for code that is not optimised yet costs more. */
const warmUpRounds = 10
const few = 10

const program = pathToFileURL(sourceFile('dist/benchmarks/study/overhead/live/live-process.js'))

/** A handshake takes a while: of more than 1,000 SSLs some are done with it, and that of the others never ends. */
export function securedOf(live: number): number {
  return Math.max(Math.min(live, 1000), live / 10)
}

/** Measured: 45 KB per SSL that is done with its handshake, 20 KB for each other one, and as much again for V8. */
const memoryFor100k: Need = {
  name: '5 GiB of memory',
  async missing() {
    const free = await availableBytes()
    if (free === undefined || free >= 5 * 2 ** 30) return undefined
    return `100,000 SSLs need 5 GiB of free memory, and there are ${(free / 2 ** 30).toFixed(1)}: leave it out`
  },
}

async function availableBytes(): Promise<number | undefined> {
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '')
  const [, kibibytes] = /^MemAvailable:\s+(\d+) kB/m.exec(text) ?? []
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024
}

/** A process with so many SSLs, and one with 10 beside it: for 10 itself that is the same side twice. */
export function liveBlock(live: number): Block {
  return {
    id: `overhead topic=closureOf live=${live}`,
    cells: [{ topic: 'closureOf', live }],
    needs: live >= 100_000 ? [memoryFor100k] : [],
    seconds: Math.round(6.5 + securedOf(live) * 0.0003 + (live - securedOf(live)) * 0.0001),
    // The greatest takes as long to make as all others together.
    visits: live > 10_000 ? 1 : 4,
    run: (context) => run(live, context),
  }
}

function run(live: number, context: RunContext): Promise<BlockResult> {
  const starts = [few, live].map((count) => () => {
    const command = moduleCommand(program, [securedOf(count), count - securedOf(count)], ['--max-old-space-size=6144'])
    return startChild({ name: `closureOf with ${count} SSLs`, command })
  })
  return withChildren(starts, context.signal, async ([base, measured]) => {
    if (base === undefined || measured === undefined) throw new Error('Expected two processes')
    return measure({ live, base, measured }, context)
  })
}

interface Processes {
  readonly live: number
  readonly base: Child
  readonly measured: Child
}

async function measure({ live, base, measured }: Processes, context: RunContext): Promise<BlockResult> {
  const { random, scale } = context
  const [, met = Number.NaN] = await Promise.all([base, measured].map(async (one) => Number(await one.ask('prepare'))))
  const first = Number(await measured.ask('first'))
  const counted = Math.max(3, Math.round(rounds * scale))
  const times: Record<'base' | 'measured', (readonly number[])[]> = { base: [], measured: [] }
  for (let round = -warmUpRounds; round < counted; round += 1) {
    for (const side of shuffle(['base', 'measured'] as const, random)) {
      const child = side === 'base' ? base : measured
      const sample = numbersOf(await child.ask('sample', calls))
      if (round >= 0) times[side].push(sample)
    }
    context.progress((round + warmUpRounds + 1) / (counted + warmUpRounds))
  }
  const medians = { base: times.base.map(medianOf), measured: times.measured.map(medianOf) }
  const cell: Cell = {
    question: 'overhead',
    parameters: { topic: 'closureOf', live },
    measures: present({
      time: distribution(times.measured.flat(), { unit: 'us', better: 'lower' }, random),
      ratio: distribution(ratios(medians.measured, medians.base), { unit: 'ratio', better: 'lower' }, random),
      // One figure, of the moment: not to be judged.
      first: amount(first, 'us', 'neither'),
    }),
  }
  return { cells: [cell], checks: [metAll(live, met)] }
}

/** What is not known to the addon is not looked among. */
export function metAll(live: number, met: number): Check {
  return {
    name: 'all SSLs are there',
    question: 'overhead',
    where: `overhead topic=closureOf live=${live}`,
    expected: `at least ${live} that the addon has met`,
    found: `${met}`,
    passed: met >= live,
  }
}
