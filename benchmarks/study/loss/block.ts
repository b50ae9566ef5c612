/**
 * One situation over one network in one version of TLS, closed in every way. Its unit is the round: one run of each way,
 * in an order shuffled anew each time. A few runs go on at a time, as many as two cores bear without being the cause of
 * what is measured. The closers (a process for each kind), the peer and the relay are processes of their own. The first
 * round warms up and is not counted.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { shuffle } from 'simple-statistics'
import { type Child, moduleCommand, startChild } from '../../support/child.js'
import type { Block, BlockResult, RunContext } from '../question.js'
import { cellsOf } from './cells.js'
import { checksOf } from './checks.js'
import type { Outcome } from './outcome.js'
import { allWaysOf, type Kind, kinds, settings, waysOf, type Protocol, type Situation, type Way } from './situations.js'
import { parseClaim } from './way.js'

export interface Plan {
  readonly situation: Situation
  readonly network: Network
  readonly protocol: Protocol
  /** Runs of each way at scale 1. */
  readonly runs: number
  /** How many go on at a time. */
  readonly atOnce: number
  readonly seconds: number
}

/** The RTT that the relay adds, in ms; without a relay it is that of loopback. */
export type Network = { readonly kind: 'loopback' } | { readonly kind: 'relay'; readonly rtt: number }

export function blockOf(plan: Plan): Block {
  const where = whereOf(plan)
  return {
    id: ['loss', ...Object.entries(where).map(([name, value]) => `${name}=${value}`)].join(' '),
    cells: allWaysOf(plan.situation).map(({ way }) => ({ ...where, side: way })),
    needs: [],
    seconds: plan.seconds,
    run: (context) => run(plan, context),
  }
}

export function whereOf({ situation, network, protocol }: Plan) {
  const rtt = network.kind === 'relay' ? network.rtt : 0
  return { situation, network: network.kind, rtt, protocol }
}

async function run(plan: Plan, context: RunContext): Promise<BlockResult> {
  const stage = new Stage(plan)
  const onAbort = (): void => void stage.stop()
  context.signal.addEventListener('abort', onAbort, { once: true })
  try {
    context.signal.throwIfAborted()
    await stage.start()
    const outcomes = await play(plan, stage, context)
    const modules = await stage.modules()
    return { cells: cellsOf(plan, outcomes, context.random), checks: checksOf(plan, outcomes, modules) }
  } catch (error) {
    // What is seen of an abort is a process that ended.
    context.signal.throwIfAborted()
    throw error
  } finally {
    context.signal.removeEventListener('abort', onAbort)
    await stage.stop()
  }
}

/** Runs all, and returns the outcomes of those that count. */
async function play({ situation, runs, atOnce }: Plan, stage: Stage, context: RunContext): Promise<Outcome[]> {
  const ways = allWaysOf(situation)
  const rounds = Math.max(8, Math.round(runs * context.scale)) + 1
  const queue = Array.from({ length: rounds }, () => shuffle([...ways], context.random)).flat()
  const total = queue.length
  const outcomes: Outcome[] = []
  let next = 0
  let done = 0
  const player = async (): Promise<void> => {
    while (next < total) {
      context.signal.throwIfAborted()
      const number = next
      next += 1
      const entry = queue[number]
      if (entry === undefined) return
      await sleep(2 * context.random(), undefined, { signal: context.signal })
      const outcome = await withGuard(stage.runOnce(number, entry.kind, entry.way), number, entry.way)
      if (number >= ways.length) outcomes.push(outcome)
      done += 1
      context.progress(done / total)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, player))
  return outcomes
}

/** Far above any budget of the ways: a run that takes so long is a fault of the instrument. */
const guard = 30_000

async function withGuard<T>(promise: Promise<T>, number: number, way: Way): Promise<T> {
  const controller = new AbortController()
  const expired = sleep(guard, undefined, { signal: controller.signal }).then(() => {
    throw new Error(`Run ${number}, closed by ${way}, has not ended after ${guard / 1000} s`)
  })
  expired.catch(() => {})
  try {
    return await Promise.race([promise, expired])
  } finally {
    controller.abort()
  }
}

/** The processes of a block. */
class Stage {
  readonly #plan: Plan
  readonly #closers = new Map<Kind, Child>()
  readonly #ports = new Map<Way, number>()
  #peer: Child | undefined
  #relay: Child | undefined
  #isStopped = false

  constructor(plan: Plan) {
    this.#plan = plan
  }

  async start(): Promise<void> {
    const { situation, network, protocol } = this.#plan
    const clientCloses = settings[situation].closer === 'client'
    const targets: number[] = []
    for (const kind of kinds) {
      if (waysOf(kind, situation).length === 0) continue
      const closer = await this.#spawn(
        `${kind} closer`,
        `closer-${settings[situation].closer}`,
        kind,
        situation,
        protocol,
      )
      this.#closers.set(kind, closer)
      targets.push(...closer.ports)
    }
    this.#peer = clientCloses
      ? await this.#spawn('peer', 'peer-server', protocol)
      : await this.#spawn('peer', 'peer-client', situation, protocol)
    if (clientCloses) targets.push(...this.#peer.ports)
    const ports = network.kind === 'relay' ? await this.#relayTo(targets, network.rtt) : targets
    for (const [index, { way }] of allWaysOf(situation).entries()) {
      const port = ports[clientCloses ? 0 : index]
      if (port === undefined) throw new Error(`No port for ${way}`)
      this.#ports.set(way, port)
    }
  }

  async runOnce(number: number, kind: Kind, way: Way): Promise<Outcome> {
    const closer = this.#closers.get(kind)
    const peer = this.#peer
    const port = this.#ports.get(way)
    if (closer === undefined || peer === undefined || port === undefined) throw new Error('The stage has not started')
    const { situation } = this.#plan
    const clientCloses = settings[situation].closer === 'client'
    const { read, failure, tickets, resumed, claim } = clientCloses
      ? await this.#clientCloses(closer, peer, port, number, way)
      : await this.#serverCloses(closer, peer, port, number)
    return {
      way,
      written: settings[situation].bytes,
      read: Number(read),
      failure,
      tickets: Number(tickets),
      resumed: resumed === 'true',
      claim: parseClaim(claim),
    }
  }

  /** Of each kind, whether its process has loaded the addon. */
  async modules(): Promise<ReadonlyMap<Kind, boolean>> {
    const found = new Map<Kind, boolean>()
    for (const [kind, closer] of this.#closers) found.set(kind, (await closer.ask('modules')) === 'true')
    return found
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    const children = [...this.#closers.values(), this.#peer, this.#relay]
    await Promise.all(children.map((child) => child?.stop()))
  }

  async #clientCloses(closer: Child, peer: Child, port: number, run: number, way: Way): Promise<Answers> {
    const [tickets = '', resumed = '', ...claim] = (await closer.ask('run', run, port, way)).split(' ')
    const [read = '', failure = ''] = (await peer.ask('read', run)).split(' ')
    return { read, failure, tickets, resumed, claim }
  }

  async #serverCloses(closer: Child, peer: Child, port: number, run: number): Promise<Answers> {
    const [read = '', failure = '', tickets = '', resumed = ''] = (await peer.ask('run', run, port)).split(' ')
    return { read, failure, tickets, resumed, claim: (await closer.ask('claim', run)).split(' ') }
  }

  async #relayTo(ports: readonly number[], rtt: number): Promise<readonly number[]> {
    const module = new URL('../../support/relay-process.js', import.meta.url)
    const routes = ports.map((port) => `${rtt / 2}:${port}`)
    this.#relay = await this.#keep(startChild({ name: 'relay', command: moduleCommand(module, routes) }))
    return this.#relay.ports
  }

  async #spawn(name: string, file: string, ...args: readonly string[]): Promise<Child> {
    const module = new URL(`./${file}-process.js`, import.meta.url)
    return await this.#keep(startChild({ name, command: moduleCommand(module, args) }))
  }

  /** A child that gets ready after the stage was stopped is stopped as well. */
  async #keep(starting: Promise<Child>): Promise<Child> {
    const child = await starting
    if (!this.#isStopped) return child
    await child.stop()
    throw new Error('The block was ended')
  }
}

/** The words of the children's answers. */
interface Answers {
  readonly read: string
  readonly failure: string
  readonly tickets: string
  readonly resumed: string
  readonly claim: readonly string[]
}
