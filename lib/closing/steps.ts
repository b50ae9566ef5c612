// The steps alert and flush. Each gives up when the closing has an early end, and neither decides what happens then.
import { setImmediate as nextImmediate, setTimeout as sleep } from 'node:timers/promises'
import type { EarlyEnd } from './early-end.js'
import type { ClosingSide } from './side.js'
import { leaveStack } from './turns.js'

// How often to look again for something that OpenSSL and Node do not announce: soon at first, then every 16 ms.
const firstLook = 1
const lastLook = 16

/** Looks until something is so, or the closing has an early end. */
async function lookUntil(isSo: () => boolean, earlyEnd: EarlyEnd): Promise<boolean> {
  for (let delay = 0; earlyEnd.reason === undefined; delay = Math.min(lastLook, Math.max(firstLook, delay * 2))) {
    if (isSo()) return true
    // Keeps no process alive: the socket does that.
    await (delay === 0 ? nextImmediate(undefined, { ref: false }) : sleep(delay, undefined, { ref: false }))
  }
  return false
}

/**
 * Writes our close_notify, once, unless it is written already or has become useless. During a renegotiation SSL_shutdown
 * fails, so that its end is waited for.
 *
 * @throws ClosureError ERR_CLOSURE_OPENSSL when OpenSSL refuses
 */
export async function writeAlert(side: ClosingSide, earlyEnd: EarlyEnd): Promise<void> {
  if (!(await lookUntil(() => side.alertReadiness() !== 'later', earlyEnd))) return
  if (side.alertReadiness() === 'ready') side.writeCloseNotify('alone')
}

// TLSWrap empties its BIO in the turn after TCP has taken it, and never when TCP has refused it.
const looksUntilRefused = 4

/**
 * Brings TLS's output to the kernel; true when the kernel has taken it, false at an early end and when TCP has refused
 * it.
 */
export async function flushOutput(side: ClosingSide, earlyEnd: EarlyEnd): Promise<boolean> {
  let looksWhenGiven = 0
  const isOver = () => {
    const progress = side.flush()
    if (progress === 'given') looksWhenGiven++
    return progress === 'taken' || progress === 'gone' || looksWhenGiven === looksUntilRefused
  }
  return (await lookUntil(isOver, earlyEnd)) && looksWhenGiven < looksUntilRefused
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
