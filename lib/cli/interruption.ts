import process from 'node:process'
import { exitCodes } from './exit-codes.js'
import type { ExitCode } from './exit-codes.js'

/** Somebody wants the program to end. */
export class Interruption extends Error {
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode) {
    super('Interrupted')
    this.exitCode = exitCode
  }
}

/**
 * Runs something that Ctrl-C or SIGTERM ends through its signal, with an Interruption as the reason; the second time at
 * once.
 */
export async function interruptible<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const interrupt = (exitCode: ExitCode): void => {
    if (controller.signal.aborted) process.exit(exitCode)
    controller.abort(new Interruption(exitCode))
  }
  const onSigint = (): void => interrupt(exitCodes.interrupted)
  const onSigterm = (): void => interrupt(exitCodes.terminated)
  process.on('SIGINT', onSigint)
  process.on('SIGTERM', onSigterm)
  try {
    return await run(controller.signal)
  } finally {
    process.off('SIGINT', onSigint)
    process.off('SIGTERM', onSigterm)
  }
}
