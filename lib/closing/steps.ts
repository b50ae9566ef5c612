// The steps alert and flush. Each gives up when the closing is over early, and neither decides what happens then.
import { setTimeout as startTimer } from 'node:timers'
import type { ClosureMode } from '../report/facts.js'
import type { ClosingSide } from './side.js'
import { leaveStack } from './turns.js'

// How often to look again for something that OpenSSL and Node do not announce: soon at first, then every 16 ms.
const firstLook = 1
const lastLook = 16

/** A closing, or another way through the steps, that something can end early. */
export interface Course {
  isOver(): boolean
}

/** Looks until something is so, at once for the first time, and calls `then`, in the stack of that look. */
function lookUntil(isSo: () => boolean, then: () => void, delay = 0): void {
  if (isSo()) {
    then()
    return
  }
  const lookAgain = () => {
    lookUntil(isSo, then, Math.min(lastLook, Math.max(firstLook, delay * 2)))
  }
  if (delay === 0) {
    setImmediate(lookAgain)
    return
  }
  // In the end the socket keeps the process alive, or nothing does. But one that is not read, as beneath an unwrap() that the
  // peer's close_notify has come before, does not until TLS has given it something to write, a turn or two later.
  const timer = startTimer(lookAgain, delay)
  if (delay >= lastLook) timer.unref()
}

/**
 * Calls `then` when close_notify can be written, or never will be: during a renegotiation SSL_shutdown fails, so that its
 * end is waited for.
 */
export function whenAlertIsDue(side: ClosingSide, course: Course, then: () => void): void {
  lookUntil(() => course.isOver() || side.alertReadiness() !== 'later', then)
}

/**
 * How our alert asks the peer for its own: with nothing before it that is still on its way, so that the answer takes no more
 * than a round trip; or behind data.
 */
export type Asked = 'alone' | 'behind-data'

/**
 * Writes close_notify where that can be. Returns how it asks the peer, undefined where that has closed before.
 *
 * @throws ClosureError ERR_CLOSURE_OPENSSL when OpenSSL refuses
 */
export function writeAlert(side: ClosingSide): Asked | undefined {
  if (side.alertReadiness() !== 'ready') return undefined
  const asked = side.isAllAcknowledged() ? 'alone' : 'behind-data'
  const hasPeerClosed = side.peerEnd() !== undefined
  side.writeCloseNotify(asked)
  return hasPeerClosed ? undefined : asked
}

/**
 * Alert and FIN together, as Node's own are: writes the alert, as the mode says, for a FIN that follows at once. False, and
 * nothing done, where something is before the alert or to be waited for, or OpenSSL may not be called from here.
 */
export function writeAlertWithFin(side: ClosingSide, mode: ClosureMode): boolean {
  const mayHaveToWait = mode === 'bidirectional' && side.peerEnd() !== 'alert'
  if (mayHaveToWait || !side.canCloseAtOnce()) return false
  try {
    if (mode === 'quiet') side.closeQuietly()
    else if (side.alertReadiness() === 'ready') side.writeCloseNotify('with-fin')
  } catch {
    return false
  }
  return true
}

// TLSWrap empties its BIO in the turn after TCP has taken it, and never when TCP has refused it.
const looksUntilRefused = 4

/**
 * Brings TLS's output to the kernel, and calls `then` with true when the kernel has taken it, with false at an early end
 * and when TCP has refused it.
 */
export function flushOutput(side: ClosingSide, course: Course, then: (isFlushed: boolean) => void): void {
  let looksWhenGiven = 0
  let isFlushed = false
  const isDecided = () => {
    if (course.isOver()) return true
    const progress = side.flush()
    if (progress === 'given') looksWhenGiven++
    isFlushed = (progress === 'taken' || progress === 'gone') && looksWhenGiven < looksUntilRefused
    return isFlushed || looksWhenGiven === looksUntilRefused
  }
  lookUntil(isDecided, () => {
    then(isFlushed)
  })
}

/** Calls `then` when the peer's TCP has acknowledged all that was written, or at an early end. */
export function whenTaken(side: ClosingSide, course: Course, then: () => void): void {
  lookUntil(() => course.isOver() || side.isAllAcknowledged(), then)
}

// TLSWrap empties its BIO in the turn after TCP has taken it.
const turnsBeforeDestroy = 3

/** Resolves, outside of the caller's stack, with whether something is so after a few turns of the event loop at most. */
export async function untilBriefly(isSo: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < turnsBeforeDestroy; turn++) {
    await leaveStack()
    if (isSo()) return true
  }
  return false
}

/** Brings TLS's output to the kernel as far as a few turns of the event loop do: somebody is about to destroy. */
export async function flushBriefly(side: ClosingSide): Promise<void> {
  for (let turn = 0; turn < turnsBeforeDestroy && side.flush() === 'pending'; turn++) await leaveStack()
}
