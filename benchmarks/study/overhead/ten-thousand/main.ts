/**
 * The cost of waiting for very many silent peers at once: a server under a bidirectional policy ends all its
 * connections in one turn, sends its alerts, waits in vain, and closes when the budget is over. Beside it stock Node,
 * without a policy to be seen: the same `by hand`, with an end() of each and a destroy() after the same time; and
 * `stock`, which destroys them all in one turn, sends nothing and waits for nobody.
 *
 * Each sample has a fresh server process and a fresh process of peers, which finish the handshake and then neither
 * read, answer nor close. Measured in the server: the time until the last connection has closed and every file
 * descriptor is gone, and the longest stall of the event loop meanwhile. Sides alternate; A/A is a second sample of the
 * side behind the stroke.
 */
import { checkDescriptors } from '../descriptors.js'
import { type Measurements, type Program, showProgress } from '../program.js'
import { takeTurns } from '../turns.js'
import { startWorker, type Worker } from '../numbers.js'

const description = {
  name: 'ten-thousand',
  question:
    'Closing connections with silent peers: bidirectionally, relative to stock Node by hand, and to a bare destroy()',
  unit: 'connections per sample',
  size: 10_000,
}

const waitTimeout = 1000
const row = {
  whole: 'time to close all, policy / by hand',
  stallByHand: 'longest stall of the event loop, policy / by hand',
  time: 'time to close all, (policy - budget) / stock',
  stall: 'longest stall of the event loop, policy / stock',
}

type Side = 'stock' | 'by hand' | 'policy'

const turns = ['policy', 'by hand', 'by hand again', 'stock', 'stock again'] as const
const sideOf: Readonly<Record<(typeof turns)[number], Side>> = {
  policy: 'policy',
  'by hand': 'by hand',
  'by hand again': 'by hand',
  stock: 'stock',
  'stock again': 'stock',
}

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
      const server = await startWorker(
        new URL('./server-process.js', import.meta.url),
        [side, String(size), String(waitTimeout)],
        ['--expose-gc'],
      )
      workers.push(server)
      const [port = 0] = await server.ask('port')
      const peers = await startWorker(new URL('./peers-process.js', import.meta.url), [String(port), String(size)])
      workers.push(peers)
      await peers.ask('connect')
      const [ms = Number.NaN, stallMs = Number.NaN, left = Number.NaN, timedOut = Number.NaN] =
        await server.ask('close')
      await stop()
      if (left !== 0) throw new Error(`Expected no socket to be left on the ${side} side, there were ${left}`)
      const expected = side === 'policy' ? size : 0
      if (timedOut !== expected) throw new Error(`Expected ${expected} closings to time out, ${timedOut} did`)
      return { ms, stallMs }
    }
    measurements.facts['budget for the peer, in ms'] = waitTimeout
    return {
      step: async (pair) => {
        const of = await takeTurns(turns, pair, (turn, at) => {
          showProgress(`${description.name}: pair ${pair + 1}, sample ${at + 1} of ${turns.length}`)
          return sample(sideOf[turn])
        })
        record(measurements, of)
        return !Object.values(row).every((name) => measurements.isNarrow(name, 0.01))
      },
      stop,
    }
  },
}

function record(measurements: Measurements, of: (turn: (typeof turns)[number]) => Sample): void {
  const [policy, byHand, stock] = [of('policy'), of('by hand'), of('stock')]
  measurements.add(row.whole, policy.ms / byHand.ms, 'at most 1.1')
  measurements.add('time to close all, by hand, A/A', of('by hand again').ms / byHand.ms)
  measurements.add(row.stallByHand, policy.stallMs / byHand.stallMs, 'at most 1')
  measurements.add('longest stall of the event loop, by hand, A/A', of('by hand again').stallMs / byHand.stallMs)
  measurements.add(row.time, (policy.ms - waitTimeout) / stock.ms, 'at most 1.3')
  measurements.add('time to close all, A/A', of('stock again').ms / stock.ms)
  measurements.add(row.stall, policy.stallMs / stock.stallMs, 'at most 1')
  measurements.add('longest stall of the event loop, A/A', of('stock again').stallMs / stock.stallMs)
  for (const side of ['policy', 'by hand', 'stock'] as const) {
    measurements.add(`ms to close all, ${side}`, of(side).ms)
    measurements.add(`ms of the longest stall, ${side}`, of(side).stallMs)
  }
}
