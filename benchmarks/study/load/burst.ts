/**
 * Connections that all close at once: the server calls the closing of each in one turn of its event loop. Sides
 * alternate by rounds, in an order that is shuffled anew.
 *
 * - Below 1,000 connections each side has one server, of which the first round warms up. CPU time and stalls are
 *   measured in turns, because the clock for stalls uses CPU time itself.
 * - From 1,000 on each sample has a fresh server, which has closed some connections before: memory that was freed stays
 *   with a process, and would hide what the next connections take. The clock is then below 2 % of the CPU time.
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
import { filesLeft, needsOf, numbersOf, Processes, type Server } from './processes.js'
import type { Side } from './sides.js'

const warmUp = 100

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
    const { sides, connections, leastRounds } = this.#plan
    const { random, scale } = this.#context
    const rounds = Math.max(leastRounds, Math.round(this.#plan.rounds * scale))
    const samples = new Map<Side, Sample[]>(sides.map((side) => [side, []]))
    const peers = await this.#processes.peers()
    const fresh = connections >= freshFrom
    let done = 0
    for (let round = fresh ? 0 : -1; round < rounds; round += 1) {
      for (const side of shuffle([...sides], random)) {
        const clocked = fresh || round % 2 !== 0
        const sample = await this.#sample(side, peers, clocked)
        if (round >= 0) samples.get(side)?.push(sample)
        done += 1
        this.#context.progress(done / (sides.length * (rounds + (fresh ? 0 : 1))))
      }
    }
    return samples
  }

  async #sample(side: Side, peers: Child, clocked: boolean): Promise<Sample> {
    const { connections, silent, budget } = this.#plan
    if (connections < freshFrom) {
      const server = this.#servers.get(side) ?? (await this.#processes.server(side, 'burst', budget, connections))
      this.#servers.set(side, server)
      return await this.#burst(server, peers, connections, silent, clocked)
    }
    const server = await this.#processes.server(side, 'burst', budget, connections)
    try {
      await this.#burst(server, peers, warmUp, 0, true)
      return await this.#burst(server, peers, connections, silent, clocked)
    } finally {
      await this.#processes.stop(server.child)
    }
  }

  async #burst(server: Server, peers: Child, count: number, silent: number, clocked: boolean): Promise<Sample> {
    const { signal } = this.#context
    const { child, port } = server
    const [restRss = Number.NaN] = numbersOf(await child.ask('rest'))
    const atRest = await openFilesOf(child.pid)
    await peers.ask('connect', port, count, silent)
    const there = Number(await child.ask('open'))
    if (there !== count) throw new Error(`Expected ${count} open connections, there are ${there}`)
    const [openRss = Number.NaN] = numbersOf(await child.ask('rest'))
    await sleep(20, undefined, { signal })
    const [cpu, stall, closingRss, closed = ''] = (await child.ask('burst', clocked ? 'clocked' : '')).split(' ')
    const left = await filesLeft(child, atRest, signal)
    const [sent = 0, failed = 0] = numbersOf(await child.ask('sent'))
    await child.ask('release')
    const received = Number(await peers.ask('drop'))
    if (failed > 0) throw new Error(`${failed} handshakes failed`)
    return {
      ...{ cpu: Number(cpu), stall: Number(stall), closingRss: Number(closingRss) },
      ...{ restRss, openRss, left, sent, received, closed: numbersOf(closed, ',') },
    }
  }
}
