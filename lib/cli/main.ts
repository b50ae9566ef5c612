#!/usr/bin/env node
// The program `close-notify`: one command for each instrument of the lab.
import process from 'node:process'
import { Command, CommanderError } from 'commander'
import { compareCommand } from './compare/command.js'
import { exitCodes } from './exit-codes.js'
import type { ExitCode } from './exit-codes.js'
import { packageVersion } from './version.js'

// A reader such as head may go before all is written.
process.stdout.on('error', (error: Error) => {
  if (!('code' in error) || error.code !== 'EPIPE') throw error
})
process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.done
  const program = new Command('close-notify')
    .description('Instruments to study how TLS connections end.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    // So that a command can have a --version of its own.
    .enablePositionalOptions()
    .showSuggestionAfterError()
  program.addCommand(
    compareCommand((code) => {
      exitCode = code
    }).copyInheritedSettings(program),
  )
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    // Everything was said already: by help, by the version, or by a message about what is wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
    throw error
  }
}
