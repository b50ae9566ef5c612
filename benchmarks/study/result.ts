/** The file of a run. Its form is `study.schema.json`; what a cell holds is in cell.ts. */
import { execFileSync } from 'node:child_process'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { Ajv } from 'ajv'
import { describeMachine, describeVersions } from '../support/machine.js'
import type { Machine, Versions } from '../support/machine.js'
import { sourceFile } from '../support/source-file.js'
import { questionNames } from './cell.js'
import type { Cell, Check, QuestionName } from './cell.js'

/** Raised when a file of an earlier version can no longer be read as one of this. */
const schemaVersion = 1

export interface StudyResult {
  readonly schemaVersion: typeof schemaVersion
  readonly study: 'close-notify'
  readonly settings: Settings
  readonly machine: Machine
  readonly versions: Versions
  /** The commit that was checked out, with "+" where files differed from it; absent outside of a checkout. */
  readonly commit?: string
  readonly startedAt: string
  /** Time of measuring, over all the runs that this file was made by. */
  readonly seconds: number
  readonly outcome: Outcome
  /** The definitions of each question: what its measures and parameters mean. */
  readonly definitions: Readonly<Partial<Record<QuestionName, Readonly<Record<string, string>>>>>
  /** The visits to blocks that are done, in the order in which they were measured. */
  readonly done: readonly DoneBlock[]
  readonly cells: readonly Cell[]
  readonly checks: readonly Check[]
  /** Blocks that this machine cannot measure, and why. */
  readonly leftOut: readonly { readonly block: string; readonly why: string }[]
  /** Blocks that failed, and how; a run that goes on tries them again. */
  readonly failures: readonly { readonly block: string; readonly error: string }[]
}

/** `running` is what a killed run leaves behind. */
type Outcome = 'running' | 'complete' | 'interrupted' | 'failed'

export interface DoneBlock {
  readonly block: string
  /** Which visit it was, from 0; absent where there is only one. */
  readonly visit?: number
  /** How long it took, in seconds. */
  readonly seconds: number
}

/** What a run was asked for: a run can be gone on with only by the same. */
export interface Settings {
  readonly questions: readonly QuestionName[]
  /** Words of which a block's or a cell's name must hold each; empty for all. */
  readonly cells: readonly string[]
  /** The part of the samples of a full run that is taken. */
  readonly scale: number
  readonly seed: number
}

export function newResult(settings: Settings): StudyResult {
  const commit = commitOf()
  return {
    schemaVersion,
    study: 'close-notify',
    settings,
    machine: describeMachine(),
    versions: describeVersions(),
    ...(commit !== undefined && { commit }),
    startedAt: new Date().toISOString(),
    seconds: 0,
    outcome: 'running',
    definitions: {},
    done: [],
    cells: [],
    checks: [],
    leftOut: [],
    failures: [],
  }
}

/** Written beside and renamed, so that a crash leaves the old file or the new one. */
export function writeResult(file: string, result: StudyResult): void {
  const beside = `${file}.${process.pid}.part`
  writeFileSync(beside, JSON.stringify(result) + '\n')
  renameSync(beside, file)
}

/** Reads a file, one that gzip has packed too; throws an Error that says what is wrong with it. */
export function readResult(file: string): StudyResult {
  const bytes = readFileSync(file)
  const content: unknown = JSON.parse((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString())
  if (typeof content === 'object' && content !== null && 'schemaVersion' in content) {
    const { schemaVersion: version } = content
    if (version !== schemaVersion) {
      throw new Error(`${file} is of schema version ${String(version)}, expected ${schemaVersion}`)
    }
  }
  if (isResult(content)) return content
  const [first] = isResult.errors ?? []
  throw new Error(`${file} is not a result of the study: ${first?.instancePath ?? ''} ${first?.message ?? ''}`)
}

export function isQuestionName(name: string): name is QuestionName {
  return questionNames.some((known) => known === name)
}

const isResult = new Ajv({
  strict: true,
  strictRequired: false,
  allowUnionTypes: true,
  discriminator: true,
}).compile<StudyResult>(schemaOf())

function schemaOf(): object {
  const content: unknown = JSON.parse(readFileSync(sourceFile('benchmarks/study/study.schema.json'), 'utf8'))
  if (typeof content !== 'object' || content === null) throw new Error('Expected study.schema.json to hold an object')
  return content
}

function commitOf(): string | undefined {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: sourceFile('.'), encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    return git('rev-parse', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+')
  } catch {
    return undefined
  }
}
