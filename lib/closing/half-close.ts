// The ways through the steps of closing.ts that close nothing: close_notify alone, with TCP left open; the flush for a
// program that calls SSL_shutdown itself; and the alert before a destruction.
import { Deadline } from '../deadline.js'
import type { ClosingSide } from './side.js'
import { type Course, flushBriefly, flushOutput, untilBriefly, whenAlertIsDue } from './steps.js'
import { leaveStack, pacedTurn } from './turns.js'

/** How sendCloseNotify() and flush() ended. */
export type Sending = 'sent' | 'flush-timeout' | 'tcp-end'

/**
 * The steps drain, alert and flush, in at most `flushTimeout` ms.
 *
 * @throws (rejects) ClosureError ERR_CLOSURE_OPENSSL when OpenSSL refuses the alert
 */
export async function sendCloseNotify(side: ClosingSide, flushTimeout: number): Promise<Sending> {
  let drain = () => {}
  const drained = new Promise<void>((resolve) => {
    drain = side.startDraining(resolve)
  })
  return withinBudget(flushTimeout, async (budget) => {
    await pacedTurn()
    if (budget.isOver()) return false
    drain()
    await Promise.race([drained, budget.over])
    await leaveStack()
    await new Promise<void>((resolve) => {
      whenAlertIsDue(side, budget, resolve)
    })
    if (budget.isOver()) return false
    if (side.alertReadiness() === 'ready') side.writeCloseNotify('behind-data')
    return flushed(side, budget)
  })
}

/** The step flush alone, for what somebody else has made OpenSSL write, in at most `flushTimeout` ms. */
export function flush(side: ClosingSide, flushTimeout: number): Promise<Sending> {
  return withinBudget(flushTimeout, async (budget) => {
    await leaveStack()
    return flushed(side, budget)
  })
}

/**
 * The steps alert and flush before somebody destroys the connection: the alert leaves if the kernel takes it at once.
 * `isTrue` is asked outside of the caller's stack, for much may have happened until then.
 */
export async function alertBeforeDestroy(side: ClosingSide, isTrue: () => boolean): Promise<void> {
  const mayGo = () => isTrue() && side.alertReadiness() === 'ready'
  // SSL_read may be on the stack, or http2's session, which crashes when its socket goes there; what was written in the
  // callback of the handshake leaves with the stack, too.
  if (!(await untilBriefly(mayGo))) return
  try {
    side.writeCloseNotify('behind-data')
  } catch {
    // OpenSSL refuses: the connection goes without an alert.
    return
  }
  await flushBriefly(side)
}

interface Budget extends Course {
  /** Resolves when it is over. */
  readonly over: Promise<void>
}

function flushed(side: ClosingSide, budget: Budget): Promise<boolean> {
  return new Promise((resolve) => {
    flushOutput(side, budget, resolve)
  })
}

// It keeps no process alive.
async function withinBudget(flushTimeout: number, run: (budget: Budget) => Promise<boolean>): Promise<Sending> {
  let isOver = false
  let deadline: Deadline | undefined
  const over = new Promise<void>((resolve) => {
    deadline = new Deadline(flushTimeout, () => {
      isOver = true
      resolve()
    })
  })
  try {
    const isDone = await run({ isOver: () => isOver, over })
    if (isOver) return 'flush-timeout'
    return isDone ? 'sent' : 'tcp-end'
  } finally {
    deadline?.stop()
  }
}
