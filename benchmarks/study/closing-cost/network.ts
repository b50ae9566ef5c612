import { moduleCommand, startChild } from '../../support/child.js'
import type { Child } from '../../support/child.js'
import type { Peer } from './closing.js'

/** The end that a relay of this benchmark leads to. */
type Target = Peer | 'echo'

/** The processes of a run: the peers, and a relay to each of them at each RTT. */
export interface Network {
  readonly description: string
  port(rtt: number, target: Target): number
  /** Lets the silent peer drop the connections that it kept. */
  dropSilent(): Promise<void>
  /** Resolves when both processes were seen alive or one was seen dead; `onDied` has heard of it by then. */
  check(): Promise<void>
  stop(): Promise<void>
}

const targets = ['answers', 'silent', 'echo'] as const satisfies readonly Target[]

/** Starts both processes. `onDied` hears of one that ends before it is stopped. */
export async function startNetwork(rtts: readonly number[], onDied: (error: Error) => void): Promise<Network> {
  const peer = await startChild({
    name: 'peer',
    command: moduleCommand(new URL('./peer-process.js', import.meta.url)),
    onDied,
  })
  let relay: Child
  try {
    relay = await startChild({
      name: 'relay',
      command: moduleCommand(
        new URL('../../support/relay-process.js', import.meta.url),
        rtts.flatMap((rtt) => peer.ports.map((port) => `${rtt / 2}:${port}`)),
      ),
      onDied,
    })
  } catch (error) {
    await peer.stop()
    throw error
  }
  return {
    description: `peer in process ${peer.pid}, relay in process ${relay.pid}`,
    port(rtt, target) {
      const port = relay.ports[rtts.indexOf(rtt) * targets.length + targets.indexOf(target)]
      if (port === undefined) throw new Error(`No relay to ${target} at RTT ${rtt}`)
      return port
    },
    async dropSilent() {
      await peer.ask('drop')
    },
    async check() {
      await Promise.allSettled([relay.ask('ping'), peer.ask('ping')])
    },
    async stop() {
      await Promise.all([relay.stop(), peer.stop()])
    },
  }
}
