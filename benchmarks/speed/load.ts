/**
 * Whether loading the module costs connections: a server process that has only imported it, beside one that has not.
 *
 * A pair is one sample of each side and one more of the side without (A/A), each a fresh server process, in an order
 * that changes from pair to pair; the client is another process. A sample is a fixed number of connections after a
 * warm-up, so that both sides do the same work. Two ratios are taken: connections per second, which the client and
 * whatever else the machine does have a share in, and connections per second of the server's own CPU time.
 */
import { type Measurements, runProgram } from './program.js'
import { startWorker, type Worker } from './worker.js'

const description = {
  name: 'load',
  question: 'Connections per second of a TLS server: with close-notify imported, relative to without it',
  unit: 'connections per sample',
  size: 1000,
}

const target = '>= 0.99, reached by the upper end of the interval'

interface Sample {
  /** Connections per second. */
  readonly rate: number
  /** Connections per second of CPU time. */
  readonly cpuRate: number
}

await runProgram(description, ({ size }, measurements) => {
  let workers: Worker[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.stop()))
    workers = []
  }
  const sample = async (side: 'with' | 'without'): Promise<Sample> => {
    const server = startWorker('load-server-process', [side])
    workers.push(server)
    const [port = 0] = await server.ask('port')
    const client = startWorker('load-client-process', [String(port), String(size)])
    workers.push(client)
    await client.ask('warm up')
    const [before = Number.NaN] = await server.ask('cpu')
    const [ms = Number.NaN] = await client.ask('go')
    const [after = Number.NaN] = await server.ask('cpu')
    await stop()
    return { rate: (size * 1000) / ms, cpuRate: (size * 1e6) / (after - before) }
  }
  const order = ['with', 'without', 'again'] as const
  return {
    step: async (pair) => {
      const samples: Partial<Record<(typeof order)[number], Sample>> = {}
      for (let i = 0; i < order.length; i++) {
        const side = order[(i + pair) % order.length] ?? 'with'
        samples[side] = await sample(side === 'with' ? 'with' : 'without')
      }
      record(measurements, samples)
      const names = ['rate, with / without', 'server CPU, with / without']
      return !names.every((name) => measurements.isNarrow(name, 0.01))
    },
    stop,
  }
})

function record(measurements: Measurements, samples: Readonly<Partial<Record<string, Sample>>>): void {
  const { with: loaded, without, again } = samples
  if (loaded === undefined || without === undefined || again === undefined) return
  measurements.add('rate, with / without', loaded.rate / without.rate, target)
  measurements.add('rate, A/A', again.rate / without.rate)
  measurements.add('server CPU, with / without', loaded.cpuRate / without.cpuRate, target)
  measurements.add('server CPU, A/A', again.cpuRate / without.cpuRate)
  measurements.add('connections per second, with', loaded.rate)
  measurements.add('connections per second, without', without.rate)
}
