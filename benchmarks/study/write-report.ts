/** Puts the report of a result beside it. */
import type { StudyResult } from './result.js'

/** Returns what was written, for people. */
export function writeReport(_result: StudyResult, _out: string): Promise<string> {
  return Promise.resolve('')
}
