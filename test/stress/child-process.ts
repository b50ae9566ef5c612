/**
 * The process that closes: `node child-process.js SEED FROM TO SECONDS` runs the plans FROM to TO - 1 of a seed, eight
 * at a time, until SECONDS have passed; `node child-process.js SEED INDEX,INDEX…` runs those and prints their plans.
 *
 * It writes one JSON line per event and ends by itself: nothing may be left that keeps a process alive.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { trackingCounts } from '../../lib/native/addon.js'
import { runConnection } from './connection.js'
import { planOf } from './plan.js'

/** A line of output. */
export type Line =
  | { readonly kind: 'began'; readonly index: number }
  | { readonly kind: 'done'; readonly index: number; readonly failures: readonly string[] }
  | { readonly kind: 'end'; readonly events: Readonly<Record<string, number>>; readonly left: readonly string[] }

const concurrency = 8

const [seedText, fromText = '0', toText, secondsText] = process.argv.slice(2)
const seed = Number(seedText)
const chosen = fromText.includes(',') || toText === undefined ? fromText.split(',').map(Number) : undefined
const indexes = chosen ?? Array.from({ length: Number(toText) - Number(fromText) }, (_, i) => Number(fromText) + i)
const until = performance.now() + Number(secondsText ?? 3600) * 1000

const events: Record<string, number> = {}

async function work(): Promise<void> {
  for (let index = indexes.shift(); index !== undefined && performance.now() < until; index = indexes.shift()) {
    const plan = planOf(seed, index)
    write({ kind: 'began', index })
    if (chosen !== undefined) console.error(JSON.stringify(plan, null, 1))
    const { failures, events: seen } = await runConnection(plan)
    for (const event of [...seen, `${plan.protocol} ${plan.version}`]) events[event] = (events[event] ?? 0) + 1
    write({ kind: 'done', index, failures })
  }
}

function write(line: Line): void {
  process.stdout.write(JSON.stringify(line) + '\n')
}

// Node frees an SSL when its socket is closed, or with the garbage.
async function leftOvers(): Promise<string[]> {
  let counts = trackingCounts()
  for (let i = 0; i < 100 && counts.live + counts.indexed + counts.held > 0; i++) {
    globalThis.gc?.()
    await sleep(20)
    counts = trackingCounts()
  }
  const left: string[] = []
  if (counts.live > 0 || counts.indexed > 0) left.push(`${counts.live} SSLs tracked, ${counts.indexed} indexed`)
  if (counts.held > 0) left.push(`${counts.held} ids of SSLs not given back`)
  // Standard output may be a pipe.
  const resources = process.getActiveResourcesInfo().filter((resource) => !/^(Pipe|TTY|File|FSReq)/.test(resource))
  if (resources.length > 0) left.push(`still active: ${resources.join(', ')}`)
  return left
}

await Promise.all(Array.from({ length: concurrency }, work))
// Timers of the plans' late acts.
await sleep(200)
write({ kind: 'end', events, left: await leftOvers() })
