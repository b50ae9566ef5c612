// When a closing goes on: out of the stack that called it, and not all closings at once.
import { setImmediate as nextImmediate } from 'node:timers/promises'

/** Resolves outside of whatever stack called: user callbacks, ticks and microtasks can run inside SSL_read. */
export function leaveStack(): Promise<void> {
  return nextImmediate()
}

// So many that they take about a millisecond.
const closingsPerTurn = 32
const inLine: (() => void)[] = []

/**
 * Resolves outside of whatever stack called, in one line with all other closings: a few of them go on in each turn of
 * the event loop, so that ten thousand at once do not stall it.
 */
export function pacedTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (inLine.push(resolve) === 1) setImmediate(runTurn)
  })
}

function runTurn(): void {
  for (const resolve of inLine.splice(0, closingsPerTurn)) resolve()
  if (inLine.length > 0) setImmediate(runTurn)
}

let turn = 0
let isCounted = false

/** The number of this turn of the event loop, for {@link isThisTurn}. */
export function thisTurn(): number {
  if (!isCounted) {
    isCounted = true
    setImmediate(endTurn).unref()
  }
  return turn
}

/** Whether the turn of which thisTurn() gave the number is not over. */
export function isThisTurn(number: number): boolean {
  return number === turn
}

function endTurn(): void {
  turn++
  isCounted = false
}
