import { ClosureError } from '../errors.js'

/** Tells a write that came after our close_notify so. */
export function refuseWrite(callback: ((error: Error) => void) | undefined): void {
  if (callback === undefined) return
  const message = 'close_notify has been sent on this connection: nothing can be written after it'
  process.nextTick(callback, new ClosureError('ERR_WRITE_AFTER_CLOSE_NOTIFY', message))
}

/** The error of a call that came too late. */
export function closed(call: string): ClosureError {
  return new ClosureError('ERR_CLOSURE_CLOSED', `${call} came too late: the stream is closed, or FIN has been sent`)
}

/** What was thrown, or given as an error, as an error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
