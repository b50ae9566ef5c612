/** The counter of instructions says why there is none, or counts one process from one moment to another. */
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { EventCounter } from '../../../../benchmarks/study/overhead/instructions.js'

const hasPerf = (() => {
  try {
    execFileSync('perf', ['stat', '-e', 'task-clock', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

test('an event that this machine does not know is a sentence, not an exception', async () => {
  expect(await EventCounter.open('no-such-event')).toEqual(expect.stringMatching(/\w+ .*\w+/))
})

// Instructions are not to be had on every machine; the time of a process is an event of the kernel's.
test.skipIf(!hasPerf)('an event is counted from start to stop, and not before', async () => {
  const counter = await EventCounter.open('task-clock')
  if (typeof counter === 'string') throw new Error(counter)
  const before = cpuTime()
  burn(400)
  const uncounted = cpuTime() - before
  const counting = await counter.start(process.pid)
  const began = cpuTime()
  burn(100)
  const burned = cpuTime() - began
  const ms = await counting.stop()
  expect(ms).toBeGreaterThan(burned * 0.8)
  // All that ran since, and nothing like what had run before.
  expect(ms).toBeLessThan(cpuTime() - began + uncounted / 2)
})

/** ms of CPU that this process has used. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function burn(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}
