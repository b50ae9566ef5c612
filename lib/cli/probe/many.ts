// The hosts of a file, or of stdin: each result is a line of NDJSON as soon as it is there, and a file is gone on with.
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import process from 'node:process'
import { ClosureError } from '../../errors.js'
import { runCampaign, type CampaignOutcome } from '../../lab/campaign/campaign.js'
import { hostsOf, targetsOf } from '../../lab/campaign/hosts.js'
import { journalTo, openJournal } from '../../lab/campaign/journal.js'
import type { FailureReason } from '../../lab/campaign/attempt.js'
import type { Expectations } from '../../lab/probe/expect.js'
import { outOfTime } from '../../lab/probe/out-of-time.js'
import type { Prober } from '../../lab/probe/probe.js'
import type { Failure, ProbeResult } from '../../lab/probe/result.js'
import { codeOf, isExhaustion } from '../../lab/transport/failure.js'
import { exitCodes } from '../exit-codes.js'
import type { ExitCode } from '../exit-codes.js'
import { interruptible } from '../interruption.js'
import { layoutOf } from '../output.js'
import { displayProgress } from '../progress.js'
import { isResult } from './earlier.js'
import type { ProbeCommandOptions } from './options.js'
import { renderDeviations, renderUnexpected } from './render/text.js'

export interface ProbeSession {
  readonly prober: Prober
  readonly options: ProbeCommandOptions
  /** Results to compare with. */
  readonly expected: Expectations | undefined
}

/** Of results that are other than they ought to be. */
interface Counts {
  /** Hosts of which no version could be probed. */
  failed: number
  /** Hosts that are other than --expect has them. */
  deviating: number
}

/** ms that a timer of Node can hold. */
const longestTimer = 2 ** 31 - 1

function newCounts(): Counts {
  return { failed: 0, deviating: 0 }
}

/**
 * ms that a probe may take beyond its own limit, until it is given up. That limit begins when its name is looked up, and
 * names that nobody answers for may be before, each some ten seconds.
 */
const grace = 600_000

/**
 * A reader of stdout that goes before the end, such as head, ends the probe.
 *
 * @throws what the system refuses, such as to write on
 * @throws ClosureError for an --output that is no journal of such a probe
 */
export async function probeMany(file: string, session: ProbeSession): Promise<ExitCode> {
  try {
    return await probeList(file, session)
  } catch (error) {
    if (!isOfStdout(error, session.options)) throw error
    // What else may be wrong with stdout is told where it is heard of.
    return codeOf(error) === 'EPIPE' ? exitCodes.done : exitCodes.failed
  }
}

async function probeList(file: string, { prober, options, expected }: ProbeSession): Promise<ExitCode> {
  const { output, concurrency = 20, rate } = options
  // The progress alone needs it, and a terminal alone has that.
  const total = file === '-' || !process.stderr.isTTY ? undefined : await linesIn(file)
  const header = { kind: 'close-notify-probe', settings: prober.settings }
  const [seen, before] = [newCounts(), newCounts()]
  const count = (counts: Counts, result: ProbeResult): void => {
    if (hasFailed(result)) counts.failed += 1
    const deviations = expected?.deviationsOf(result)
    if (expected !== undefined && deviations === undefined) process.stderr.write(renderUnexpected(result))
    if (deviations === undefined || deviations.length === 0) return
    counts.deviating += 1
    process.stderr.write(renderDeviations(deviations, layoutOf('a file')))
  }
  const journal =
    output === undefined
      ? journalTo<ProbeResult>(process.stdout, header)
      : await openJournal<ProbeResult>(output, header, (result) => {
          if (isResult(result)) count(before, result)
        })
  let badLines = 0
  const progress = displayProgress(process.stderr, 'hosts', total === undefined ? '{value} {what}' : undefined)
  const source = file === '-' ? process.stdin : createReadStream(file)
  try {
    const outcome = await interruptible(async (signal) => {
      const outcome = await runCampaign<ProbeResult>({
        targets: targetsOf(hostsOf(source), (line, reason) => {
          badLines += 1
          process.stderr.write(`line ${line} is left out: ${reason}\n`)
        }),
        run: (target, stop) => prober.probe(target, stop),
        failed: (target, reason) => prober.failed(target, failureOf(reason)),
        concurrency,
        ratePerSecond: rate,
        timeout: Math.min(prober.totalTimeout + grace, longestTimer),
        signal,
        journal,
        onResult: (result) => count(seen, result),
        onProgress: ({ done }) => progress.show(done, total ?? 0),
      })
      signal.throwIfAborted()
      return outcome
    }).finally(() => progress.stop())
    process.stderr.write(`${summaryOf(outcome, { seen, before, badLines })}\n`)
    const isAllRight =
      [seen, before].every(({ failed, deviating }) => failed === 0 && deviating === 0) && badLines === 0
    return isAllRight ? exitCodes.done : exitCodes.failed
  } finally {
    source.destroy()
    await journal.close()
  }
}

function isOfStdout(error: unknown, { output }: ProbeCommandOptions): boolean {
  return output === undefined && error instanceof Error && 'syscall' in error && error.syscall === 'write'
}

/** A host of which no version could be probed. */
export function hasFailed({ versions }: ProbeResult): boolean {
  return versions.every(({ kind }) => kind === 'failed')
}

/** Whatever it is, it is one host's, and the others have their results; unless none of them could be probed now. */
function failureOf(reason: FailureReason): Failure {
  if (reason.kind === 'timeout') return outOfTime('connect')
  const { error } = reason
  if (isExhaustion(error)) throw error
  const detail = error instanceof Error ? error.message : String(error)
  const isOfTarget = error instanceof ClosureError && error.code === 'ERR_CLOSURE_INVALID_ARGUMENT'
  return { stage: 'connect', reason: isOfTarget ? 'not-a-target' : 'library', detail }
}

function summaryOf(
  { done, failed, skipped }: CampaignOutcome,
  { seen, before, badLines }: { readonly seen: Counts; readonly before: Counts; readonly badLines: number },
): string {
  const parts = [
    `${done + failed} hosts, ${seen.failed} of which could not be probed`,
    ...(skipped > 0 ? [`${skipped} skipped that had a result, or came twice`] : []),
    ...(before.failed > 0 ? [`${before.failed} could not be probed before`] : []),
    ...(seen.deviating + before.deviating > 0 ? [`${seen.deviating + before.deviating} other than expected`] : []),
    ...(badLines > 0 ? [`${badLines} bad lines`] : []),
  ]
  return parts.join('; ')
}

/** For the progress. What is no regular file has no known length, and must not be opened twice: a FIFO, for one. */
async function linesIn(file: string): Promise<number | undefined> {
  if (!(await stat(file)).isFile()) return undefined
  let lines = 0
  for await (const chunk of createReadStream(file)) {
    const bytes: unknown = chunk
    if (bytes instanceof Uint8Array) for (const byte of bytes) if (byte === 0x0a) lines += 1
  }
  return lines
}
