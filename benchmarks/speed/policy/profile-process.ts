/**
 * The server of profile.ts: `SIDE INTERVAL FILE`. Samples itself in between, and writes what it saw to the file. `times`
 * are the microseconds of CPU time of all threads and of the main thread.
 */
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { Session } from 'node:inspector/promises'
import { startServer } from './server.js'
import { answerParent, cpuTime } from '../worker.js'

const [side = '', interval = '', file = ''] = process.argv.slice(2)
const session = new Session()

/** Nanoseconds on a processor are the first field; the main thread has the number of its process. */
function mainThreadTime(): number {
  const [time] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')
  return Number(time) / 1000
}

answerParent({
  ...(await startServer(side)),
  times: () => [...cpuTime(), mainThreadTime()],
  'start profile': async () => {
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: Number(interval) })
    await session.post('Profiler.start')
    return []
  },
  'write profile': async () => {
    const { profile } = await session.post('Profiler.stop')
    session.disconnect()
    await writeFile(file, JSON.stringify(profile))
    return []
  },
})
