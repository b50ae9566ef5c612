import { execFile, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Child, moduleCommand, startChild } from '../../../benchmarks/support/child.js'
import { openTunNetwork, type TunNetwork } from '../../../benchmarks/support/tun-network.js'
import { tunDevice } from '../../../benchmarks/study/needs.js'

const run = promisify(execFile)

const lack = await tunDevice.missing()
if (lack !== undefined) console.warn(`\nNO TEST OF THE NETWORK WITH DELAY BY PACKETS: ${lack}\n`)

/** Never aborts: a test that hangs is ended by vitest. */
const { signal } = new AbortController()

describe.skipIf(lack !== undefined)('a network of two namespaces', () => {
  test('delays each packet by what is set, in both directions', async () => {
    const { network, a } = await connected()
    const near = await median(() => echo(a, 1))
    await network.setDelay(20)
    const far = await median(() => echo(a, 1))
    expect(near).toBeLessThan(far)
    expect(far).toBeGreaterThanOrEqual(40)
  })

  test('delays the handshake of TCP as well, and FIN', async () => {
    const { network, a, port } = await connected()
    await network.setDelay(20)
    const began = performance.now()
    await a.ask('connect', network.addressB, port)
    expect(performance.now() - began).toBeGreaterThanOrEqual(40)
    expect(Number(await a.ask('end'))).toBeGreaterThanOrEqual(40)
  })

  test('carries more than a window at once', async () => {
    const { network, a } = await connected()
    await echo(a, 1_000_000)
    await network.setDelay(5)
    expect(await echo(a, 1_000_000)).toBeGreaterThanOrEqual(10)
  })

  test('tells for how long it held packets, since it was last asked or the delay was set', async () => {
    const { network, a } = await connected()
    await echo(a, 1)
    await network.setDelay(7)
    await echo(a, 1)
    const { up, down } = await network.takeDelays()
    for (const delays of [up, down]) {
      expect(delays.count).toBeGreaterThan(0)
      expect(delays.min).toBeGreaterThanOrEqual(7)
      expect(delays.median).toBeGreaterThanOrEqual(delays.min)
      expect(delays.max).toBeGreaterThanOrEqual(delays.median)
    }
  })

  test('tells of no delay where nothing passed', async () => {
    const network = await open()
    expect(await network.takeDelays()).toEqual({ up: nothing, down: nothing })
  })

  test('keeps the order of packets when the delay becomes shorter', async () => {
    const { network, a, b } = await hosts()
    const port = await b.ask('hear', network.addressB)
    await network.setDelay(50)
    await a.ask('say', network.addressB, port, 'first')
    await network.setDelay(0)
    await a.ask('say', network.addressB, port, 'second')
    expect(await b.ask('heard', 2)).toBe('first second')
  })

  test('has a loopback on both hosts', async () => {
    const { a, b } = await hosts()
    for (const host of [a, b]) {
      await host.ask('connect', '127.0.0.1', await host.ask('listen', '127.0.0.1'))
      expect(await echo(host, 1)).toBeGreaterThan(0)
    }
  })

  test('stands beside another', async () => {
    const [one, other] = [await connected(), await connected()]
    await one.network.setDelay(50)
    await echo(other.a, 1)
    expect((await other.network.takeDelays()).up.count).toBeGreaterThan(0)
    expect((await one.network.takeDelays()).up.count).toBe(0)
  })

  test.each([-1, Infinity, NaN])('refuses a delay of %d ms', async (delay) => {
    const network = await open()
    await expect(network.setDelay(delay)).rejects.toThrow('expected a delay in ms')
  })
})

describe.skipIf(lack !== undefined)('what a network leaves behind', () => {
  test('is nothing after close(), which may be called again', async () => {
    const network = await open()
    expect(await namespaces()).toHaveLength(2)
    expect(forwarders()).toHaveLength(1)
    await network.close()
    await network.close()
    expect(await namespaces()).toEqual([])
    expect(forwarders()).toEqual([])
  })

  test.each(['before', 'while'])('is nothing where it is aborted %s it opens', async (when) => {
    const controller = new AbortController()
    const reason = new Error('as the test wants it')
    if (when === 'before') controller.abort(reason)
    const opening = openTunNetwork(controller.signal)
    controller.abort(reason)
    await expect(opening).rejects.toBe(reason)
    expect(await namespaces()).toEqual([])
    expect(forwarders()).toEqual([])
  })

  test('is nothing where the forwarder dies, which is told', async () => {
    const errors: Error[] = []
    const network = await open((error) => errors.push(error))
    for (const pid of forwarders()) process.kill(pid, 'SIGKILL')
    await expect(network.setDelay(1)).rejects.toThrow('ended before it answered')
    expect(errors.map(({ message }) => message)).toEqual(['The forwarder process ended early, by SIGKILL'])
    await network.close()
    expect(await namespaces()).toEqual([])
  })

  test('of a process that is dead, the next one removes; not of one that lives', async () => {
    const dead = `cn-${spawnSync('true').pid}-1-a`
    const living = `cn-${process.ppid}-1-b`
    onTestFinished(() => deleteNamespace(living))
    for (const name of [dead, living]) await run('ip', ['netns', 'add', name])
    await open()
    const left = (await run('ip', ['netns', 'list'])).stdout
    expect(left).not.toContain(dead)
    expect(left).toContain(living)
  })
})

const nothing = { count: 0, min: NaN, median: NaN, max: NaN }

async function open(onDied?: (error: Error) => void): Promise<TunNetwork> {
  const network = await openTunNetwork(signal, onDied)
  onTestFinished(() => network.close())
  return network
}

/** A program on each host. */
async function hosts(): Promise<{ network: TunNetwork; a: Child; b: Child }> {
  const network = await open()
  const program = moduleCommand(new URL('programs/host.mjs', import.meta.url))
  const start = async (side: 'a' | 'b'): Promise<Child> => {
    const child = await startChild({ name: `host ${side}`, command: network.commandIn(side, program) })
    onTestFinished(() => child.stop())
    return child
  }
  return { network, a: await start('a'), b: await start('b') }
}

async function connected(): Promise<{ network: TunNetwork; a: Child; port: string }> {
  const { network, a, b } = await hosts()
  const port = await b.ask('listen', network.addressB)
  await a.ask('connect', network.addressB, port)
  return { network, a, port }
}

async function echo(host: Child, bytes: number): Promise<number> {
  return Number(await host.ask('echo', bytes))
}

async function median(measure: () => Promise<number>): Promise<number> {
  const values: number[] = []
  while (values.length < 7) values.push(await measure())
  return values.toSorted((a, b) => a - b)[3] ?? NaN
}

/** Those of this process. */
async function namespaces(): Promise<string[]> {
  const { stdout } = await run('ip', ['netns', 'list'])
  return stdout.match(new RegExp(`^cn-${process.pid}-\\S+`, 'gm')) ?? []
}

function forwarders(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandLine(name).includes(`\0cn-${process.pid}-`))
    .map(Number)
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

async function deleteNamespace(name: string): Promise<void> {
  await run('ip', ['netns', 'delete', name])
}
