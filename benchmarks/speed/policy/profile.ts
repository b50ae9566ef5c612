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
import { copyFile } from 'node:fs/promises'
import type { Measurements, Program } from '../program.js'
import {
  FunctionDifferences,
  kinds,
  type Profile,
  sharesOf,
  summarizeProfile,
  type Sums,
  totalOf,
} from './profile-summary.js'
import { ProfiledServers } from './profiled-server.js'
import { takeTurns } from '../turns.js'

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
    const servers = await ProfiledServers.open(size)
    const sample = (of: string): Promise<Sample> =>
      servers.run(of, async (server, load) => {
        const before = await server.ask('times')
        await load()
        const after = await server.ask('times')
        await server.ask('start profile')
        await load()
        await server.ask('write profile')
        if (json !== undefined && of === side) await copyFile(servers.file, `${json}.cpuprofile`)
        const [all = Number.NaN, mainThread = Number.NaN] = after.map((time, at) => time - (before[at] ?? Number.NaN))
        return perConnection(summarizeProfile(profileIn(await servers.readFile())), all, mainThread, size)
      })
    const functions = new FunctionDifferences()
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
      stop: () => servers.close(),
    }
  }
  return { description, start }
}

function perConnection(sums: Sums, all: number, mainThread: number, size: number): Sample {
  const sampled = kinds.map((kind) => [kind, totalOf(sums, kind)] as const)
  const inside = sampled.reduce((sum, [, time]) => sum + time, 0)
  const others = [['outside', mainThread - inside] as const, ['threads', all - mainThread] as const]
  return {
    all: all / size,
    parts: new Map([...sampled, ...others].map(([part, time]) => [part, time / size])),
    sums: sharesOf(sums, size),
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

function profileIn(value: unknown): Profile {
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
