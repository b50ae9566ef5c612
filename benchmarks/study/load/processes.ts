/** The processes of a block: none outlives it, and an abort ends them at once, so that what waits for them fails. */
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { moduleCommand, startChild, type Child } from '../../support/child.js'
import { sourceFile } from '../../support/source-file.js'
import { openFiles } from '../needs.js'
import type { Need } from '../question.js'
import { openFilesOf, processFileSystem } from './descriptors.js'
import { payload, type Side, wayOf } from './sides.js'

export interface Server {
  readonly child: Child
  readonly port: number
}

export type Load = 'burst' | 'stream'

/** What a process needs besides its connections: Node's own, standard streams, what listens. */
const spare = 200

const warmUpConnections = 4000

export function needsOf(connections: number): readonly Need[] {
  return [processFileSystem, openFiles(connections + spare)]
}

export class Processes {
  readonly #children = new Set<Child>()

  /** Runs something with processes, and ends them behind it; throws the signal's reason when that ended it. */
  static async use<T>(signal: AbortSignal, run: (processes: Processes) => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    const processes = new Processes()
    const onAbort = (): void => {
      void processes.#stopAll()
    }
    signal.addEventListener('abort', onAbort)
    try {
      return await run(processes)
    } catch (error) {
      signal.throwIfAborted()
      throw error
    } finally {
      signal.removeEventListener('abort', onAbort)
      await processes.#stopAll()
    }
  }

  async server(side: Side, load: Load, budget: number, places: number): Promise<Server> {
    const child = await this.#start(
      `${side} server`,
      moduleCommand(compiled('study/load/server-process.js'), [wayOf(side), budget, places, load], ['--expose-gc']),
    )
    return { child, port: firstPort(child) }
  }

  peers(): Promise<Child> {
    return this.#start('peers', moduleCommand(compiled('study/load/peers-process.js')))
  }

  /** A relay to each of the ports, in a process of its own. */
  relay(rtt: number, ports: readonly number[]): Promise<Child> {
    const routes = ports.map((port) => `${rtt / 2}:${port}`)
    return this.#start('relay', moduleCommand(compiled('support/relay-process.js'), routes))
  }

  async stop(child: Child): Promise<void> {
    this.#children.delete(child)
    await child.stop()
  }

  async #start(name: string, command: [string, ...string[]]): Promise<Child> {
    const child = await startChild({ name, command })
    this.#children.add(child)
    return child
  }

  async #stopAll(): Promise<void> {
    await Promise.all([...this.#children].map((child) => child.stop()))
  }
}

/**
 * Has a server close some thousand connections, a hundred at a time. Until then V8 compiles the code that closes, on
 * other threads of the process, for as much CPU time as the closings themselves take; and it compiles anew what a forced
 * garbage collection has thrown away.
 */
export async function warmUp({ child, port }: Server, peers: Child, scale: number): Promise<void> {
  const atATime = 100
  const rounds = Math.max(1, Math.round((warmUpConnections / atATime) * scale))
  for (let round = 0; round < rounds; round += 1) {
    await peers.ask('connect', port, atATime, 0)
    await child.ask('close')
    const received = Number(await peers.ask('drop'))
    if (received !== atATime * payload.length) throw new Error(`Peers received ${received} bytes while warming up`)
  }
  await child.ask('release')
}

/** The compiled form of a module, also where a test imports the source. */
function compiled(module: string): URL {
  return pathToFileURL(sourceFile(`dist/benchmarks/${module}`))
}

/** Resolves with how many files more than at rest a process has open, when there are none or a second is over. */
export async function filesLeft(child: Child, atRest: number, signal: AbortSignal): Promise<number> {
  for (let look = 0; ; look += 1) {
    const left = (await openFilesOf(child.pid)) - atRest
    if (left <= 0 || look === 50) return left
    await sleep(20, undefined, { signal })
  }
}

/** The numbers of an answer. */
export function numbersOf(text: string, separator = ' '): number[] {
  return text === '' ? [] : text.split(separator).map(Number)
}

function firstPort({ ports }: Child): number {
  const [port] = ports
  if (port === undefined) throw new Error('A process listens on no port')
  return port
}
