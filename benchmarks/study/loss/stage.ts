/** The processes of a block, and the way between them: loopback, a relay, or packet by packet between two namespaces. */
import { type Child, moduleCommand, startChild } from '../../support/child.js'
import { openTunNetwork } from '../../support/tun-network.js'
import type { Outcome } from './outcome.js'
import type { Plan } from './plans.js'
import { allWaysOf, type Kind, kinds, settings, type Way, waysOf } from './situations.js'
import { parseClaim } from './way.js'

export interface Stage {
  /** One run, to its end. */
  play(run: number, kind: Kind, way: Way): Promise<Outcome>
  /** Of each kind, whether its process has loaded the addon. */
  modules(): Promise<ReadonlyMap<Kind, boolean>>
  stop(): Promise<void>
}

/** Starts all. `onDied` hears of a process that ends before it is stopped. */
export async function openStage(plan: Plan, signal: AbortSignal, onDied: (error: Error) => void): Promise<Stage> {
  const started: { stop(): Promise<void> }[] = []
  const stop = async (): Promise<void> => {
    // The last first: a namespace cannot go before what runs in it.
    for (const one of started.splice(0).reverse()) await one.stop()
  }
  try {
    return { ...(await startAll(plan, signal, onDied, started)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startAll(
  { situation, network, protocol }: Plan,
  signal: AbortSignal,
  onDied: (error: Error) => void,
  started: { stop(): Promise<void> }[],
): Promise<Omit<Stage, 'stop'>> {
  const { closer: closingSide, bytes } = settings[situation]
  const tun = network.kind === 'packets' ? await openTunNetwork(signal, onDied) : undefined
  if (tun !== undefined) started.push({ stop: () => tun.close() })
  if (network.kind === 'packets') await tun?.setDelay(network.rtt / 2)
  const host = tun?.addressB ?? '127.0.0.1'

  /** Clients run on host a, servers on host b. */
  const start = async (name: string, side: 'client' | 'server', module: string, ...args: readonly string[]) => {
    signal.throwIfAborted()
    const command = moduleCommand(new URL(module, import.meta.url), args)
    const placed = tun === undefined ? command : tun.commandIn(side === 'client' ? 'a' : 'b', command)
    const child = await startChild({ name, command: placed, onDied })
    started.push(child)
    return child
  }

  const closers = new Map<Kind, Child>()
  for (const kind of kinds) {
    if (waysOf(kind, situation).length === 0) continue
    const module = `./closer-${closingSide}-process.js`
    closers.set(kind, await start(`${kind} closer`, closingSide, module, kind, situation, protocol, host))
  }
  const peer =
    closingSide === 'client'
      ? await start('peer', 'server', './peer-server-process.js', protocol, host)
      : await start('peer', 'client', './peer-client-process.js', situation, protocol)
  const servers = closingSide === 'client' ? [peer] : [...closers.values()]
  const targets = servers.flatMap(({ ports }) => ports)
  const ports =
    network.kind === 'relay'
      ? (await start('relay', 'client', '../../support/relay-process.js', ...routes(targets, network.rtt))).ports
      : targets
  // A server listens for each way in turn, the peer's for all.
  const portOf = new Map(
    allWaysOf(situation).map(({ way }, index) => [way, ports[closingSide === 'client' ? 0 : index]]),
  )

  return {
    async play(run, kind, way) {
      const closer = closers.get(kind)
      const port = portOf.get(way)
      if (closer === undefined || port === undefined) throw new Error(`Nobody closes by ${way}`)
      const answers =
        closingSide === 'client'
          ? await clientCloses(closer, peer, run, host, port, way)
          : await serverCloses(closer, peer, run, host, port)
      const { read, failure, tickets, resumed, claim } = answers
      return {
        way,
        written: bytes,
        read: Number(read),
        failure,
        tickets: Number(tickets),
        resumed: resumed === 'true',
        claim: parseClaim(claim),
      }
    },
    async modules() {
      const found = new Map<Kind, boolean>()
      for (const [kind, closer] of closers) found.set(kind, (await closer.ask('modules')) === 'true')
      return found
    },
  }
}

function routes(ports: readonly number[], rtt: number): readonly string[] {
  return ports.map((port) => `${rtt / 2}:${port}`)
}

/** The words of the children's answers. */
interface Answers {
  readonly read: string
  readonly failure: string
  readonly tickets: string
  readonly resumed: string
  readonly claim: readonly string[]
}

async function clientCloses(
  closer: Child,
  peer: Child,
  run: number,
  host: string,
  port: number,
  way: Way,
): Promise<Answers> {
  const [tickets = '', resumed = '', ...claim] = (await closer.ask('run', run, host, port, way)).split(' ')
  const [read = '', failure = ''] = (await peer.ask('read', run)).split(' ')
  return { read, failure, tickets, resumed, claim }
}

async function serverCloses(closer: Child, peer: Child, run: number, host: string, port: number): Promise<Answers> {
  const [read = '', failure = '', tickets = '', resumed = ''] = (await peer.ask('run', run, host, port)).split(' ')
  return { read, failure, tickets, resumed, claim: (await closer.ask('claim', run)).split(' ') }
}
