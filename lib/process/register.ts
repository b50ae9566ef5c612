// The entry for `node --import close-notify/register app.js`: a policy on the process before its program begins. Without a
// top-level await, so that `--require` and workers take it too.
import { writeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { ClosureError } from '../errors.js'
import type { ClosureControl } from '../policy/control.js'
import { layOnProcess } from './control-process.js'
import { policyOfText, policyVariable } from './environment.js'

/** The exit code of a start with a wrong policy: Node's own for a wrong argument. */
const exitCode = 9

/**
 * The control of this thread's policy, whose options are in `CLOSE_NOTIFY_POLICY`. To import it lays the policy on, as
 * `controlProcess` does, once per thread. A wrong policy ends the process with exit code 9, or the worker with an
 * 'error'.
 */
export const control: ClosureControl = start()

function start(): ClosureControl {
  try {
    return layOnProcess(policyOfText(process.env[policyVariable]), policyVariable)
  } catch (error) {
    // What a worker throws is its parent's to handle.
    if (!isMainThread || !(error instanceof ClosureError)) throw error
    writeSync(2, `close-notify/register: ${error.message}\n${advice(error)}\n`)
    process.exit(exitCode)
  }
}

function advice(error: ClosureError): string {
  const without = 'to start without a policy, leave out --import close-notify/register'
  if (error.code !== 'ERR_CLOSURE_INVALID_ARGUMENT') return `The program was not started; ${without}.`
  return `The program was not started. Mend ${policyVariable} (docs/process.md of the package has its options); ${without}.`
}
