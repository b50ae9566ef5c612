// The command for the program's list of commands; main.ts runs it without the libraries that this list needs.
import { Command } from 'commander'
import type { ExitCode } from '../exit-codes.js'
import { doctorUsage, runDoctor } from './doctor.js'

export function doctorCommand(done: (code: ExitCode) => void): Command {
  const command = new Command('doctor')
    .description('Checks on this machine that what close-notify relies on is as it has to be.')
    .option('--json', 'print everything as JSON')
    .action(async ({ json }: { readonly json?: true }) => done(await runDoctor(json ? ['--json'] : [])))
  command.helpInformation = () => doctorUsage
  return command
}
