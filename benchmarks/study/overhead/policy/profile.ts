/**
 * Where the time of a connection goes: the CPU time of the server, divided by a sampled profile of V8's, which runs
 * everywhere. A sample does its work three times: to warm up, for the CPU time, and for the profile, for taking it costs
 * time too.
 *
 * V8 samples JavaScript and what it calls; `outside` is what is left of the main thread's CPU time. Where the machine has
 * other work samples are lost, so that perf.ts has the better profile where there is perf. V8 cannot tell functions of
 * the addon apart either, and calls all of them by the name of one: look at the caller behind the `<`. With `--json FILE`
 * the last profile under the policy is written to FILE.cpuprofile too, which the developer tools of browsers and editors
 * open.
 */
import { copyFile } from 'node:fs/promises'
import { add, kinds, type Profile, summarizeProfile, totalOf } from './profile-summary.js'
import { profilePrograms } from './profile-pairs.js'

export const policyProfiles = profilePrograms({
  name: 'policy-profile',
  cost: 'CPU time of the server',
  unit: 'us',
  kinds,
  measure: async (server, load, servers) => {
    const before = await server.ask('times')
    await load()
    const after = await server.ask('times')
    await server.ask('start-profile')
    await load()
    await server.ask('write-profile')
    const [all = Number.NaN, mainThread = Number.NaN] = after.map((time, at) => time - (before[at] ?? Number.NaN))
    const sums = summarizeProfile(profileIn(await servers.readFile()))
    const inside = kinds.reduce((sum, kind) => sum + totalOf(sums, kind), 0)
    add(sums, { kind: 'outside', name: 'all' }, mainThread - inside)
    add(sums, { kind: 'threads', name: 'all' }, all - mainThread)
    return sums
  },
  keep: (servers, file) => copyFile(servers.file, `${file}.cpuprofile`),
})

function profileIn(value: unknown): Profile {
  if (!isProfile(value)) throw new Error('Expected a profile with samples and their times')
  return value
}

function isProfile(value: unknown): value is Profile {
  return typeof value === 'object' && value !== null && 'nodes' in value && 'samples' in value && 'timeDeltas' in value
}
