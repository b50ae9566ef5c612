/**
 * The common part of programs that compare two servers under the same load.
 *
 * A pair is one sample of each side and one more of the plain side (A/A), each a fresh server process, in an order that
 * changes from pair to pair; the client is another process. A sample is a fixed amount of work after a warm-up, so that
 * both sides do the same. Two ratios are taken: work per second, which the client and whatever else the machine does
 * have a share in, and work per second of the server's own CPU time.
 */
import type { Description, Measurements, Program } from './program.js'
import { startWorker, type Worker } from './worker.js'

export interface Comparison {
  /** The module of the server; its argument is the name of the side. It answers to `port` and `cpu`. */
  readonly server: URL
  /** The module of the client; its arguments are the port, the amount of work and these. Answers to `warm up`, `go`. */
  readonly client: URL
  readonly clientArgs: readonly string[]
  readonly changed: string
  readonly plain: string
  /** The unit of the work. */
  readonly work: string
  readonly target: string
  /** Looks at a sample that is over, with the connections that the client has made. */
  readonly check?: (side: string, server: Worker, connections: number) => Promise<void>
}

interface Sample {
  /** Work per second. */
  readonly rate: number
  /** Work per second of CPU time. */
  readonly cpuRate: number
}

export function compareServers(description: Description, comparison: Comparison): Program {
  const { changed, plain } = comparison
  const start: Program['start'] = ({ size }, measurements) => {
    let workers: Worker[] = []
    const stop = async (): Promise<void> => {
      await Promise.all(workers.map((worker) => worker.stop()))
      workers = []
    }
    const sample = async (side: string): Promise<Sample> => {
      const server = startWorker(comparison.server, [side])
      workers.push(server)
      const [port = 0] = await server.ask('port')
      const client = startWorker(comparison.client, [String(port), String(size), ...comparison.clientArgs])
      workers.push(client)
      const [, early = 0] = await client.ask('warm up')
      const [before = Number.NaN] = await server.ask('cpu')
      const [ms = Number.NaN, late = 0] = await client.ask('go')
      const [after = Number.NaN] = await server.ask('cpu')
      await client.stop()
      await comparison.check?.(side, server, early + late)
      await stop()
      return { rate: (size * 1000) / ms, cpuRate: (size * 1e6) / (after - before) }
    }
    const order = ['changed', 'plain', 'again'] as const
    return {
      step: async (pair) => {
        const samples: Partial<Record<(typeof order)[number], Sample>> = {}
        for (let i = 0; i < order.length; i++) {
          const turn = order[(i + pair) % order.length] ?? 'changed'
          samples[turn] = await sample(turn === 'changed' ? changed : plain)
        }
        record(measurements, comparison, samples)
        const names = [`rate, ${changed} / ${plain}`, `server CPU, ${changed} / ${plain}`]
        return !names.every((name) => measurements.isNarrow(name, 0.01))
      },
      stop,
    }
  }
  return { description, start }
}

function record(
  measurements: Measurements,
  { changed, plain, work, target }: Comparison,
  samples: Readonly<Partial<Record<'changed' | 'plain' | 'again', Sample>>>,
): void {
  const { changed: first, plain: second, again } = samples
  if (first === undefined || second === undefined || again === undefined) return
  measurements.add(`rate, ${changed} / ${plain}`, first.rate / second.rate, target)
  measurements.add('rate, A/A', again.rate / second.rate)
  measurements.add(`server CPU, ${changed} / ${plain}`, first.cpuRate / second.cpuRate, target)
  measurements.add('server CPU, A/A', again.cpuRate / second.cpuRate)
  measurements.add(`${work} per second, ${changed}`, first.rate)
  measurements.add(`${work} per second, ${plain}`, second.rate)
}
