/** What a program of ../programs/recipes/ tells of its connections. */
import type { ClosureReport } from '../../../lib/index.js'
import type { Ended } from '../run-program.js'

/** What a figure is made of. */
export type ReportFacts = Pick<ClosureReport, 'verdict' | 'waited' | 'learnedWait'> & {
  readonly received: { readonly kind: string }
  readonly tcp: { readonly kind: string }
}

export interface MeasuredConnection {
  /** 'connection'; or 'control', 'upload' and 'download'. */
  readonly kind: string
  /** ms from the program's end call to 'close' of the socket. */
  readonly ms: number
  /** Under the recipe. */
  readonly report?: ReportFacts
}

/** Connections of one process, one after the other. */
export interface Block {
  readonly connections: readonly MeasuredConnection[]
  /** Sockets that were open still, each time that the driver had closed. */
  readonly open: readonly number[]
  /** Counters of the recipe's memory, where it has one. */
  readonly memory?: Readonly<Record<string, number>>
}

/** @throws where the program failed, or told something else */
export function blockOf({ exitCode, stderr, steps }: Ended): Block {
  const got = steps.find(({ step }) => step === 'block')?.got
  if (exitCode === 0 && isBlock(got)) return got
  const end = exitCode === null ? 'a signal' : `exit code ${exitCode}`
  throw new Error(`the program ended with ${end}, and said: ${stderr || JSON.stringify(got)}`)
}

export function isBlock(value: unknown): value is Block {
  if (!isObject(value)) return false
  const { connections, open, memory } = value
  return (
    Array.isArray(connections) &&
    connections.every(isConnection) &&
    Array.isArray(open) &&
    open.every((count) => typeof count === 'number') &&
    (memory === undefined || (isObject(memory) && Object.values(memory).every((count) => typeof count === 'number')))
  )
}

function isConnection(value: unknown): boolean {
  if (!isObject(value)) return false
  const { kind, ms, report } = value
  return typeof kind === 'string' && typeof ms === 'number' && (report === undefined || isReport(report))
}

function isReport(value: unknown): boolean {
  if (!isObject(value)) return false
  const { verdict, received, tcp } = value
  return [verdict, ...[received, tcp].map((fact) => isObject(fact) && fact['kind'])].every(
    (word) => typeof word === 'string',
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
