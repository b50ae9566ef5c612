/**
 * Where the time of a connection goes: the CPU time of the server of load.ts, of stock Node and under a policy, divided
 * by a sampled profile of it. Our own share, and that of the garbage collection, hardly move with the machine's noise.
 *
 * A sample does its work three times: to warm up, for the CPU time, and for the profile, for taking it costs time too.
 * Beside the kinds of profile-summary.ts: `outside` is the main thread's CPU time without that of all kinds, where most
 * of a handshake is; `threads` is that of all other threads, which collect garbage and compile.
 *
 * The functions with the most time are listed, and where Node's functions and others take more than in stock Node, the
 * difference. V8 cannot tell functions of the addon apart, and calls all of them by the name of one: look at the caller
 * behind the `<`. With `--json FILE` the last profile under the policy is written to FILE.cpuprofile too, which the
 * developer tools of browsers and editors open.
 */
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Measurements, Program } from '../program.js'
import { kinds, type Profile, summarizeProfile, type Sums, totalOf } from './profile-summary.js'
import { reportsOfAll } from './reports.js'
import { takeTurns } from '../turns.js'
import { startWorker, type Worker } from '../worker.js'

/** Microseconds between two samples. */
const interval = 200
const parts = [...kinds, 'outside', 'threads'] as const

/** Microseconds per connection. */
interface Sample {
  readonly all: number
  readonly parts: ReadonlyMap<string, number>
  readonly sums: Sums
}

function profileUnder(side: string, name: string, policy: string): Program {
  const description = {
    name,
    question: `CPU time of the server per connection with one request, by whose code it is: under ${policy}, and stock Node`,
    unit: 'connections per sample',
    size: 2000,
  }
  const start: Program['start'] = async ({ size, json }, measurements) => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'close-notify-profile-'))
    const file = path.join(folder, 'profile')
    let workers: Worker[] = []
    const stopWorkers = async (): Promise<void> => {
      await Promise.all(workers.map((worker) => worker.stop()))
      workers = []
    }
    const sample = async (of: string): Promise<Sample> => {
      const server = startWorker(new URL('./profile-process.js', import.meta.url), [of, String(interval), file])
      workers.push(server)
      const [port = 0] = await server.ask('port')
      const args = [String(port), String(size), 'close']
      const client = startWorker(new URL('./client-process.js', import.meta.url), args)
      workers.push(client)
      const [, first = 0] = await client.ask('warm up')
      const before = await server.ask('times')
      const [, second = 0] = await client.ask('go')
      const after = await server.ask('times')
      await server.ask('start profile')
      const [, third = 0] = await client.ask('go')
      await server.ask('write profile')
      await client.stop()
      await reportsOfAll(of, server, first + second + third)
      await stopWorkers()
      if (json !== undefined && of === side) await copyFile(file, `${json}.cpuprofile`)
      const [all = Number.NaN, mainThread = Number.NaN] = after.map((time, at) => time - (before[at] ?? Number.NaN))
      return perConnection(summarizeProfile(profileIn(await readFile(file, 'utf8'))), all, mainThread, size)
    }
    const functions = new Functions()
    return {
      step: async (pair) => {
        const of = await takeTurns(['changed', 'plain', 'again'], pair, (turn) =>
          sample(turn === 'changed' ? side : 'stock'),
        )
        record(measurements, side, of('changed'), of('plain'), of('again'))
        functions.add(of('changed').sums, of('plain').sums)
        measurements.facts['functions, in us per connection'] = functions.list()
        return !measurements.isNarrow(`server CPU, ${side} / stock`, 0.01)
      },
      stop: async () => {
        await stopWorkers()
        await rm(folder, { recursive: true, force: true })
      },
    }
  }
  return { description, start }
}

function perConnection(sums: Sums, all: number, mainThread: number, size: number): Sample {
  const share = (time: number): number => time / size
  const sampled = kinds.map((kind) => [kind, totalOf(sums, kind)] as const)
  const inside = sampled.reduce((sum, [, time]) => sum + time, 0)
  const others = [['outside', mainThread - inside] as const, ['threads', all - mainThread] as const]
  return {
    all: share(all),
    parts: new Map([...sampled, ...others].map(([part, time]) => [part, share(time)])),
    sums: new Map(
      [...sums].map(([kind, functions]) => [kind, new Map([...functions].map(([name, time]) => [name, share(time)]))]),
    ),
  }
}

function record(measurements: Measurements, side: string, changed: Sample, plain: Sample, again: Sample): void {
  // As in the other programs: below 1 is slower than stock Node.
  measurements.add(`server CPU, ${side} / stock`, plain.all / changed.all)
  measurements.add('server CPU, A/A', plain.all / again.all)
  const compare = (name: string, of: (sample: Sample) => number): void => {
    measurements.add(`${name}, ${side}`, of(changed))
    measurements.add(`${name}, stock`, of(plain))
    measurements.add(`${name}, ${side} - stock`, of(changed) - of(plain))
    measurements.add(`${name}, A/A`, of(again) - of(plain))
  }
  compare('all', ({ all }) => all)
  for (const part of parts) compare(part, (sample) => sample.parts.get(part) ?? Number.NaN)

  const medians = new Map(measurements.rows().map(({ name, summary }) => [name, summary?.median ?? Number.NaN]))
  for (const name of [side, 'stock', `${side} - stock`, 'A/A']) {
    const texts = parts.map((part) => `${part}: ${(medians.get(`${part}, ${name}`) ?? Number.NaN).toFixed(0)} us`)
    measurements.facts[`per connection, ${name}`] = texts.join(', ')
  }
}

/** The functions of a side over all its samples. */
class Functions {
  readonly #times = new Map<string, Map<string, number>>()
  #samples = 0

  add(changed: Sums, plain: Sums): void {
    this.#samples++
    for (const kind of kinds) {
      const times = this.#times.get(kind) ?? new Map<string, number>()
      this.#times.set(kind, times)
      for (const [name, time] of changed.get(kind) ?? []) times.set(name, (times.get(name) ?? 0) + time)
      for (const [name, time] of plain.get(kind) ?? []) times.set(name, (times.get(name) ?? 0) - time)
    }
  }

  list(): string {
    const counts = { ours: 15, 'ours native': 10, node: 10, native: 5 }
    return Object.entries(counts)
      .flatMap(([kind, count]) =>
        [...(this.#times.get(kind) ?? [])]
          .sort(([, a], [, b]) => b - a)
          .slice(0, count)
          .map(([name, time]) => `\n  ${(time / this.#samples).toFixed(2).padStart(6)}  ${kind}: ${name}`),
      )
      .join('')
  }
}

function profileIn(text: string): Profile {
  const value: unknown = JSON.parse(text)
  if (!isProfile(value)) throw new Error('Expected a profile with samples and their times')
  return value
}

function isProfile(value: unknown): value is Profile {
  return typeof value === 'object' && value !== null && 'nodes' in value && 'samples' in value && 'timeDeltas' in value
}

export const policyProfile = profileUnder('policy', 'policy-profile', 'a policy')

export const policyProfileListener = profileUnder(
  'listened',
  'policy-profile-listener',
  'a policy with a listener that reads each report',
)

export const policyProfileBidirectional = profileUnder(
  'bidirectional',
  'policy-profile-bidirectional',
  'a bidirectional policy',
)
