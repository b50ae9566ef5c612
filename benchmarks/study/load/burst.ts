/**
 * Connections that all close at once: the server calls the closing of each in one turn of its event loop. Sides
 * alternate by rounds, in an order that is shuffled anew.
 *
 * - CPU time is that of a server that has closed thousands before (see `warmUp`). Nothing else is measured meanwhile:
 *   the clock for stalls uses CPU time itself.
 * - Stalls are measured in turns with it, and from 1,000 connections on in fresh servers, together with memory: memory
 *   that was freed stays with a process, and would hide what the next connections take.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { shuffle } from 'simple-statistics'
import type { Child } from '../../support/child.js'
import { cellId } from '../cell.js'
import type { Block, RunContext } from '../question.js'
import {
  burstCell,
  burstChecks,
  burstParameters,
  freshFrom,
  sharedParameters,
  type BurstPlan,
  type Sample,
  type Samples,
} from './burst-cells.js'
import { openFilesOf } from './descriptors.js'
import { filesLeft, needsOf, numbersOf, Processes, type Server, warmUp } from './processes.js'
import type { Side } from './sides.js'

/** What a fresh server closes before it is measured: the first closing loads what all others find loaded. */
const firstConnections = 100

export function burstBlock(plan: BurstPlan): Block {
  return {
    id: cellId({ question: 'load', parameters: sharedParameters(plan) }),
    cells: plan.sides.map((side) => burstParameters(plan, side)),
    needs: needsOf(plan.connections),
    seconds: plan.seconds,
    run: async (context) => {
      const samples = await Processes.use(context.signal, (processes) => new Bursts(plan, context, processes).run())
      return {
        cells: plan.sides.map((side) => burstCell(plan, side, samples, context.random)),
        checks: burstChecks(plan, samples),
      }
    },
  }
}

class Bursts {
  readonly #plan: BurstPlan
  readonly #context: RunContext
  readonly #processes: Processes
  readonly #servers = new Map<Side, Server>()

  constructor(plan: BurstPlan, context: RunContext, processes: Processes) {
    this.#plan = plan
    this.#context = context
    this.#processes = processes
  }

  async run(): Promise<Samples> {
    const { sides, leastRounds, connections, warmSamples } = this.#plan
    const { random, scale } = this.#context
    const rounds = Math.max(leastRounds, Math.round(this.#plan.rounds * scale))
    const samples = new Map<Side, Sample[]>(sides.map((side) => [side, []]))
    const peers = await this.#processes.peers()
    const fresh = connections >= freshFrom
    let done = 0
    for (let round = 0; round < rounds; round += 1) {
      for (const side of shuffle([...sides], random)) {
        const own = samples.get(side) ?? []
        if (fresh) own.push(await this.#fresh(side, peers))
        for (let sample = 0; sample < warmSamples; sample += 1) own.push(await this.#warm(side, peers, 'cpu'))
        if (!fresh) own.push(await this.#warm(side, peers, 'stall'))
        done += 1
        this.#context.progress(done / (sides.length * rounds))
      }
    }
    return samples
  }

  async #fresh(side: Side, peers: Child): Promise<Sample> {
    const { connections, silent, budget } = this.#plan
    const server = await this.#processes.server(side, 'burst', budget, connections)
    try {
      await this.#burst(server, peers, firstConnections, 0, 'stall')
      return await this.#burst(server, peers, connections, silent, 'memory')
    } finally {
      await this.#processes.stop(server.child)
    }
  }

  async #warm(side: Side, peers: Child, measured: 'cpu' | 'stall'): Promise<Sample> {
    const { connections, silent, budget } = this.#plan
    let server = this.#servers.get(side)
    if (server === undefined) {
      server = await this.#processes.server(side, 'burst', budget, connections)
      this.#servers.set(side, server)
      await warmUp(server, peers, this.#context.warmUp)
      // The first burst of this size has code compiled that smaller ones had not.
      await this.#burst(server, peers, connections, 0, 'cpu')
    }
    return await this.#burst(server, peers, connections, silent, measured)
  }

  async #burst(
    { child, port }: Server,
    peers: Child,
    count: number,
    silent: number,
    measured: 'cpu' | 'stall' | 'memory',
  ): Promise<Sample> {
    const { signal } = this.#context
    const rss = async (): Promise<number> => {
      return measured === 'memory' ? Number(await child.ask('rest')) : Number.NaN
    }
    const atRest = await openFilesOf(child.pid)
    const restRss = await rss()
    await peers.ask('connect', port, count, silent)
    const there = Number(await child.ask('open'))
    if (there !== count) throw new Error(`Expected ${count} open connections, there are ${there}`)
    const openRss = await rss()
    await sleep(20, undefined, { signal })
    const answer = await child.ask('burst', measured === 'cpu' ? '' : 'clocked')
    const [cpu, stall, closingRss, closed = ''] = answer.split(' ')
    const left = await filesLeft(child, atRest, signal)
    const [sent = 0, failed = 0] = numbersOf(await child.ask('sent'))
    await child.ask('release')
    const received = Number(await peers.ask('drop'))
    if (failed > 0) throw new Error(`${failed} handshakes failed`)
    return {
      ...{ left, sent, received, closed: numbersOf(closed, ',') },
      ...(measured === 'cpu' ? { cpu: Number(cpu) } : { stall: Number(stall) }),
      ...(measured === 'memory' && { memory: { rest: restRss, open: openRss, closing: Number(closingRss) } }),
    }
  }
}
