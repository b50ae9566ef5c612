/**
 * Where the time of a connection goes, as Linux' perf sees it: the stack of the server after each 0.2 ms of CPU time of
 * each of its threads. Time in which the machine has other work is not in it, and native code is by name, so that this
 * is the profile to trust where the machine is noisy. V8 writes down its functions for it, which costs both sides a
 * little, and a function that was inlined counts for the one that it was inlined into: profile.ts tells those apart.
 */
import { rmSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { EventCounter } from '../instructions.js'
import { attachPerf } from '../perf.js'
import { CannotRun } from '../program.js'
import { kinds } from './profile-summary.js'
import { profilePrograms } from './profile-pairs.js'
import { StackReader } from './stacks.js'

const event = 'task-clock'
const nanoseconds = 200_000

export const policyPerf = profilePrograms({
  name: 'policy-perf',
  cost: 'CPU time of the server',
  unit: 'us',
  kinds,
  execArgv: ['--perf-basic-prof'],
  check: async () => {
    const counter = await EventCounter.open(event)
    if (typeof counter === 'string') throw new CannotRun(`This profile needs Linux' perf: ${counter}`)
    // After Ctrl-C too.
    process.once('exit', removeMaps)
  },
  measure: async (server, load, servers) => {
    const record = ['record', '-q', '-e', event, '-c', String(nanoseconds), '--call-graph', 'fp', '-o', servers.file]
    maps.add(`/tmp/perf-${server.pid}.map`)
    const perf = await attachPerf(record, server.pid)
    try {
      await load()
    } finally {
      await perf.stop()
    }
    const sums = await readStacks(servers.file, server.pid)
    removeMaps()
    return sums
  },
})

/** The files in which V8 writes down its functions, where perf looks for them. */
const maps = new Set<string>()

function removeMaps(): void {
  for (const map of maps) rmSync(map, { force: true })
  maps.clear()
}

async function readStacks(file: string, mainThread: number) {
  const args = ['script', '--no-inline', '-i', file, '-F', 'tid,ip,sym,dso']
  const perf = spawn('perf', args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const closed = once(perf, 'close')
  const reader = new StackReader(mainThread, nanoseconds / 1000)
  for await (const line of createInterface({ input: perf.stdout })) reader.read(line)
  await closed
  return reader.end()
}
