/**
 * One situation over one network in one version of TLS, closed in every way. Its unit is the round: one run of each way,
 * in an order shuffled anew each time. A few runs go on at a time, as many as two cores bear without being the cause of
 * what is measured. The closers (a process for each kind), the peer and the relay are processes of their own. The first
 * round warms up and is not counted.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { shuffle } from 'simple-statistics'
import { tunDevice } from '../needs.js'
import type { Block, BlockResult, RunContext } from '../question.js'
import { untilDeath } from '../until-death.js'
import { cellsOf } from './cells.js'
import { checksOf } from './checks.js'
import type { Outcome } from './outcome.js'
import { type Plan, whereOf } from './plans.js'
import { allWaysOf } from './situations.js'
import { openStage, type Stage } from './stage.js'

export function blockOf(plan: Plan): Block {
  const where = whereOf(plan)
  return {
    id: ['loss', ...Object.entries(where).map(([name, value]) => `${name}=${value}`)].join(' '),
    cells: allWaysOf(plan.situation).map(({ way }) => ({ ...where, side: way })),
    needs: plan.network.kind === 'packets' ? [tunDevice] : [],
    seconds: plan.seconds,
    run: (context) => run(plan, context),
  }
}

async function run(plan: Plan, context: RunContext): Promise<BlockResult> {
  const { context: watched, onDied } = untilDeath(context)
  const stage = await openStage(plan, watched.signal, onDied)
  try {
    const outcomes = await playAll(plan, stage, watched)
    const modules = await stage.modules()
    return { cells: cellsOf(plan, outcomes, context.random), checks: checksOf(plan, outcomes, modules) }
  } finally {
    await stage.stop()
  }
}

/** Plays all runs, and returns the outcomes of those that count. */
async function playAll(plan: Plan, stage: Stage, context: RunContext): Promise<Outcome[]> {
  const { random, scale, signal } = context
  const ways = allWaysOf(plan.situation)
  const rounds = Math.max(8, Math.round(plan.runs * scale)) + 1
  const queue = Array.from({ length: rounds }, () => shuffle([...ways], random))
    .flat()
    .map((entry, run) => ({ ...entry, run }))
  const total = queue.length
  const outcomes: Outcome[] = []
  let done = 0
  const player = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { run, kind, way } = next
      await sleep(2 * random(), undefined, { signal })
      const outcome = await unlessLate(stage.play(run, kind, way), `Run ${run}, closed by ${way},`, signal)
      if (run >= ways.length) outcomes.push(outcome)
      done += 1
      context.progress(done / total)
    }
  }
  const players = Array.from({ length: plan.atOnce }, player)
  try {
    await Promise.all(players)
  } finally {
    queue.length = 0
    // One that fails must not leave others at work in a stage that is being stopped.
    await Promise.allSettled(players)
  }
  return outcomes
}

/** Far above any budget of the ways: a run that takes so long is a fault of the instrument. */
const guard = 30_000

/** Rejects also when the signal is aborted, with its reason. */
function unlessLate<T>(promise: Promise<T>, who: string, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(reasonOf(signal))
    const timer = setTimeout(() => reject(new Error(`${who} has not ended after ${guard / 1000} s`)), guard)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    })
  })
}

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason
  return reason instanceof Error ? reason : new Error(String(reason))
}
