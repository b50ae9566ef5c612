/** What a round of clients found. It is kept as test/field/clients.json, and docs/field-guide.md is made of it. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { AssessedRun, Assessment, RunVerdict } from '../../lib/lab/assess/result.js'
import { sourceFile } from '../../benchmarks/support/source-file.js'
import type { Situation } from './judge/client-judge.js'
import type { PsqlSight } from './judge/psql-judge.js'
import { type NotMeasured, replaced } from './result.js'

export interface FieldClientResult {
  readonly format: 1
  readonly kind: 'field-clients'
  readonly clients: readonly ClientResult[]
}

export type ClientResult = MeasuredClient | NotMeasured

export interface MeasuredClient {
  readonly outcome: 'measured'
  readonly name: string
  readonly title: string
  readonly version: string
  /** What does its TLS. */
  readonly library: string
  /** Day of the measurement, as in ISO 8601. */
  readonly date: string
  readonly madeBy: Assessment['madeBy']
  /** ms until a run hangs. */
  readonly timeout: number
  /** ms that it took against a server that does everything right. */
  readonly control: number
  readonly runs: readonly KeptRun[]
  /** Every way in which it closed in a situation, the wire's first. */
  readonly closings: Readonly<Record<string, readonly string[]>>
  /** Of a client that `assess` has no server for: what the judge saw. */
  readonly sights?: readonly PsqlSight[]
  /** Where the lab's peers never saw what was on the wire. */
  readonly differences: readonly string[]
}

/** A run of an assessment: the first of its rounds, with the verdicts of all. */
export interface KeptRun extends Pick<AssessedRun, 'profile' | 'framing' | 'sent' | 'exitCode' | 'ms' | 'printed'> {
  readonly verdicts: readonly RunVerdict[]
  readonly closings: readonly string[]
}

const kept = sourceFile('test/field/clients.json')

export function readKeptClients(): FieldClientResult {
  const parsed: unknown = JSON.parse(readFileSync(kept, 'utf8'))
  if (!isFieldClientResult(parsed)) throw new Error(`Expected the result of a field round in ${kept}`)
  return parsed
}

/** Those that were measured stand in the place of older ones of the same name; the others stay. */
export function mergedClients(
  older: FieldClientResult,
  newer: readonly ClientResult[],
  order: readonly string[],
): FieldClientResult {
  return { format: 1, kind: 'field-clients', clients: replaced(older.clients, newer, order) }
}

export function keepClients(result: FieldClientResult): void {
  writeFileSync(kept, `${JSON.stringify(result, undefined, 1)}\n`)
}

export function closingsAt({ closings }: MeasuredClient, situation: Situation): readonly string[] {
  return closings[situation] ?? []
}

/** The form alone: only this program writes the file. */
function isFieldClientResult(value: unknown): value is FieldClientResult {
  return (
    typeof value === 'object' &&
    value !== null &&
    Reflect.get(value, 'format') === 1 &&
    Reflect.get(value, 'kind') === 'field-clients' &&
    Array.isArray(Reflect.get(value, 'clients'))
  )
}
