/**
 * The time that shutdown() takes on an idle connection over loopback, from the call until its promise is settled, above
 * that of stock Node's end(), from the call until 'finish'.
 *
 * A sample is made in a process of its own, which closes one connection after the other to a server in another
 * process, and reports the median. Stock Node's is without the package. A/A is stock Node minus stock Node.
 */
import type { Program } from '../program.js'
import { takeTurns } from '../turns.js'
import { startWorker, type Worker } from '../numbers.js'

const description = {
  name: 'shutdown-latency',
  question:
    "Milliseconds from shutdown() of an idle connection until it is done, above end() until 'finish' in stock Node",
  unit: 'connections per sample',
  size: 400,
}

const modes = ['unidirectional', 'quiet'] as const

export const shutdownLatency: Program = {
  description,
  start: async ({ size }, measurements) => {
    const server = await startWorker(new URL('./server-process.js', import.meta.url), [])
    const workers: Worker[] = [server]
    const [port = 0] = await server.ask('port')
    const sample = async (side: string): Promise<number> => {
      const args = [String(port), String(size), side]
      const client = await startWorker(new URL('./sample-process.js', import.meta.url), args)
      workers.push(client)
      const [ms = Number.NaN] = await client.ask('measure')
      await client.stop()
      return ms
    }
    return {
      step: async (pair) => {
        const of = await takeTurns([...modes, 'stock', 'again'], pair, (turn) =>
          sample(turn === 'again' ? 'stock' : turn),
        )
        for (const mode of modes) measurements.add(row(mode), of(mode) - of('stock'), 'at most 0.10')
        measurements.add('end() - end() (A/A)', of('again') - of('stock'))
        for (const mode of modes) measurements.add(`ms, ${mode}`, of(mode))
        measurements.add('ms, end()', of('stock'))
        return !modes.every((mode) => measurements.isNarrow(row(mode), 0.01))
      },
      stop: async () => {
        await Promise.all(workers.map((worker) => worker.stop()))
      },
    }
  },
}

function row(mode: string): string {
  return `${mode} - end()`
}
