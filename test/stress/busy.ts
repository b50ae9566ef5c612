import { block } from '../support/block.js'
import { numberFrom } from './numbers.js'

/** The environment variable that makes a process busy now and then, for that many ms at most each time. */
export const busyVariable = 'CLOSE_NOTIFY_BUSY'

/** Where the environment says so, keeps the event loop from everything now and then, a fifth of the time, as long as the process lives. */
export function beBusyIfAsked(): void {
  const longest = numberFrom(busyVariable)
  if (longest !== undefined) beBusy(longest)
}

function beBusy(longest: number): void {
  setTimeout(
    () => {
      block(longest * Math.random())
      beBusy(longest)
    },
    4 * longest * Math.random(),
  ).unref()
}
