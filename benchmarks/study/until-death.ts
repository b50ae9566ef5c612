import { setMaxListeners } from 'node:events'
import type { RunContext } from './question.js'

/** A context that is aborted, too, when a process of the block has died: `onDied` is to be told. */
export function untilDeath(context: RunContext): {
  readonly context: RunContext
  readonly onDied: (error: Error) => void
} {
  const died = new AbortController()
  const signal = AbortSignal.any([context.signal, died.signal])
  // Each pause and each connection listens.
  setMaxListeners(0, signal)
  return { context: { ...context, signal }, onDied: (error) => died.abort(error) }
}
