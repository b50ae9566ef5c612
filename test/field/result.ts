/** What a round found. It is kept as test/field/servers.json, and docs/field-guide.md is made of it. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { ProbeResult, VersionResult } from '../../lib/lab/probe/result.js'
import { sourceFile } from '../../benchmarks/support/source-file.js'

export interface FieldResult {
  readonly format: 1
  readonly kind: 'field'
  readonly servers: readonly ServerResult[]
}

export type ServerResult = Measured | NotMeasured

export interface Measured {
  readonly outcome: 'measured'
  readonly name: string
  readonly title: string
  readonly version: string
  /** What does its TLS. */
  readonly library: string
  /** Day of the measurement, as in ISO 8601. */
  readonly date: string
  readonly madeBy: ProbeResult['madeBy']
  /** ms, as the option of the probe. */
  readonly wait: number
  readonly versions: readonly MeasuredVersion[]
  /** Where probe and wire disagreed each time, with the version in front. */
  readonly differences: readonly string[]
}

export interface MeasuredVersion {
  /** What the probe said last. */
  readonly probed: VersionResult
  /** What was not the same each time, by question: all that was seen, by the probe or on the wire. */
  readonly varies: Readonly<Record<string, readonly string[]>>
}

export interface NotMeasured {
  /** It could not be started; or it was not tried, for want of its programs or of leave to mount. */
  readonly outcome: 'failed' | 'not-fetched' | 'left-out'
  readonly name: string
  readonly title: string
  readonly why: string
}

const kept = sourceFile('test/field/servers.json')

export function readKept(): FieldResult {
  const parsed: unknown = JSON.parse(readFileSync(kept, 'utf8'))
  if (!isFieldResult(parsed)) throw new Error(`Expected the result of a field round in ${kept}`)
  return parsed
}

/** The older ones in that order, with those that were measured anew in the place of theirs. */
export function replaced<T extends { readonly name: string; readonly outcome: string }>(
  older: readonly T[],
  newer: readonly T[],
  order: readonly string[],
): readonly T[] {
  const byName = new Map(older.map((one) => [one.name, one]))
  for (const one of newer) if (one.outcome === 'measured') byName.set(one.name, one)
  return order.map((name) => byName.get(name)).filter((one) => one !== undefined)
}

/** Those that were measured stand in the place of older ones of the same name; the others stay. */
export function merged(older: FieldResult, newer: FieldResult, order: readonly string[]): FieldResult {
  return { ...newer, servers: replaced(older.servers, newer.servers, order) }
}

export function keep(result: FieldResult): void {
  writeFileSync(kept, `${JSON.stringify(result, undefined, 1)}\n`)
}

/** The form alone: only this program writes the file. */
function isFieldResult(value: unknown): value is FieldResult {
  return (
    typeof value === 'object' &&
    value !== null &&
    Reflect.get(value, 'format') === 1 &&
    Reflect.get(value, 'kind') === 'field' &&
    Array.isArray(Reflect.get(value, 'servers'))
  )
}
