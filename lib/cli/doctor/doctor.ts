// `close-notify doctor`: without any library, for it is what somebody runs who has nothing that works yet.
import process from 'node:process'
import { parseArgs } from 'node:util'
import { examination } from '../../doctor/doctor.js'
import { exitCodes } from '../exit-codes.js'
import type { ExitCode } from '../exit-codes.js'
import { renderExamination } from './render.js'

export const doctorUsage = `Usage: close-notify doctor [options]

Checks on this machine that what close-notify relies on is as it has to be: the runtime, the addon and where it came
from, OpenSSL, every undocumented member of Node that is touched, and closings in each mode: in memory, over
loopback on Node's own sockets, and under a policy. It opens no connection to elsewhere.

Options:
  --json      print everything as JSON
  -h, --help  print this help

Exit codes: 0 all works; 1 something does not, and the output says what to do; 2 wrong options.
`

/** Runs the command with the arguments behind its name. */
export async function runDoctor(args: readonly string[]): Promise<ExitCode> {
  let values: { readonly json?: boolean; readonly help?: boolean }
  try {
    const options = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const
    values = parseArgs({ args: [...args], options }).values
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`)
    return exitCodes.usage
  }
  if (values.help === true) {
    process.stdout.write(doctorUsage)
    return exitCodes.done
  }
  const found = await examination()
  process.stdout.write(values.json === true ? `${JSON.stringify(found, undefined, 2)}\n` : renderExamination(found))
  return found.works ? exitCodes.done : exitCodes.failed
}
