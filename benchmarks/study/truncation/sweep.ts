/**
 * Sweeps one client over one version of TLS: each way of framing, each ending, each policy, each position, in one
 * shuffled order, so that what is compared alternates. Two lanes work at it, each with clients and a port of its own.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { shuffle } from 'simple-statistics'
import { certificate } from '../../support/certificate.js'
import { type Child, moduleCommand, startChild } from '../../support/child.js'
import type { BlockResult, RunContext } from '../question.js'
import { framingsOf, policiesOf, type Policy, programClients, protocols, type Sweep, sweepsOf } from './cells.js'
import { type Client, startClient } from './client.js'
import { positionsOf } from './positions.js'
import { type Layout, layoutOf, totalOf } from './records.js'
import { type Framing, responseOf } from './responses.js'
import { cellOf, checksOf, type Run, versionCheck } from './tally.js'

/** After how many ms a request hangs. */
export const hangBudget = 3000

/** Positions of a client that is started for each request; the others are cut at every byte. */
export const programPositions = 90

const laneCount = 2
/** Requests whose response is not cut, of each cell. */
const controlCount = 5

interface Job {
  readonly sweep: Sweep
  readonly position: number
  readonly isControl: boolean
}

export async function sweepClient(
  name: Sweep['client'],
  protocol: Sweep['protocol'],
  context: RunContext,
): Promise<BlockResult> {
  const where = `client=${name} protocol=${protocol}`
  const sweeps = sweepsOf(name, protocol)
  const field = await Field.open(name, protocol, context.signal)
  try {
    const layouts = new Map<Framing, Layout>()
    for (const framing of framingsOf(name)) layouts.set(framing, await field.learn(framing))
    const jobs = shuffle(
      sweeps.flatMap((sweep) => jobsOf(sweep, layouts.get(sweep.framing), context)),
      context.random,
    )
    const runs = await field.work(jobs, layouts, (done) => context.progress(done / jobs.length))
    return {
      cells: sweeps.flatMap((sweep) => {
        const layout = layouts.get(sweep.framing)
        return layout === undefined
          ? []
          : [
              cellOf(
                sweep,
                runs.filter((run) => run.sweep === sweep),
                layout,
              ),
            ]
      }),
      checks: [...checksOf(runs, layouts, where), versionCheck(name, field.version, where)],
    }
  } catch (error) {
    context.signal.throwIfAborted()
    throw error
  } finally {
    await field.close()
  }
}

function jobsOf(sweep: Sweep, layout: Layout | undefined, { scale, random }: RunContext): readonly Job[] {
  if (layout === undefined) return []
  const total = totalOf(layout)
  const isProgram = programClients.some((one) => one === sweep.client)
  const limit = Math.max(8, Math.ceil((isProgram ? programPositions : total + 1) * scale))
  return [
    ...positionsOf(layout, sweep.ending, limit, random).map((position) => ({ sweep, position, isControl: false })),
    ...Array.from({ length: controlCount }, () => ({ sweep, position: total, isControl: true })),
  ]
}

/** Of learning where a response begins; what the last one finds is for the check of the records. */
const mostAttempts = 5

/** The processes: the server, the attacker, and the clients of each lane. */
class Field {
  readonly #protocol: Sweep['protocol']
  readonly #signal: AbortSignal
  readonly #server: Child
  readonly #attacker: Child
  readonly #lanes: readonly Lane[]
  readonly #folder: string
  readonly #onAbort: () => void

  private constructor(
    protocol: Sweep['protocol'],
    signal: AbortSignal,
    parts: {
      readonly server: Child
      readonly attacker: Child
      readonly lanes: readonly Lane[]
      readonly folder: string
    },
  ) {
    this.#protocol = protocol
    this.#signal = signal
    this.#server = parts.server
    this.#attacker = parts.attacker
    this.#lanes = parts.lanes
    this.#folder = parts.folder
    // What is being asked fails then.
    this.#onAbort = () => void this.#stop()
    signal.addEventListener('abort', this.#onAbort)
  }

  static async open(name: Sweep['client'], protocol: Sweep['protocol'], signal: AbortSignal): Promise<Field> {
    signal.throwIfAborted()
    const folder = await mkdtemp(path.join(os.tmpdir(), 'close-notify-truncation-'))
    const started: { stop(): Promise<void> }[] = []
    const keep = <T extends { stop(): Promise<void> }>(thing: T): T => {
      started.push(thing)
      return thing
    }
    try {
      const caFile = path.join(folder, 'certificate.pem')
      await writeFile(caFile, certificate)
      const start = async (module: string, ...args: readonly number[]): Promise<Child> =>
        keep(
          await startChild({
            name: module,
            command: moduleCommand(new URL(`${module}-process.js`, import.meta.url), args),
          }),
        )
      const server = await start('server')
      const attacker = await start('attacker', laneCount)
      const lanes: Lane[] = []
      for (const port of attacker.ports) {
        const clients = new Map<Policy, Client>()
        for (const policy of policiesOf(name)) {
          clients.set(policy, keep(await startClient({ name, policy, caFile, budget: hangBudget })))
        }
        lanes.push({ port, clients })
      }
      return new Field(protocol, signal, { server, attacker, lanes, folder })
    } catch (error) {
      await Promise.all(started.map((one) => one.stop()))
      await rm(folder, { recursive: true })
      throw error
    }
  }

  get version(): string {
    return anyOf(this.#lanes[0])?.version ?? ''
  }

  /** Asks once without cutting anything, and reads from that where a response begins and how its records lie. */
  /** A client that knows the end by the framing may be gone before close_notify has come: then it is asked once more. */
  async learn(framing: Framing): Promise<Layout> {
    const expected = responseOf(framing).pieces.length + 1
    for (let attempt = 1; attempt < mostAttempts; attempt += 1) {
      const layout = await this.#learnOnce(framing)
      if (layout.response.length === expected) return layout
    }
    return await this.#learnOnce(framing)
  }

  async #learnOnce(framing: Framing): Promise<Layout> {
    const [lane] = this.#lanes
    if (lane === undefined) throw new Error('Expected a lane')
    await this.#attacker.ask('arm', lane.port, this.#upstream(framing), 'all', 0, 'FIN')
    const answer = await anyOf(lane)?.get(lane.port, framing)
    const { port, records } = parseOutcome(await this.#attacker.ask('outcome', lane.port))
    const { before } = await this.#sent(port, framing)
    const layout = layoutOf(records, before)
    if (answer?.kind === 'accepted' && layout !== undefined) return layout
    throw new Error(`A response that was not cut came as ${JSON.stringify({ answer, before, records })}`)
  }

  async work(
    jobs: readonly Job[],
    layouts: ReadonlyMap<Framing, Layout>,
    onDone: (count: number) => void,
  ): Promise<readonly Run[]> {
    const runs: Run[] = []
    const left = jobs.values()
    await Promise.all(
      this.#lanes.map(async (lane) => {
        for (const job of left) {
          this.#signal.throwIfAborted()
          const skip = layouts.get(job.sweep.framing)?.skipped ?? 0
          runs.push(await this.#run(lane, job, skip))
          onDone(runs.length)
        }
      }),
    )
    return runs
  }

  async #run(lane: Lane, job: Job, skip: number): Promise<Run> {
    const { sweep, position } = job
    const client = lane.clients.get(sweep.policy)
    if (client === undefined) throw new Error(`Expected a client under the policy "${sweep.policy}"`)
    await this.#attacker.ask(
      'arm',
      lane.port,
      this.#upstream(sweep.framing),
      skip,
      position,
      sweep.ending === 'RST' && !job.isControl ? 'RST' : 'FIN',
    )
    const answer = await client.get(lane.port, sweep.framing)
    const attack = parseOutcome(await this.#attacker.ask('outcome', lane.port))
    return { ...job, answer, attack, server: await this.#sent(attack.port, sweep.framing) }
  }

  async #sent(from: number, framing: Framing): Promise<Run['server']> {
    const text = await this.#server.ask('sent', from, this.#upstream(framing))
    const [before = Number.NaN, response = Number.NaN] = text.split(' ').map(Number)
    return { before, response }
  }

  #upstream(framing: Framing): number {
    const index = protocols.indexOf(this.#protocol) * 2 + (framing === 'http2' ? 1 : 0)
    return this.#server.ports[index] ?? 0
  }

  async #stop(): Promise<void> {
    const clients = this.#lanes.flatMap((lane) => [...lane.clients.values()])
    await Promise.all([this.#server, this.#attacker, ...clients].map((one) => one.stop()))
  }

  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#onAbort)
    await this.#stop()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

interface Lane {
  readonly port: number
  readonly clients: ReadonlyMap<Policy, Client>
}

/** To what is not cut, all of them are alike. */
function anyOf(lane: Lane | undefined): Client | undefined {
  return lane?.clients.values().next().value
}

function parseOutcome(text: string) {
  const [connections, port, passedBefore, passed, total, records] = text.split(' ')
  return {
    connections: Number(connections),
    port: Number(port),
    passedBefore: Number(passedBefore),
    passed: Number(passed),
    total: Number(total),
    records: (records ?? '').split(',').map((record) => {
      const [type, length] = record.split(':').map(Number)
      return { type: type ?? Number.NaN, length: length ?? Number.NaN }
    }),
  }
}
