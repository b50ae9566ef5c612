/**
 * `npm start`: what quiet, unidirectional and bidirectional closing cost beside Node's own `end()`. What is timed is
 * defined in closing.ts, the order of things in measure.ts.
 *
 * Exit codes: 0 complete, 1 failed, 2 wrong options, 130 and 143 interrupted (after printing what there is).
 */
import { setMaxListeners } from 'node:events'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { explain } from '../../support/explain.js'
import { describeMachine, describeVersions } from '../../support/machine.js'
import { displayProgress } from '../../support/progress.js'
import { seededRandom } from '../../support/random.js'
import { emptyRows, measure } from './measure.js'
import { startNetwork } from './network.js'
import type { Network } from './network.js'
import { parseOptions } from './options.js'
import type { Options } from './options.js'
import { definitions, relayResults, rowResult } from './result.js'
import type { Result } from './result.js'
import { renderTable } from './table.js'

/** Why a run was ended from outside. */
type End =
  | { readonly kind: 'interrupted'; readonly exitCode: 130 | 143 }
  | { readonly kind: 'failed'; readonly error: unknown }

const parsed = parseOptions(process.argv.slice(2))
process.exitCode = parsed.kind === 'run' ? await main(parsed.options) : parsed.code

async function main(options: Options): Promise<number> {
  const startedAt = new Date()
  const began = performance.now()
  const machine = describeMachine()
  const rows = emptyRows(options.rtts)
  const end = await run(options, rows)

  const result: Result = {
    benchmark: 'closing-cost',
    definitions,
    machine,
    versions: describeVersions(),
    protocol: 'TLSv1.3',
    startedAt: startedAt.toISOString(),
    command: ['node', path.relative('', process.argv[1] ?? ''), ...process.argv.slice(2)],
    seed: options.seed,
    seconds: (performance.now() - began) / 1000,
    outcome: end?.kind ?? 'complete',
    relays: relayResults(rows),
    rows: rows.map(rowResult),
  }
  if (end?.kind !== 'failed' || rows.some((row) => row.samples.length > 0)) process.stdout.write(renderTable(result))
  if (end?.kind === 'failed') process.stderr.write(`error: ${explain(end.error)}\n`)
  if (options.json !== undefined) {
    try {
      writeFileSync(options.json, JSON.stringify(result, null, 1) + '\n')
    } catch (error) {
      process.stderr.write(`error: the result could not be written: ${explain(error)}\n`)
      return 1
    }
  }
  return end === undefined ? 0 : end.kind === 'failed' ? 1 : end.exitCode
}

/** Fills the rows; returns what ended the run before its time, if anything did. Nothing of it is left afterwards. */
async function run(options: Options, rows: ReturnType<typeof emptyRows>): Promise<End | undefined> {
  const controller = new AbortController()
  // Each connection that is being opened listens.
  setMaxListeners(0, controller.signal)
  let end: End | undefined
  const finish = (reason: End): void => {
    // Asked twice to stop: at once. The children go when their channel to us does.
    if (end?.kind === 'interrupted' && reason.kind === 'interrupted') process.exit(reason.exitCode)
    end ??= reason
    controller.abort()
  }
  const onSigint = (): void => finish({ kind: 'interrupted', exitCode: 130 })
  const onSigterm = (): void => finish({ kind: 'interrupted', exitCode: 143 })
  process.on('SIGINT', onSigint)
  process.on('SIGTERM', onSigterm)

  const progress = displayProgress(process.stderr)
  let network: Network | undefined
  try {
    network = await startNetwork(options.rtts, (error) => finish({ kind: 'failed', error }))
    process.stderr.write(`${network.description}\n`)
    const plan = { ...options, random: seededRandom(options.seed) }
    await measure(plan, network, rows, controller.signal, ({ phase, fraction, closings }) =>
      progress.show({ phase, fraction, note: `${closings} closings` }),
    )
  } catch (error) {
    // A connection that fails may be all that we know yet of a process that died.
    if (!controller.signal.aborted) await network?.check()
    finish({ kind: 'failed', error })
  } finally {
    progress.stop()
    await network?.stop()
    process.off('SIGINT', onSigint)
    process.off('SIGTERM', onSigterm)
  }
  return end
}
