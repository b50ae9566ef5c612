/** The total time of a probe, and what is said of that for which it left no time. */
import type { Failure } from './result.js'

/** The reason with which a probe is ended whose total time is over. */
export class OutOfTime extends Error {}

/** The detail of such a failure, by which it is told from a server that took too long. */
export const totalTimeIsOver = 'the total time was over'

/** `stage` is how far it had come by then. */
export function outOfTime(stage: Failure['stage']): Failure {
  return { stage, reason: 'timeout', detail: totalTimeIsOver }
}
