/** Connections per second and bytes per second of servers without the package, with it, and under its policies. */
import { pathToFileURL } from 'node:url'
import { shuffle } from 'simple-statistics'
import { sourceFile } from '../../support/source-file.js'
import type { Cell, Check } from '../cell.js'
import { distribution, present } from '../measures.js'
import type { Block, BlockResult, RunContext } from '../question.js'
import { ratios } from './ratios.js'
import { type Sample, Sampler, type Servers } from './server-pairs.js'

/** Servers that do the same under the same load. */
export interface ServerTopic {
  readonly topic: 'tls connections' | 'https connections' | 'bytes'
  readonly server: string
  readonly client: string
  readonly clientArgs?: readonly string[]
  /** As they are in the cells, and as their servers name them. */
  readonly sides: Readonly<Record<string, string>>
  /** The sides of servers on which a policy reports each connection; the others report none. */
  readonly reporting: readonly string[]
  /** How much a sample is: connections, or MiB. Not less in a short run, for code that is not optimised yet costs more. */
  readonly size: number
  readonly rounds: number
  readonly seconds: number
}

export const serverTopics: readonly ServerTopic[] = [
  {
    topic: 'tls connections',
    server: './load/server-process.js',
    client: './load/client-process.js',
    sides: { stock: 'without', 'stock again': 'without', imported: 'with' },
    reporting: [],
    size: 1000,
    rounds: 10,
    seconds: 38,
  },
  {
    topic: 'https connections',
    server: './policy/server-process.js',
    client: './policy/client-process.js',
    clientArgs: ['close'],
    sides: {
      stock: 'stock',
      'stock again': 'stock',
      'policy, unidirectional': 'policy',
      'policy, bidirectional': 'bidirectional',
    },
    reporting: ['policy', 'bidirectional'],
    size: 2000,
    rounds: 6,
    seconds: 88,
  },
  {
    topic: 'bytes',
    server: './bulk/server-process.js',
    client: './bulk/client-process.js',
    sides: {
      stock: 'stock',
      'stock again': 'stock',
      imported: 'imported',
      'policy, unidirectional': 'policy',
      'policy, bidirectional': 'bidirectional',
    },
    reporting: ['policy', 'bidirectional'],
    size: 128,
    rounds: 10,
    seconds: 22,
  },
]

export function serverBlock(topic: ServerTopic): Block {
  return {
    id: `overhead topic=${topic.topic}`,
    cells: Object.keys(topic.sides).map((side) => ({ topic: topic.topic, side })),
    needs: [],
    seconds: topic.seconds,
    run: (context) => run(topic, context),
  }
}

/** How many connections of a sample were reported, of how many. */
export interface Reported {
  readonly side: string
  readonly connections: number
  readonly reports: number
}

async function run(topic: ServerTopic, context: RunContext): Promise<BlockResult> {
  const reported: Reported[] = []
  const sampler = new Sampler(serversOf(topic, reported), topic.size)
  const onAbort = (): void => void sampler.stop()
  context.signal.addEventListener('abort', onAbort)
  try {
    const samples = await measure(topic, sampler, context)
    return { cells: cellsOf(topic, samples, context.random), checks: [reportedAll(topic, reported)] }
  } catch (error) {
    context.signal.throwIfAborted()
    throw error
  } finally {
    context.signal.removeEventListener('abort', onAbort)
    await sampler.stop()
  }
}

function serversOf({ server, client, clientArgs = [] }: ServerTopic, reported: Reported[]): Servers {
  return {
    server: compiled(server),
    client: compiled(client),
    clientArgs,
    plain: 'stock',
    check: async (side, worker, connections) => {
      // A server that knows no policy has no answer.
      const [reports = 0] = await worker.ask('reports')
      reported.push({ side, connections, reports })
    },
  }
}

function compiled(module: string): URL {
  return pathToFileURL(sourceFile(`dist/benchmarks/study/overhead/${module}`))
}

type Samples = ReadonlyMap<string, Sample[]>

/** In each round each side has a sample, of processes of its own, in an order shuffled anew. */
async function measure(topic: ServerTopic, sampler: Sampler, context: RunContext): Promise<Samples> {
  const { random, scale, signal } = context
  const sides = Object.entries(topic.sides)
  const samples = new Map(sides.map(([name]): [string, Sample[]] => [name, []]))
  const counted = Math.max(1, Math.round(topic.rounds * scale))
  for (let round = 0; round < counted; round += 1) {
    for (const [name, side] of shuffle(sides, random)) {
      signal.throwIfAborted()
      samples.get(name)?.push(await sampler.take(side))
    }
    context.progress((round + 1) / counted)
  }
  return samples
}

function cellsOf({ topic }: ServerTopic, samples: Samples, random: () => number): readonly Cell[] {
  const cpuOf = (all: readonly Sample[]): number[] => all.flatMap(({ costs }) => costs.map(({ cpu }) => cpu))
  const base = samples.get('stock') ?? []
  const ratio = (values: readonly number[], of: readonly number[], better: 'lower' | 'higher') =>
    distribution(ratios(values, of), { unit: 'ratio', better }, random)
  return [...samples].map(([side, all]): Cell => {
    const rates = all.map(({ rate }) => rate)
    const isBase = side === 'stock'
    const baseRates = base.map(({ rate }) => rate)
    const why = 'it is what the others are compared with'
    return {
      question: 'overhead',
      parameters: { topic, side },
      measures: present({
        rate: distribution(rates, { unit: 'per second', better: 'higher' }, random),
        cpu: distribution(cpuOf(all), { unit: 'us', better: 'lower' }, random),
        rateRatio: isBase ? undefined : ratio(rates, baseRates, 'higher'),
        cpuRatio: isBase ? undefined : ratio(cpuOf(all), cpuOf(base), 'lower'),
      }),
      ...(isBase && { absent: { rateRatio: why, cpuRatio: why } }),
    }
  })
}

/** A policy that did not do its work would cost nothing. */
export function reportedAll({ topic, reporting }: ServerTopic, reported: readonly Reported[]): Check {
  const wrong = reported.filter(({ side, connections, reports }) => {
    return reports !== (reporting.includes(side) ? connections : 0)
  })
  const describe = ({ side, connections, reports }: Reported): string => `${reports} of ${connections} on ${side}`
  return {
    name: 'each connection under a policy has been reported, and no other',
    question: 'overhead',
    where: `overhead topic=${topic}`,
    expected: `all under ${reporting.length === 0 ? 'no policy' : reporting.join(' and ')}`,
    found: wrong.length === 0 ? `so it is, in ${reported.length} samples` : wrong.map(describe).join(', '),
    passed: wrong.length === 0 && reported.length > 0,
  }
}
