/**
 * The common part of programs that compare two servers, or two clients, under the same load.
 *
 * A pair is one sample of each side and one more of the plain side (A/A), each of fresh processes, in an order that
 * changes from pair to pair; server and client are two processes. A sample is a fixed amount of work after a warm-up, so
 * that both sides do the same. Up to three ratios are taken, all of work per something, so that below 1 is slower: per
 * second, which whatever else the machine does has a share in; per second of CPU time, user and system, of the process
 * that is compared; and per instruction that this process has retired, where the machine counts them.
 */
import { EventCounter } from './instructions.js'
import type { Description, Measurements, Program } from './program.js'
import { takeTurns } from './turns.js'
import { startWorker, type Worker } from './numbers.js'

type Role = 'server' | 'client'

/** Processes that are measured under the same load. */
export interface Servers {
  /** The module of the server; its argument is the name of the side. It answers to `port`. */
  readonly server: URL
  /** The module of the client; its arguments are the port, the amount of work and these. Answers to `warm-up`, `go`. */
  readonly client: URL
  readonly clientArgs?: readonly string[]
  /**
   * The processes that have a side and answer to `cpu`; without it the server. A server that is not among them is of the
   * plain side, and a client that is has the name of the side in front of `clientArgs`.
   */
  readonly compared?: readonly Role[]
  readonly plain: string
  /** Looks at a process of a sample that is over, with the connections that the client has made. */
  readonly check?: (side: string, worker: Worker, connections: number) => Promise<void>
}

export interface Comparison extends Servers {
  readonly changed: string
  /** One of what is done. */
  readonly work: string
  readonly target: string
}

interface Cost {
  /** Microseconds of CPU time for one piece of work. */
  readonly cpu: number
  readonly instructions: number | undefined
}

export interface Sample {
  /** Work per second. */
  readonly rate: number
  /** Of each process that is compared. */
  readonly costs: readonly Cost[]
}

export function compareServers(description: Description, comparison: Comparison): Program {
  const { changed, plain, compared = ['server'] } = comparison
  const start: Program['start'] = async ({ size }, measurements) => {
    const counter = await EventCounter.open()
    if (typeof counter === 'string') measurements.facts['instructions'] = `none: ${counter}`
    const sampler = new Sampler(comparison, size, typeof counter === 'string' ? undefined : counter)
    return {
      step: async (pair) => {
        const of = await takeTurns(['changed', 'plain', 'again'], pair, (turn) =>
          sampler.take(turn === 'changed' ? changed : plain),
        )
        record(measurements, comparison, { changed: of('changed'), plain: of('plain'), again: of('again') })
        const names = ['rate', ...compared.map((role) => `${role} CPU`)]
        return !names.every((name) => measurements.isNarrow(`${name}, ${changed} / ${plain}`, 0.01))
      },
      stop: () => sampler.stop(),
    }
  }
  return { description, start }
}

/** Takes samples, each of processes of its own. */
export class Sampler {
  readonly #servers: Servers
  readonly #size: number
  readonly #counter: EventCounter | undefined
  readonly #roles: Roles

  constructor(servers: Servers, size: number, counter?: EventCounter) {
    this.#servers = servers
    this.#size = size
    this.#counter = counter
    this.#roles = new Roles(servers, size)
  }

  async take(side: string): Promise<Sample> {
    const { compared = ['server'], check } = this.#servers
    const size = this.#size
    const workers = await this.#roles.start(side)
    const { client } = workers
    const [, early = 0] = await client.ask('warm-up')
    const meters = await Promise.all(compared.map((role) => startMeter(workers[role], this.#counter)))
    const [ms = Number.NaN, late = 0] = await client.ask('go')
    const costs: Cost[] = []
    for (const meter of meters) costs.push(await meter(size))
    if (compared.includes('client')) await check?.(side, client, early + late)
    await client.stop()
    if (compared.includes('server')) await check?.(side, workers.server, early + late)
    await this.stop()
    return { rate: (size * 1000) / ms, costs }
  }

  /** Ends the processes of a sample that is being taken, which then fails. */
  stop(): Promise<void> {
    return this.#roles.stop()
  }
}

/** The processes of one sample. */
class Roles {
  readonly #servers: Servers
  readonly #size: number
  #workers: Worker[] = []

  constructor(servers: Servers, size: number) {
    this.#servers = servers
    this.#size = size
  }

  async start(side: string): Promise<Record<Role, Worker>> {
    const { compared = ['server'], plain, clientArgs = [], ...modules } = this.#servers
    const server = await startWorker(modules.server, [compared.includes('server') ? side : plain])
    this.#workers.push(server)
    const [port = 0] = await server.ask('port')
    const sideOfClient = compared.includes('client') ? [side] : []
    const client = await startWorker(modules.client, [String(port), String(this.#size), ...sideOfClient, ...clientArgs])
    this.#workers.push(client)
    return { server, client }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()))
    this.#workers = []
  }
}

/** Begins to meter a process; the function that is returned ends it and tells the cost of one of so many. */
async function startMeter(
  worker: Worker,
  counter: EventCounter | undefined,
): Promise<(count: number) => Promise<Cost>> {
  const counting = await counter?.start(worker.pid)
  const [before = Number.NaN] = await worker.ask('cpu')
  return async (count) => {
    const [after = Number.NaN] = await worker.ask('cpu')
    const instructions = await counting?.stop()
    return {
      cpu: (after - before) / count,
      instructions: instructions === undefined ? undefined : instructions / count,
    }
  }
}

function record(
  measurements: Measurements,
  { changed, plain, work, target, compared = ['server'] }: Comparison,
  samples: Readonly<Record<'changed' | 'plain' | 'again', Sample>>,
): void {
  const { changed: first, plain: second, again } = samples
  measurements.add(`rate, ${changed} / ${plain}`, first.rate / second.rate, target)
  measurements.add('rate, A/A', again.rate / second.rate)
  for (const [at, role] of compared.entries()) {
    const [ours, theirs, theirsAgain] = [first, second, again].map(({ costs }) => costs[at])
    if (ours === undefined || theirs === undefined || theirsAgain === undefined) continue
    measurements.add(`${role} CPU, ${changed} / ${plain}`, theirs.cpu / ours.cpu, target)
    measurements.add(`${role} CPU, A/A`, theirs.cpu / theirsAgain.cpu)
    measurements.add(`us of ${role} CPU per ${work}, ${changed}`, ours.cpu)
    measurements.add(`us of ${role} CPU per ${work}, ${plain}`, theirs.cpu)
    const [count, base, baseAgain] = [ours, theirs, theirsAgain].map(({ instructions }) => instructions)
    if (count === undefined || base === undefined || baseAgain === undefined) continue
    measurements.add(`${role} instructions, ${changed} / ${plain}`, base / count, target)
    measurements.add(`${role} instructions, A/A`, base / baseAgain)
    measurements.add(`${role} instructions per ${work}, ${changed}`, count)
    measurements.add(`${role} instructions per ${work}, ${plain}`, base)
  }
  measurements.add(`${work}s per second, ${changed}`, first.rate)
  measurements.add(`${work}s per second, ${plain}`, second.rate)
}
