import { readFileSync } from 'node:fs'
import type { Command } from 'commander'

/** The bytes of a file that the command line names. One that cannot be read makes the command line wrong. */
export function readNamed(file: string, command: Command): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    return command.error(`error: ${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
