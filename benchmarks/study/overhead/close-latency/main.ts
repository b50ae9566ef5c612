/**
 * The time that a bidirectional close takes above the RTT: the promise of shutdown(), minus the echo of the same relay,
 * measured right before or right after it in turn, at RTT 10 and 50 ms. A/A is the echo minus another echo, taken the
 * same way.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection } from '../../closing-cost/closing.js'
import { startNetwork } from '../../closing-cost/network.js'
import { EchoProbe } from '../../../support/echo.js'
import type { Program } from '../program.js'

const description = {
  name: 'close-latency',
  question: 'Bidirectional close minus the echo of the same relay, in ms',
  unit: 'closings of each RTT per step',
  size: 10,
}

const rtts = [10, 50]
const target = 'median at most 1 ms'
const budgets = { wait: 20_000, hold: 20_000 }

export const closeLatency: Program = {
  description,
  start: async ({ size }, measurements) => {
    const { signal } = new AbortController()
    const network = await startNetwork(rtts, (error) => {
      throw error
    })
    const probes = await Promise.all(rtts.map((rtt) => EchoProbe.connect(network.port(rtt, 'echo'), signal)))
    return {
      step: async (pair) => {
        for (let i = 0; i < size; i++) {
          for (const [at, rtt] of rtts.entries()) {
            const echo = probes[at]
            if (echo === undefined) continue
            const connection = await Connection.open(network.port(rtt, 'answers'), 'answers', 'bidirectional', signal)
            await sleep(5)
            const closeOnce = async (): Promise<number> => {
              const begun = connection.begin(budgets)
              const { ms } = await begun.done
              return ms
            }
            const echoFirst = i % 2 === 0
            const before = echoFirst ? await echo.measure(signal) : 0
            const close = await closeOnce()
            const after = echoFirst ? 0 : await echo.measure(signal)
            const again = await echo.measure(signal)
            // The first step warms up.
            if (pair === 0) continue
            measurements.add(`close - echo, RTT ${rtt}`, close - (before + after), target)
            measurements.add(`echo - echo (A/A), RTT ${rtt}`, again - (before + after))
            measurements.add(`echo, RTT ${rtt}`, before + after)
          }
        }
        return !rtts.every((rtt) => measurements.isNarrow(`close - echo, RTT ${rtt}`, 0.01))
      },
      stop: async () => {
        for (const probe of probes) probe.close()
        await network.stop()
      },
    }
  },
}
