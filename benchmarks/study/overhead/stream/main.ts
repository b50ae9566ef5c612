/**
 * TlsStream to TlsStream against Node's own TLS to Node's own TLS, with the same options: TLS 1.3, one cipher suite, a
 * client that verifies the server. Server and client are processes of their own, made anew for each sample; sides
 * alternate, and A/A is a second sample of Node's.
 */
import { checkDescriptors } from '../descriptors.js'
import type { Description, Measurements, Program } from '../program.js'
import { takeTurns } from '../turns.js'
import { startWorker, type Worker } from '../numbers.js'
import type { SideName } from './sides.js'

const turns = ['stream', 'node', 'node again'] as const
type Turn = (typeof turns)[number]
const sideOf: Readonly<Record<Turn, SideName>> = { stream: 'stream', node: 'node', 'node again': 'node' }

interface Processes {
  readonly server: Worker
  readonly client: Worker
}

/** A row of the result: how its figures are made of the samples of both sides. */
interface Row {
  readonly name: string
  readonly target: string
  /** `rate`: the figure is time, and the ratio Node's by the stream's. `amount`: less is better, and it is the stream's by Node's. */
  readonly kind: 'rate' | 'amount'
  readonly unit: string
}

interface Comparison {
  readonly description: Description
  readonly serverWork: string
  readonly clientWork: string
  /** The side of the client, where that is not the server's. */
  readonly clientSide?: SideName
  readonly rows: readonly Row[]
  /** Gives a figure for each row. */
  readonly measure: (processes: Processes, size: number) => Promise<readonly number[]>
  readonly needsDescriptors?: boolean
}

function compareStreams(comparison: Comparison): Program {
  const { description, serverWork, clientWork, clientSide, rows, measure, needsDescriptors = false } = comparison
  const start: Program['start'] = ({ size }, measurements) => {
    if (needsDescriptors) checkDescriptors(size)
    let workers: Worker[] = []
    const stop = async (): Promise<void> => {
      await Promise.all(workers.map((worker) => worker.stop()))
      workers = []
    }
    const startOne = async (program: string, args: readonly string[]): Promise<Worker> => {
      const worker = await startWorker(new URL(`./${program}-process.js`, import.meta.url), args, ['--expose-gc'])
      workers.push(worker)
      return worker
    }
    const sample = async (side: SideName): Promise<readonly number[]> => {
      const server = await startOne('server', [side, serverWork, String(size)])
      const [port = 0] = await server.ask('port')
      const client = await startOne('client', [clientSide ?? side, String(port), clientWork, String(size)])
      const figures = await measure({ server, client }, size)
      await stop()
      return figures
    }
    return {
      step: async (pair) => {
        const of = await takeTurns(turns, pair, (turn) => sample(sideOf[turn]))
        for (const [at, row] of rows.entries()) note(measurements, row, (turn) => of(turn)[at] ?? Number.NaN)
        return !rows.every(({ name }) => measurements.isNarrow(name, 0.02))
      },
      stop,
    }
  }
  return { description, start }
}

function note(measurements: Measurements, { name, target, kind, unit }: Row, of: (turn: Turn) => number): void {
  const [stream, node, again] = [of('stream'), of('node'), of('node again')]
  measurements.add(name, kind === 'rate' ? node / stream : stream / node, target)
  measurements.add(`${name}, A/A`, kind === 'rate' ? node / again : again / node)
  measurements.add(`${unit}, stream`, stream)
  measurements.add(`${unit}, node:tls`, node)
}

async function timed({ client }: Processes): Promise<readonly number[]> {
  await client.ask('warm-up')
  return client.ask('go')
}

/** Bytes per connection of both processes. Some connections are there before, so that what is made once is there too. */
async function growth({ server, client }: Processes, size: number): Promise<readonly number[]> {
  const processes = [client, server]
  await client.ask('warm-up')
  const before = await Promise.all(processes.map((one) => one.ask('memory')))
  await client.ask('go')
  const after = await Promise.all(processes.map((one) => one.ask('memory')))
  return processes.map((_, at) => {
    const [[least = Number.NaN] = [], [most = Number.NaN, connections] = []] = [before[at], after[at]]
    if (connections !== size + Math.ceil(size / 5)) throw new Error(`Expected ${size} more, ${connections} are open`)
    return (most - least) / size / 1024
  })
}

async function closing({ server, client }: Processes, size: number): Promise<readonly number[]> {
  await client.ask('go')
  const [ms = Number.NaN, closed] = await server.ask('close')
  if (closed !== size) throw new Error(`Expected ${size} connections to close, ${closed} were open`)
  return [ms]
}

const bulk = compareStreams({
  description: {
    name: 'stream-bulk',
    question: 'Bulk throughput of TlsStream, writes of 64 KiB, relative to node:tls',
    unit: 'MiB per sample',
    size: 1024,
  },
  serverWork: 'send',
  clientWork: 'receive',
  rows: [{ name: 'throughput, stream / node:tls', target: '>= 1.0', kind: 'rate', unit: 'ms' }],
  measure: timed,
})

const handshakes = compareStreams({
  description: {
    name: 'stream-handshakes',
    question: 'Full handshakes of TlsStream, each with its closing, relative to node:tls',
    unit: 'connections per sample',
    size: 6000,
  },
  serverWork: 'end',
  clientWork: 'handshakes',
  rows: [{ name: 'handshakes per second, stream / node:tls', target: '>= 1.05', kind: 'rate', unit: 'ms' }],
  measure: timed,
})

const pingPong = compareStreams({
  description: {
    name: 'stream-ping-pong',
    question: 'Round trips of one byte over TlsStream, relative to node:tls',
    unit: 'round trips per sample',
    size: 100_000,
  },
  serverWork: 'echo',
  clientWork: 'ping-pong',
  rows: [{ name: 'round trips per second, stream / node:tls', target: '>= 1.1', kind: 'rate', unit: 'ms' }],
  measure: timed,
})

const memory = compareStreams({
  description: {
    name: 'stream-memory',
    question: 'Resident memory of an idle connection of TlsStream, relative to node:tls',
    unit: 'connections per sample',
    size: 2000,
  },
  serverWork: 'hold',
  clientWork: 'hold',
  rows: [
    {
      name: 'RSS per connection of a client, stream / node:tls',
      target: '<= 0.8',
      kind: 'amount',
      unit: 'KiB, client',
    },
    {
      name: 'RSS per connection of a server, stream / node:tls',
      target: '<= 0.8',
      kind: 'amount',
      unit: 'KiB, server',
    },
  ],
  measure: growth,
  needsDescriptors: true,
})

const closings = compareStreams({
  description: {
    name: 'stream-closings',
    question: "Closing connections of TlsStream bidirectionally, the peers answer, relative to node:tls's end()",
    unit: 'connections per sample',
    size: 10_000,
  },
  serverWork: 'hold',
  clientWork: 'hold',
  clientSide: 'node',
  rows: [{ name: "time to close all, stream / node:tls's end()", target: '<= 1.0', kind: 'amount', unit: 'ms' }],
  measure: closing,
  needsDescriptors: true,
})

export const streamPrograms: readonly Program[] = [bulk, handshakes, pingPong, memory, closings]
