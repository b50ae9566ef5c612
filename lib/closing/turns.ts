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
 * Calls that outside of whatever stack called, in one line with all other closings: a few of them go on in each turn of
 * the event loop, so that ten thousand at once do not stall it.
 */
export function inPacedTurn(act: () => void): void {
  if (inLine.push(act) === 1) setImmediate(runTurn)
}

/** Resolves in a turn of {@link inPacedTurn}. */
export function pacedTurn(): Promise<void> {
  return new Promise(inPacedTurn)
}

function runTurn(): void {
  const acts = inLine.splice(0, closingsPerTurn)
  if (inLine.length > 0) setImmediate(runTurn)
  let acted = 0
  try {
    for (const act of acts) {
      acted++
      act()
    }
  } finally {
    if (acted < acts.length) putBack(acts.slice(acted))
  }
}

// One of them has thrown: a listener of the program's, most likely.
function putBack(acts: readonly (() => void)[]): void {
  if (inLine.length === 0) setImmediate(runTurn)
  inLine.unshift(...acts)
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
