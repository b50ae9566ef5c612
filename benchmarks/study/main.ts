/**
 * `npm run study`: asks all questions of the study, or some, and makes the report. What a question measures is told in
 * its folder; plan.ts says in which order, run.ts how a run goes on after an interruption.
 *
 * Exit codes: 0 all was measured and all checks passed; 1 something failed, a check did, or `--compare` found something
 * worse; 2 wrong options, or a folder with another run; 130 and 143 interrupted, with all that was measured saved.
 */
import { existsSync } from 'node:fs'
import { setMaxListeners } from 'node:events'
import path from 'node:path'
import process from 'node:process'
import { outliveReaders } from '../../lib/cli/stdout.js'
import { explain } from '../support/explain.js'
import { displayProgress } from '../support/progress.js'
import { compareResults } from './compare.js'
import { renderComparison } from './comparison-table.js'
import { renderMarkdown } from './markdown.js'
import { parseOptions } from './options.js'
import type { MeasureOptions } from './options.js'
import { inOrder, inReadingOrder, inShortForm, possible, scaleFor, secondsOf, stepsOf } from './plan.js'
import type { Step, Visit } from './plan.js'
import { alikeOver, questionsNamed } from './questions.js'
import { newResult, readResult, writeResult } from './result.js'
import type { StudyResult } from './result.js'
import { duration, runVisits } from './run.js'
import { shortForm } from './short-form.js'
import { renderSummary } from './summary.js'
import { combineVisits } from './visits.js'
import { writeReport } from './write-report.js'

outliveReaders()
process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const request = parseOptions(args)
  switch (request.kind) {
    case 'exit':
      return request.code
    case 'list':
      return list(await stepsOf(questionsNamed(request.questions), request.cells))
    case 'compare':
      return orSayWhyNot(() => compare(request.files, request.tolerance))
    case 'render':
      return orSayWhyNot(async () => {
        process.stdout.write(await writeReport(readWhole(request.file), request.out))
        return 0
      })
    case 'markdown':
      return orSayWhyNot(() => {
        const result = readWhole(request.file)
        const questions = questionsNamed(result.settings.questions)
        process.stdout.write(renderMarkdown(result, questions, request.charts))
        return 0
      })
    case 'measure':
      return measure(request.options)
  }
}

function list(steps: readonly Step[]): number {
  for (const { block } of steps) {
    const needs = block.needs.length === 0 ? '' : `, needs ${block.needs.map(({ name }) => name).join(', ')}`
    process.stdout.write(`${block.id}: ${block.seconds} s, ${block.cells.length} cells${needs}\n`)
  }
  process.stdout.write(`${steps.length} blocks, ${duration(secondsOf(steps, 1))}\n`)
  return 0
}

function compare([before, after]: readonly [string, string], tolerance: number): number {
  const compared = compareResults(readWhole(before), readWhole(after))
  const { text, worse } = renderComparison(compared, tolerance)
  process.stdout.write(text)
  return worse === 0 ? 0 : 1
}

async function measure(options: MeasureOptions): Promise<number> {
  const asked = await stepsOf(questionsNamed(options.questions), options.cells)
  const all = options.short ? inShortForm(asked) : asked
  if (all.length === 0) return usageError(`no block has a cell with ${options.cells.join(' and ')}: see --list`)
  const { steps, leftOut } = await possible(all)
  for (const { block, why } of leftOut) process.stderr.write(`left out: ${block}: ${why}\n`)
  if (steps.length === 0) return failed('nothing can be measured on this machine')

  const file = path.join(options.out, 'study.json')
  const scale = scaleOf(options, steps)
  if (scale === undefined) {
    const least = duration(secondsOf(steps, 0))
    return usageError(`${steps.length} blocks take at least ${least}: --questions, --cells and --short take fewer`)
  }
  const found = existsSync(file) && !options.fresh ? unfinished(file) : undefined
  if (typeof found === 'string') return usageError(found)
  const seed = options.seed ?? found?.settings.seed ?? Date.now() % 2 ** 32
  const settings = { questions: options.questions, cells: options.cells, scale, seed }
  if (found !== undefined && !isSameRun(found, newResult(settings))) {
    return usageError(`${file} is an unfinished run of other options or another version: --fresh begins anew`)
  }
  const result = { ...(found ?? newResult(settings)), leftOut }
  const going = found === undefined ? '' : `, going on after ${found.done.length} visits`
  const time = duration(secondsOf(steps, scale))
  process.stderr.write(`${steps.length} blocks, about ${time}, seed ${seed}${going}\n`)
  const ended = await run(result, inOrder(steps, settings), file)
  const ordered = inReadingOrder(ended.result, all)
  writeResult(file, ordered)
  return conclude({ ...ended, result: whole(ordered) }, options.out)
}

function scaleOf({ short, time }: MeasureOptions, steps: readonly Step[]): number | undefined {
  if (short) return shortForm.scale
  return time === undefined ? 1 : scaleFor(steps, time)
}

/** The unfinished run in a file, undefined where that run was finished, or what is wrong with it. */
function unfinished(file: string): StudyResult | undefined | string {
  try {
    const result = readResult(file)
    return result.outcome === 'complete' ? undefined : result
  } catch (error) {
    return `${explain(error)}: --fresh begins anew`
  }
}

function isSameRun(a: StudyResult, b: StudyResult): boolean {
  const identity = ({ settings, versions, commit }: StudyResult): string => JSON.stringify([settings, versions, commit])
  return identity(a) === identity(b)
}

interface Ended {
  readonly result: StudyResult
  /** Of the signal that ended the run. */
  readonly exitCode: 130 | 143 | undefined
}

async function run(result: StudyResult, visits: readonly Visit[], file: string): Promise<Ended> {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  let exitCode: Ended['exitCode']
  const interrupt = (code: 130 | 143): void => {
    // Asked twice to stop: at once. The children go when their input ends.
    if (exitCode !== undefined) process.exit(code)
    exitCode = code
    controller.abort(new Error('interrupted'))
  }
  const onSigint = (): void => interrupt(130)
  const onSigterm = (): void => interrupt(143)
  process.on('SIGINT', onSigint)
  process.on('SIGTERM', onSigterm)
  const progress = displayProgress(process.stderr)
  try {
    const ended = await runVisits({
      visits,
      result,
      signal: controller.signal,
      save: (state) => writeResult(file, state),
      show: (state) => progress.show(state),
    })
    return { result: ended, exitCode }
  } finally {
    progress.stop()
    process.off('SIGINT', onSigint)
    process.off('SIGTERM', onSigterm)
  }
}

async function conclude({ result, exitCode }: Ended, out: string): Promise<number> {
  process.stdout.write(renderSummary(result, questionsNamed(result.settings.questions)))
  process.stdout.write(await writeReport(result, out))
  if (exitCode !== undefined) return exitCode
  return result.outcome === 'complete' && result.checks.every(({ passed }) => passed) ? 0 : 1
}

/** A result of which each cell is one, also where not all its visits were made. */
function whole(result: StudyResult): StudyResult {
  return { ...result, cells: combineVisits(result.cells, alikeOver) }
}

function readWhole(file: string): StudyResult {
  return whole(readResult(file))
}

async function orSayWhyNot(work: () => number | Promise<number>): Promise<number> {
  try {
    return await work()
  } catch (error) {
    return failed(explain(error))
  }
}

function failed(message: string): number {
  process.stderr.write(`error: ${message}\n`)
  return 1
}

function usageError(message: string): number {
  process.stderr.write(`error: ${message}\n`)
  return 2
}
