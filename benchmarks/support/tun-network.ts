/**
 * A network of two hosts with a delay between them, packet by packet: the kernel's own TCP sees handshakes, FIN, RST,
 * acknowledgements and windows as late as bytes, which no relay can do. Two network namespaces, a TUN device in each, and
 * tun-forwarder.py between the devices, in a process of its own. Needs root, /dev/net/tun, iproute2 and python3: `tunDevice` in
 * ../study/needs.ts says what is missing.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { type Child, startChild } from './child.js'
import type { Delays } from './relay.js'
import { sourceFile } from './source-file.js'

const run = promisify(execFile)

export interface TunNetwork {
  readonly addressA: string
  readonly addressB: string
  /** The command that runs a program on one of the hosts. Who starts it has to end it before `close()`. */
  commandIn(side: 'a' | 'b', command: readonly [string, ...string[]]): [string, ...string[]]
  /** Sets the one-way delay in ms, half of the RTT, of all packets that are sent from now on. It is 0 at first. */
  setDelay(ms: number): Promise<void>
  /** For how long packets were really held since the last call: `up` from a to b, `down` from b to a. */
  takeDelays(): Promise<{ readonly up: Delays; readonly down: Delays }>
  close(): Promise<void>
}

const device = 'tun0'
// Addresses that are for documentation: no other network of the machine has them.
const addresses = { a: '192.0.2.1', b: '192.0.2.2' } as const
const sides = ['a', 'b'] as const

/** Those of this process that are in use. */
const inUse = new Set<string>()
let opened = 0

/** Opens a network. `onDied` hears of the forwarder's end where it comes before `close()`. */
export async function openTunNetwork(
  signal: AbortSignal,
  onDied: (error: Error) => void = () => {},
): Promise<TunNetwork> {
  await deleteLeftovers()
  opened += 1
  const names = { a: `cn-${process.pid}-${opened}-a`, b: `cn-${process.pid}-${opened}-b` } as const
  let forwarder: Child | undefined
  async function close(): Promise<void> {
    await forwarder?.stop()
    for (const side of sides) await deleteNamespace(names[side])
  }
  try {
    for (const side of sides) await addNamespace(names[side])
    signal.throwIfAborted()
    const script = sourceFile('benchmarks/support/tun-forwarder.py')
    const path = await startChild({
      name: 'forwarder',
      command: ['python3', script, device, names.a, names.b],
      onDied,
    })
    forwarder = path
    for (const side of sides) await bringUp(names[side], addresses[side])
    signal.throwIfAborted()
    return {
      addressA: addresses.a,
      addressB: addresses.b,
      commandIn: (side, command) => ['ip', 'netns', 'exec', names[side], ...command],
      async setDelay(ms) {
        await path.ask('delay', ms)
      },
      async takeDelays() {
        const figures = (await path.ask('delays')).split(' ').map(Number)
        return { up: delaysOf(figures.slice(0, 4)), down: delaysOf(figures.slice(4)) }
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function delaysOf([count = 0, min = NaN, median = NaN, max = NaN]: readonly number[]): Delays {
  return { count, min, median, max }
}

async function addNamespace(name: string): Promise<void> {
  inUse.add(name)
  await run('ip', ['netns', 'add', name])
}

async function bringUp(name: string, address: string): Promise<void> {
  await run('ip', ['-n', name, 'link', 'set', 'lo', 'up'])
  await run('ip', ['-n', name, 'address', 'add', `${address}/24`, 'dev', device])
  await run('ip', ['-n', name, 'link', 'set', device, 'up'])
}

async function deleteNamespace(name: string): Promise<void> {
  const isThere = (): boolean => existsSync(`/run/netns/${name}`)
  try {
    if (isThere()) await run('ip', ['netns', 'delete', name])
  } catch (error) {
    // Another process may have found the same leftover.
    if (isThere()) throw error
  }
  inUse.delete(name)
}

/** Those of processes that were killed, among them one that had the number of this. */
async function deleteLeftovers(): Promise<void> {
  const { stdout } = await run('ip', ['netns', 'list'])
  for (const [name, pid] of stdout.matchAll(/^cn-(\d+)-\d+-[ab]\b/gm)) {
    const isOwn = Number(pid) === process.pid
    if (isOwn ? !inUse.has(name) : !existsSync(`/proc/${pid}`)) await deleteNamespace(name)
  }
}
