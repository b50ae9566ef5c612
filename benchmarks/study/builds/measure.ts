import { shuffle } from 'simple-statistics'
import type { RunContext } from '../question.js'
import type { RunningBuild } from './builds.js'
import type { Protocol } from './pairs.js'

/** Closes of each kind that are timed in one go. */
export const batch = 20
const rounds = 200
const warmUpRounds = 10

/** What one build has answered to: all samples, in us. */
export interface Samples {
  readonly build: Pick<RunningBuild, 'name' | 'expected' | 'found'>
  readonly get: number[]
  readonly quiet: number[]
  readonly shutdown: number[]
  readonly close: number[]
  closes: number
  bidirectional: number
  records: number
}

/** In each round each build takes a sample, one after the other, in an order shuffled anew. */
export async function measure(
  running: readonly RunningBuild[],
  protocol: Protocol,
  context: RunContext,
): Promise<readonly Samples[]> {
  const { random, scale, warmUp: warmUpScale, signal } = context
  const all = running.map((build) => ({ build, samples: emptySamples(build) }))
  const counted = Math.max(8, Math.round(rounds * scale))
  const warmUp = Math.max(2, Math.round(warmUpRounds * warmUpScale))
  for (let round = -warmUp; round < counted; round += 1) {
    for (const { build, samples } of shuffle(all, random)) {
      signal.throwIfAborted()
      const answer = await build.child.ask('sample', protocol, batch)
      if (round >= 0) add(samples, answer)
    }
    context.progress((round + warmUp + 1) / (counted + warmUp))
  }
  return all.map((one) => one.samples)
}

function emptySamples(build: RunningBuild): Samples {
  return { build, get: [], quiet: [], shutdown: [], close: [], closes: 0, bidirectional: 0, records: 0 }
}

function add(samples: Samples, answer: string): void {
  const [get, quiet, shutdown, close, bidirectional, records] = answer.split(' ').map(Number)
  if (get === undefined || quiet === undefined || shutdown === undefined || close === undefined)
    throw new Error(`Expected a sample but received "${answer}"`)
  samples.get.push(get)
  samples.quiet.push(quiet)
  samples.shutdown.push(shutdown)
  samples.close.push(close)
  samples.closes += batch
  samples.bidirectional += bidirectional ?? 0
  samples.records += records ?? 0
}
