/**
 * The server of profile.ts and allocations.ts: `SIDE FILE`. Samples itself in between, its time or its allocations, and
 * writes what it saw to the file. `times` are the microseconds of CPU time of all threads and of the main thread.
 */
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { Session } from 'node:inspector/promises'
import { startServer } from './server.js'
import { answerParent, cpuTime } from '../numbers.js'

const [side = '', file = ''] = process.argv.slice(2)
const session = new Session()
session.connect()

/** Nanoseconds on a processor are the first field; the main thread has the number of its process. */
function mainThreadTime(): number {
  const [time] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')
  return Number(time) / 1000
}

answerParent({
  ...(await startServer(side)),
  times: () => [...cpuTime(), mainThreadTime()],
  'start-profile': async () => {
    await session.post('Profiler.enable')
    // Microseconds between two samples.
    await session.post('Profiler.setSamplingInterval', { interval: 200 })
    await session.post('Profiler.start')
    return []
  },
  'write-profile': async () => {
    const { profile } = await session.post('Profiler.stop')
    await writeFile(file, JSON.stringify(profile))
    return []
  },
  'start-allocations': async () => {
    await session.post('HeapProfiler.startSampling', {
      // Bytes between two samples, on average.
      samplingInterval: 2048,
      // Of what is made and dropped, too: the types of Node 20 do not know these two.
      ...{ includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true },
    })
    return []
  },
  'write-allocations': async () => {
    const { profile } = await session.post('HeapProfiler.stopSampling')
    await writeFile(file, JSON.stringify(profile))
    return []
  },
})
