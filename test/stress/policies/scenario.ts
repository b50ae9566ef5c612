/** Carries out one scenario and gives everything that was wrong about it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Clients } from './clients.js'
import { Cutter } from './cutter.js'
import type { Plan } from './plan.js'
import { Scene } from './scene.js'
import { RunningServer } from './servers.js'

export interface Outcome {
  readonly failures: readonly string[]
  /** TLS connections of which the server saw the handshake and the end. */
  readonly closings: number
  /** Names of what happened, for the counts that a run prints. */
  readonly events: Readonly<Record<string, number>>
}

/** A hang guard: everything must have settled so many ms after it was given up. */
const guard = 20_000

export async function runScenario(plan: Plan): Promise<Outcome> {
  const scene = new Scene(plan)
  const server = await RunningServer.open(scene)
  const cutter = plan.cuts === undefined ? undefined : await Cutter.open(server.port, plan.cuts)
  const clients = new Clients(scene, cutter?.port ?? server.port)
  for (const { after, what } of plan.acts) {
    scene.later(after, () => {
      server.act(what)
      clients.act(what)
    })
  }
  const allDone = scene.track('clients', clients.run())
  const allEnded = allDone.then(() => scene.track('server.close()', server.close()))
  const isInTime = await withinTurns(plan.hold, allEnded)
  if (!isInTime && plan.isCalm) scene.fail(`calm, and not over after ${plan.hold} ms: ${scene.pending.join(', ')}`)

  scene.abandon()
  if (!isInTime) clients.destroyAll()
  await cutter?.close()
  // A controlled connection must end by itself once the client is gone; the rest is nobody's to end.
  if (!(await within(isInTime ? 0 : 50, allEnded))) server.abandon()
  if (!(await within(guard, allEnded))) scene.fail(`not settled: ${scene.pending.join(', ')}`)
  await quiet(server, clients)
  for (const check of scene.lastChecks) check()
  server.controls.check()
  clients.controls.check()
  scene.count(`${plan.serverKind} ${plan.clientKind} ${plan.version}`)
  return { failures: scene.failures, closings: server.secured - server.sockets.size, events: scene.events }
}

/**
 * Resolves in the turn in which no connection is left, in time. undici, without a policy too, opens one more when the
 * last socket of a destroyed agent closes with requests that were aborted, so that quiet once is not quiet for good.
 */
async function quiet(server: RunningServer, clients: Clients): Promise<void> {
  const until = performance.now() + guard
  // An event that comes twice may come late.
  do await sleep(2)
  while (performance.now() < until && !(server.controls.isQuiet && clients.controls.isQuiet))
}

const slice = 10

/** Whether it settles within so many ms, of which those do not count in which the process was too busy to look. */
async function withinTurns(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false
  void promise.then(() => {
    isSettled = true
  })
  for (let left = ms; left > 0 && !isSettled; left -= slice) await within(slice, promise)
  return isSettled
}

/** Whether it settles within so many ms. */
async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const controller = new AbortController()
  const late = sleep(ms, 'late', { signal: controller.signal }).catch(() => 'never')
  const first = await Promise.race([promise, late])
  controller.abort()
  return first !== 'late'
}
