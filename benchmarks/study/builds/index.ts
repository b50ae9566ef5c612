/** What closing costs in libssl itself, on one build and another: in memory, without a socket. */
import type { Cell } from '../cell.js'
import { distribution, present } from '../measures.js'
import type { Block, BlockResult, Question, RunContext } from '../question.js'
import { buildNames, fetched, type RunningBuild, startBuild } from './builds.js'
import { checksOf } from './checks.js'
import { batch, measure, type Samples } from './measure.js'
import { protocols } from './pairs.js'
import type { Protocol } from './pairs.js'
import { buildsPresentation } from './presentation.js'

const definitions = {
  build:
    "the libssl that is called, in a process of its own; own: Node's. Debian's builds, but for that, and the same " +
    'calls of it through the addon of this package',
  shutdown: `us per SSL_shutdown that sends close_notify, the first of its connection: the mean of ${batch}`,
  close:
    `us per whole bidirectional close: SSL_shutdown, SSL_read and SSL_shutdown of the peer, SSL_shutdown again, and ` +
    `the copying of both records; the mean of ${batch}`,
  quiet: 'us per quiet SSL_shutdown, which sends nothing: what the call alone costs, addon and JavaScript included',
  get: 'us per SSL_get_shutdown, which reads a flag, called as a method',
}

export const builds: Question = {
  name: 'builds',
  title: 'What closing costs in libssl itself, by build',
  definitions,
  alikeOver: ['protocol', 'build'],
  blocks: () => protocols.map(block),
  presentation: buildsPresentation,
}

function block(protocol: Protocol): Block {
  return {
    id: `builds protocol=${protocol}`,
    cells: buildNames.map((build) => ({ protocol, build })),
    needs: [fetched],
    seconds: 43,
    visits: 3,
    run: (context) => run(protocol, context),
  }
}

async function run(protocol: Protocol, context: RunContext): Promise<BlockResult> {
  const running: RunningBuild[] = []
  try {
    for (const name of buildNames) {
      context.signal.throwIfAborted()
      running.push(await startBuild(name, () => {}))
    }
    const samples = await measure(running, protocol, context)
    return { cells: samples.map((one) => cellOf(one, protocol, context.random)), checks: checksOf(samples, protocol) }
  } finally {
    await Promise.all(running.map(({ child }) => child.stop()))
  }
}

function cellOf(samples: Samples, protocol: Protocol, random: () => number): Cell {
  // All builds are as much faster or slower as the machine is; the figures of one round differ by far more.
  const kind = { unit: 'us', better: 'lower', precision: { relative: 0.5, absolute: 0 } } as const
  const time = (values: readonly number[]) => distribution(values, kind, random)
  // Of calls that do nothing the clock's own part is large.
  const floor = { ...kind, precision: { relative: 0.5, absolute: 0.05 } }
  const floorTime = (values: readonly number[]) => distribution(values, floor, random)
  const { shutdown, close, quiet, get } = samples
  return {
    question: 'builds',
    parameters: { protocol, build: samples.build.name },
    measures: present({ shutdown: time(shutdown), close: time(close), quiet: floorTime(quiet), get: floorTime(get) }),
  }
}
