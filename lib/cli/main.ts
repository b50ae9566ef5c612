#!/usr/bin/env node
// The program `close-notify`: one command for each instrument of the lab, and `doctor`, which needs no library: it is for
// whoever has nothing that works yet.
import process from 'node:process'
import { describeLacks, installCommand, lackingLibraries } from '../lab/libraries.js'
import { runDoctor } from './doctor/doctor.js'
import { exitCodes } from './exit-codes.js'
import type { ExitCode } from './exit-codes.js'
import { outliveReaders } from './stdout.js'

outliveReaders()
const code = await main(process.argv.slice(2))
// An output that failed may have set one before.
process.exitCode ||= code

async function main(args: readonly string[]): Promise<ExitCode> {
  const [command, ...rest] = args
  if (command === 'doctor') return runDoctor(rest)
  const lacks = lackingLibraries()
  if (lacks.length > 0) {
    const what = `this command needs libraries (${describeLacks(lacks)})`
    process.stderr.write(`close-notify: ${what}, run: ${installCommand(lacks)}\n`)
    return exitCodes.unequipped
  }
  // Not before: its modules name the libraries.
  const { runCommand } = await import('./program.js')
  return runCommand(args)
}
