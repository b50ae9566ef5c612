/** The processes of one block, and the way between them: a relay, or packet by packet between two namespaces. */
import { moduleCommand, startChild } from '../../support/child.js'
import type { Child } from '../../support/child.js'
import { openTunNetwork } from '../../support/tun-network.js'
import type { TunNetwork } from '../../support/tun-network.js'
import { peers } from './sides.js'
import type { Closer, Peer, Protocol } from './sides.js'
import type { CloserPrograms } from './programs.js'

export type NetworkKind = 'relay' | 'packets'

export interface Delays {
  /** The least one-way delays that were recorded, in ms. */
  readonly up: number
  readonly down: number
}

/** Everything that runs in one block. */
export interface Path {
  closer(name: Closer): Child
  /** Where a closer connects to reach the peer. */
  readonly host: string
  readonly port: number
  /** Measures one round trip of the same way, in ms. */
  echo(): Promise<number>
  /** What the peer has seen since the last call: see peer-process.ts. */
  take(): Promise<string>
  /** What the network has recorded since the last call. */
  takeDelays(): Promise<Delays>
  stop(): Promise<void>
}

export interface PathOptions {
  readonly network: NetworkKind
  readonly rtt: number
  readonly protocol: Protocol
  readonly peer: Peer
  readonly programs: CloserPrograms
  readonly signal: AbortSignal
  readonly onDied: (error: Error) => void
}

export async function openPath(options: PathOptions): Promise<Path> {
  const started: { stop(): Promise<void> }[] = []
  const stop = async (): Promise<void> => {
    // The last first: a namespace cannot go before what runs in it.
    for (const one of started.splice(0).reverse()) await one.stop()
  }
  try {
    const tun = options.network === 'packets' ? await openTunNetwork(options.signal) : undefined
    if (tun !== undefined) started.push({ stop: () => tun.close() })
    return await startAll(options, tun, started, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function startAll(
  { rtt, protocol, peer, programs, onDied }: PathOptions,
  tun: TunNetwork | undefined,
  started: { stop(): Promise<void> }[],
  stop: () => Promise<void>,
): Promise<Path> {
  const start = async (name: string, side: 'a' | 'b', command: [string, ...string[]]): Promise<Child> => {
    const placed = tun === undefined ? command : tun.commandIn(side, command)
    const child = await startChild({ name, command: placed, onDied })
    started.push(child)
    return child
  }
  const module = (name: string, ...args: readonly (string | number)[]): [string, ...string[]] =>
    moduleCommand(new URL(name, import.meta.url), args)

  const server = await start('peer', 'b', module('peer-process.js', tun?.addressB ?? '127.0.0.1', protocol))
  const ports = [server.ports[peers.indexOf(peer)], server.ports[peers.length]]
  const network =
    tun === undefined
      ? relayNetwork(await start('relay', 'a', relayCommand(rtt / 2, ports)))
      : await packetNetwork(tun, rtt / 2, ports)
  const echo = await start('echo', 'a', module('../../support/echo-process.js'))
  const [node, own, stream, c, python] = await Promise.all([
    start('Node closer', 'a', module('closer-process.js', 'node')),
    start('close-notify closer', 'a', module('closer-process.js', 'close-notify')),
    start('TlsStream closer', 'a', module('closer-process.js', 'stream')),
    start('C closer', 'a', programs.c),
    start('Python closer', 'a', programs.python),
  ])
  const closers: Readonly<Record<Closer, Child>> = { node, 'close-notify': own, stream, c, python }
  return {
    closer: (name) => closers[name],
    host: network.host,
    port: network.port,
    echo: async () => Number(await echo.ask('echo', network.host, network.echoPort)),
    take: () => server.ask('take'),
    takeDelays: () => network.takeDelays(),
    stop,
  }
}

interface Between {
  readonly host: string
  readonly port: number
  readonly echoPort: number
  takeDelays(): Promise<Delays>
}

function relayCommand(delay: number, ports: readonly (number | undefined)[]): [string, ...string[]] {
  return moduleCommand(
    new URL('../../support/relay-process.js', import.meta.url),
    ports.map((port) => `${delay}:${port}`),
  )
}

function relayNetwork(relay: Child): Between {
  const [port = Number.NaN, echoPort = Number.NaN] = relay.ports
  return {
    host: '127.0.0.1',
    port,
    echoPort,
    async takeDelays() {
      const [, up = Number.NaN, , , , down = Number.NaN] = (await relay.ask('delays', port)).split(' ').map(Number)
      return { up, down }
    },
  }
}

async function packetNetwork(
  tun: TunNetwork,
  delay: number,
  [port = Number.NaN, echoPort = Number.NaN]: readonly (number | undefined)[],
): Promise<Between> {
  await tun.setDelay(delay)
  return {
    host: tun.addressB,
    port,
    echoPort,
    async takeDelays() {
      const { up, down } = await tun.takeDelays()
      return { up: up.min, down: down.min }
    },
  }
}
