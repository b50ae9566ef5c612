// The commands of the program, once the libraries that they need are there.
import process from 'node:process'
import { Command, CommanderError } from 'commander'
import * as commands from './commands.js'
import { exitCodes } from './exit-codes.js'
import type { ExitCode } from './exit-codes.js'
import { Interruption } from './interruption.js'
import { packageVersion } from '../lab/version.js'

/** Runs the command that the arguments name. What it has to say about them it says itself. */
export async function runCommand(args: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.done
  const program = new Command('close-notify')
    .description('Instruments to study how TLS connections end.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .showSuggestionAfterError()
  for (const makeCommand of Object.values(commands)) {
    const command = makeCommand((code) => {
      exitCode = code
    })
    program.addCommand(command.copyInheritedSettings(program))
  }
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof Interruption) return error.exitCode
    // Everything was said already: by help, by the version, or by a message about what is wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
    if (!isOfTheSystem(error)) throw error
    process.stderr.write(`error: ${error.message}\n`)
    return exitCodes.failed
  }
}

/** What the system refuses, such as to read a file, is no fault of the program's: a line tells it. */
function isOfTheSystem(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error && 'code' in error
}
