/** The exit codes of every command. */
export const exitCodes = {
  done: 0,
  /** Something could not be done; the output says what. */
  failed: 1,
  /** The command line was wrong, and nothing was done. */
  usage: 2,
  /** The libraries of the command are not installed; a line says which command installs them. */
  unequipped: 3,
  /** 128 and the number of the signal, as shells have it. */
  interrupted: 130,
  terminated: 143,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
