/**
 * The process that runs scenarios under policies: `node child-process.js SEED FROM TO SECONDS` those FROM to TO - 1 of a
 * seed, many at a time, until SECONDS have passed; `node child-process.js SEED INDEX,INDEX… again TIMES` runs those that
 * often and prints the plans of those that fail.
 *
 * It writes one JSON line per event and ends by itself: nothing may be left that keeps a process alive.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { trackingCounts } from '../../../lib/native/addon.js'
import { beBusyIfAsked } from '../busy.js'
import { planOf } from './plan.js'
import { startPorts } from './ports.js'
import { runScenario } from './scenario.js'

/** A line of output. */
export type Line =
  | { readonly kind: 'began'; readonly index: number }
  | { readonly kind: 'done'; readonly index: number; readonly closings: number; readonly failures: readonly string[] }
  | { readonly kind: 'end'; readonly events: Readonly<Record<string, number>>; readonly left: readonly string[] }

// Most of a scenario is waiting.
const concurrency = 24

const [seedText, fromText = '0', toText, lastText = '1'] = process.argv.slice(2)
const seed = Number(seedText)
const isReplay = toText === 'again'
const indexes = isReplay
  ? Array.from({ length: Number(lastText) }, () => fromText.split(',').map(Number)).flat()
  : Array.from({ length: Number(toText) - Number(fromText) }, (_, i) => Number(fromText) + i)
const until = isReplay ? Number.POSITIVE_INFINITY : performance.now() + Number(lastText) * 1000
const events: Record<string, number> = {}
const left: string[] = []

process.on('warning', ({ name, message }) => {
  if (name !== 'ExperimentalWarning' && name !== 'DeprecationWarning') left.push(`a warning: ${name}: ${message}`)
})

async function work(): Promise<void> {
  for (let index = indexes.shift(); index !== undefined && performance.now() < until; index = indexes.shift()) {
    const plan = planOf(seed, index)
    write({ kind: 'began', index })
    const { failures, closings, events: seen } = await runScenario(plan)
    if (isReplay && failures.length > 0) console.error(JSON.stringify(plan, null, 1))
    for (const [event, times] of Object.entries(seen)) events[event] = (events[event] ?? 0) + times
    write({ kind: 'done', index, closings, failures })
  }
}

function write(line: Line): void {
  process.stdout.write(JSON.stringify(line) + '\n')
}

// Node frees an SSL when its socket is closed, or with the garbage; what goes on for a turn or two is no leak.
async function leftOvers(): Promise<void> {
  let found = leftNow()
  for (let i = 0; i < 100 && found.length > 0; i++) {
    globalThis.gc?.()
    await sleep(20)
    found = leftNow()
  }
  left.push(...found)
}

function leftNow(): string[] {
  const { live, indexed, held } = trackingCounts()
  // Standard output may be a pipe.
  const resources = process.getActiveResourcesInfo().filter((resource) => !/^(Pipe|TTY|File|FSReq)/.test(resource))
  const found: string[] = []
  if (live > 0 || indexed > 0) found.push(`${live} SSLs tracked, ${indexed} indexed`)
  if (held > 0) found.push(`${held} ids of SSLs not given back`)
  if (resources.length > 0) found.push(`still active: ${resources.slice(0, 20).join(', ')}`)
  return found
}

startPorts(process.pid * 97)
beBusyIfAsked()
await Promise.all(Array.from({ length: concurrency }, work))
await leftOvers()
write({ kind: 'end', events, left })
