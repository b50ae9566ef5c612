/**
 * The cost of waiting for very many silent peers at once: a server under a bidirectional policy ends all its
 * connections in one turn, sends its alerts, waits in vain, and closes when the budget is over. Beside it stock Node,
 * which destroys them all in one turn, without a policy to be seen.
 *
 * Each sample has a fresh server process and a fresh process of peers, which finish the handshake and then neither
 * read, answer nor close. Measured in the server: the time until the last connection has closed and every file
 * descriptor is gone, and the longest stall of the event loop meanwhile. Sides alternate; A/A is a second sample of
 * stock Node.
 */
import { CannotRun, type Measurements, type Program, showProgress } from '../program.js'
import { startWorker, type Worker } from '../worker.js'

const description = {
  name: 'ten-thousand',
  question:
    'Closing connections with silent peers: bidirectionally, after the budget, relative to destroy() of stock Node',
  unit: 'connections per sample',
  size: 10_000,
}

const waitTimeout = 1000
const row = {
  time: 'time to close all, (policy - budget) / stock',
  stall: 'longest stall of the event loop, policy / stock',
}

type Side = 'stock' | 'policy'

interface Sample {
  readonly ms: number
  readonly stallMs: number
}

export const tenThousand: Program = {
  description,
  start: ({ size }, measurements) => {
    checkDescriptors(size)
    let workers: Worker[] = []
    const stop = async (): Promise<void> => {
      await Promise.all(workers.map((worker) => worker.stop()))
      workers = []
    }
    const sample = async (side: Side): Promise<Sample> => {
      const server = startWorker(
        new URL('./server-process.js', import.meta.url),
        [side, String(size), String(waitTimeout)],
        ['--expose-gc'],
      )
      workers.push(server)
      const [port = 0] = await server.ask('port')
      const peers = startWorker(new URL('./peers-process.js', import.meta.url), [String(port), String(size)])
      workers.push(peers)
      await peers.ask('connect')
      const [ms = Number.NaN, stallMs = Number.NaN, left = Number.NaN, timedOut = Number.NaN] =
        await server.ask('close')
      await stop()
      if (left !== 0) throw new Error(`Expected no file descriptor to be left on the ${side} side, there were ${left}`)
      const expected = side === 'policy' ? size : 0
      if (timedOut !== expected) throw new Error(`Expected ${expected} closings to time out, ${timedOut} did`)
      return { ms, stallMs }
    }
    measurements.facts['budget for the peer, in ms'] = waitTimeout
    const order = ['policy', 'stock', 'again'] as const
    return {
      step: async (pair) => {
        const samples: Partial<Record<(typeof order)[number], Sample>> = {}
        for (let i = 0; i < order.length; i++) {
          const turn = order[(i + pair) % order.length] ?? 'policy'
          showProgress(`${description.name}: pair ${pair + 1}, sample ${i + 1} of ${order.length}`)
          samples[turn] = await sample(turn === 'policy' ? 'policy' : 'stock')
        }
        record(measurements, samples)
        return ![row.time, row.stall].every((name) => measurements.isNarrow(name, 0.01))
      },
      stop,
    }
  },
}

function record(
  measurements: Measurements,
  { policy, stock, again }: Readonly<Partial<Record<'policy' | 'stock' | 'again', Sample>>>,
): void {
  if (policy === undefined || stock === undefined || again === undefined) return
  measurements.add(row.time, (policy.ms - waitTimeout) / stock.ms, 'at most 1.3')
  measurements.add('time to close all, A/A', again.ms / stock.ms)
  measurements.add(row.stall, policy.stallMs / stock.stallMs, 'at most 1')
  measurements.add('longest stall of the event loop, A/A', again.stallMs / stock.stallMs)
  measurements.add('ms to close all, policy', policy.ms)
  measurements.add('ms to close all, stock', stock.ms)
  measurements.add('ms of the longest stall, policy', policy.stallMs)
  measurements.add('ms of the longest stall, stock', stock.stallMs)
}

/** The server and the peers have a file descriptor for each connection, and some for themselves. */
function checkDescriptors(size: number): void {
  const needed = size + 100
  const limit = descriptorLimit()
  if (needed <= limit) return
  throw new CannotRun(
    `${size} connections need ${needed} open files in one process, and the limit here is ${limit}. Raise it and start ` +
      `again from the same shell (\`ulimit -n ${needed}\`, as root if that is refused), or give a --size of at most ` +
      `${Math.max(limit - 100, 0)}.`,
  )
}

/** How many open files a process may have. Node has raised its own limit as far as it may when it started. */
function descriptorLimit(): number {
  const report: unknown = process.report.getReport()
  const limits = memberOf(report, 'userLimits')
  const soft = memberOf(memberOf(limits, 'open_files'), 'soft')
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
