import process from 'node:process'
import { exitCodes } from './exit-codes.js'

/**
 * Lets the program end as usual where a reader such as head goes before all is written. Another error of stdout, a full
 * disk for example, is told in a line, once, and is the exit code where there is no other.
 */
export function outliveReaders(): void {
  let isTold = false
  process.stdout.on('error', (error: Error) => {
    if (isTold || ('code' in error && error.code === 'EPIPE')) return
    isTold = true
    process.stderr.write(`error: ${error.message}\n`)
    process.exitCode ||= exitCodes.failed
  })
}
