/** A thing that the doctor has looked at, and what came of it. */

import { ClosureError } from '../errors.js'

export const groups = {
  runtime: 'The runtime',
  addon: 'The addon',
  openssl: 'OpenSSL',
  members: 'Undocumented members of Node',
  memory: 'Closings in memory, call by call',
  loopback: "Closings over loopback, of Node's own sockets",
  policy: 'Closings under a policy',
  program: 'The program close-notify',
} as const

export type Group = keyof typeof groups

interface Named {
  readonly group: Group
  readonly name: string
  /** What was found. */
  readonly detail: string
}

export type Check =
  | (Named & { readonly status: 'works' })
  /** Something is not as it has to be. */
  | (Named & { readonly status: 'fails'; readonly toDo: string })
  /** Nothing is wrong, and it is good to know. */
  | (Named & { readonly status: 'note'; readonly toDo: string })
  /** It stands on something that fails. */
  | (Named & { readonly status: 'not-run' })

/** Gets each check when it is done. */
export type Report = (check: Check) => void

/** The text of an error, on one line; of one that lists what it has tried, that list. */
export function textOf(error: unknown): string {
  if (error instanceof ClosureError && error.facts !== undefined && 'tried' in error.facts)
    return error.detail.join('; ')
  const text = error instanceof Error ? error.message : String(error)
  return text.trim().replaceAll(/\s*\n\s*/g, '; ')
}

/**
 * Runs a check whose failing is an error. It gives what was found, and throws what is not as it has to be.
 */
export async function checked(
  { group, name, toDo }: { readonly group: Group; readonly name: string; readonly toDo: string },
  run: () => string | Promise<string>,
): Promise<Check> {
  try {
    return { group, name, status: 'works', detail: await run() }
  } catch (error) {
    return { group, name, status: 'fails', detail: textOf(error), toDo }
  }
}

/** Throws where something is not as expected: `the report's verdict is truncated, clean was expected`. */
export function expectIs(what: string, found: unknown, expected: unknown): void {
  if (found !== expected) throw new Error(`${what} is ${String(found)}, ${String(expected)} was expected`)
}
