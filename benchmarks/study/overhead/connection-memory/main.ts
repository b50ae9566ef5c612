/**
 * The memory of an open connection under a policy, above that of stock Node: idle ones of an https server, first after
 * their handshake and then after a request each.
 *
 * A sample has a fresh server process and a fresh process of clients. Some connections are there before anything is
 * measured, so that what is made once is there too. The heap is V8's, the resident memory is what the system says of the
 * process; both after a garbage collection, as growth per connection. A/A is stock Node minus stock Node.
 */
import { checkDescriptors } from '../descriptors.js'
import type { Program } from '../program.js'
import { takeTurns } from '../turns.js'
import { startWorker, type Worker } from '../numbers.js'

const description = {
  name: 'policy-memory',
  question: 'Memory of an idle connection of an https server, in KiB: under a policy, above stock Node',
  unit: 'connections per sample',
  size: 5000,
}

/** Connections before the first measurement. */
const early = 500
const moments = ['after the handshake', 'after a request'] as const
const kinds = ['heap', 'RSS'] as const

/** KiB per connection, by the name of the row. */
type Sample = ReadonlyMap<string, number>

export const policyMemory: Program = {
  description,
  start: ({ size }, measurements) => {
    checkDescriptors(size + early)
    let workers: Worker[] = []
    const stop = async (): Promise<void> => {
      await Promise.all(workers.map((worker) => worker.stop()))
      workers = []
    }
    const sample = async (side: string): Promise<Sample> => {
      const server = await startWorker(new URL('./server-process.js', import.meta.url), [side], ['--expose-gc'])
      workers.push(server)
      const [port = 0] = await server.ask('port')
      const clients = await startWorker(
        new URL('./clients-process.js', import.meta.url),
        [port, early, size].map(String),
      )
      workers.push(clients)
      await clients.ask('connect-early')
      await clients.ask('request')
      const before = await server.ask('memory')
      await clients.ask('connect')
      const idle = await server.ask('memory')
      await clients.ask('request')
      const served = await server.ask('memory')
      const [connections = Number.NaN, controlled = Number.NaN] = await server.ask('connections')
      await stop()
      if (connections !== size + early)
        throw new Error(`Expected ${size + early} connections, ${connections} were open`)
      const expected = side === 'policy' ? connections : 0
      if (controlled !== expected)
        throw new Error(`Expected ${expected} controlled connections, there were ${controlled}`)
      return new Map(
        [idle, served].flatMap((memory, moment) =>
          kinds.map((kind, at) => {
            const growth = (memory[at] ?? Number.NaN) - (before[at] ?? Number.NaN)
            return [`${kind}, ${moments[moment] ?? ''}`, growth / size / 1024] as const
          }),
        ),
      )
    }
    return {
      step: async (pair) => {
        const of = await takeTurns(['policy', 'stock', 'again'], pair, (turn) =>
          sample(turn === 'policy' ? 'policy' : 'stock'),
        )
        const [policy, stock, again] = [of('policy'), of('stock'), of('again')]
        for (const [name, base] of stock) {
          const [changed = Number.NaN, another = Number.NaN] = [policy.get(name), again.get(name)]
          measurements.add(
            `${name}, policy - stock`,
            changed - base,
            name.startsWith('heap') ? '<= 1.5 KiB' : undefined,
          )
          measurements.add(`${name}, A/A`, another - base)
          measurements.add(`${name}, policy`, changed)
          measurements.add(`${name}, stock`, base)
        }
        return !moments.every((moment) => measurements.isNarrow(`heap, ${moment}, policy - stock`, 0.01))
      },
      stop,
    }
  },
}
