/** Measures one client: has it assessed, and judged on the wire in the situations that tell most. */
import process from 'node:process'
import { assess, type AssessOptions } from '../../lib/lab/assess/assess.js'
import { type AssessedRun, type Assessment, nameOfRun } from '../../lib/lab/assess/result.js'
import { packageVersion } from '../../lib/lab/version.js'
import type { ServerProfileName } from '../../lib/lab/peers/profiles.js'
import { explain } from '../../benchmarks/support/explain.js'
import type { AssessedClient, FieldClient, JudgedClient, PreparedClient } from './client.js'
import { ClientLooks, seenIn } from './client-looks.js'
import type { KeptRun, MeasuredClient } from './client-result.js'
import { type ClientJudgeOptions, meetClient, type Situation, situations } from './judge/client-judge.js'
import { makePlace, type Place } from './place.js'
import type { NotMeasured } from './result.js'

export interface ClientRoundOptions {
  /** All profiles, where none are named. */
  readonly profiles?: readonly ServerProfileName[]
  /** How often more it meets what cuts a response: what RST does to a client may depend on the moment. */
  readonly repeats: number
  readonly signal: AbortSignal
  readonly onRun?: (name: string) => void
}

export async function measureClient(
  client: FieldClient,
  options: ClientRoundOptions,
): Promise<MeasuredClient | NotMeasured> {
  const { name, title } = client
  const place = await makePlace(name)
  try {
    if (client.kind === 'judged') return await judgedClient(client, place, options)
    let prepared: PreparedClient
    try {
      prepared = await client.prepare(place)
    } catch (error) {
      return { outcome: 'failed', name, title, why: explain(error) }
    }
    return await measurePrepared(client, prepared, place, options)
  } finally {
    await place.remove()
  }
}

async function judgedClient(
  { name, title, look }: JudgedClient,
  place: Place,
  { signal, onRun = () => {} }: ClientRoundOptions,
): Promise<MeasuredClient | NotMeasured> {
  onRun('on the wire')
  const found = await look(place, { timeout: patience, signal })
  return {
    ...{ outcome: 'measured', name, title, version: found.version, library: found.library },
    date: new Date().toISOString().slice(0, 10),
    madeBy: { 'close-notify': packageVersion(), node: process.versions.node },
    ...{ timeout: patience, control: 0, runs: [], closings: {}, sights: found.sights, differences: [] },
  }
}

/** A program that takes so long hangs. Each of these starts within a tenth of that where the machine is idle. */
const patience = 5000

const cutting: readonly ServerProfileName[] = [
  ...(['truncates', 'truncates-by-reset', 'truncates-by-close-notify', 'fin-mid-record'] as const),
]

/** Lab and judge look once each; where they differ, so many times, for a client may not do the same each time. */
const looks = 5

async function measurePrepared(
  { name, title, content, timeout = patience }: AssessedClient,
  { command, version, library }: PreparedClient,
  place: Place,
  { profiles, repeats, signal, onRun = () => {} }: ClientRoundOptions,
): Promise<MeasuredClient | NotMeasured> {
  const own: AssessOptions = { timeout, signal, ...(content !== undefined && { content }) }
  const assessed = (wanted: readonly ServerProfileName[] | undefined): Promise<Assessment> =>
    assess(command, {
      ...own,
      ...(wanted !== undefined && { profiles: wanted }),
      onRun: (run, done, total) => onRun(`${nameOfRun(run)}, ${done} of ${total}`),
    })
  const first = await assessed(profiles)
  if (first.summary.verdict === 'not assessable') {
    const { stderr, verdict } = first.control
    return { outcome: 'failed', name, title, why: `a server that does everything right was ${verdict}: ${stderr}` }
  }
  const all = [...first.runs]
  for (let repeat = 0; repeat < repeats; repeat++) all.push(...(await assessed(cutting)).runs)

  const found = new ClientLooks()
  const asked: Situation[] = []
  const { credentials, folder } = place
  const judged: ClientJudgeOptions = { command, timeout, credentials, folder, signal, content: content ?? lines }
  for (const situation of situations) {
    onRun(`${situation}, on the wire`)
    const known = first.runs.find((run) => isIn(situation, run, first.settings.body))
    if (known === undefined) continue
    asked.push(situation)
    found.add(situation, seenIn(known), await meetClient(situation, judged))
    for (let look = 1; look < looks && found.differences.length > 0; look++) {
      const again = await assess(command, { ...own, profiles: [situation] })
      const run = again.runs.find((each) => isIn(situation, each, first.settings.body))
      if (run !== undefined) found.add(situation, seenIn(run), await meetClient(situation, judged))
    }
  }
  return {
    ...{ outcome: 'measured', name, title, version, library },
    date: first.date.slice(0, 10),
    ...{ madeBy: first.madeBy, timeout, control: first.control.ms },
    runs: first.runs.map((run) => keptRun(run, all)),
    closings: Object.fromEntries(asked.map((situation) => [situation, found.closingsAt(situation)])),
    differences: found.differences,
  }
}

/** The judge's responses are framed by Content-Length, and are cut in the middle. */
function isIn(situation: Situation, { profile, framing, sent }: AssessedRun, body: number): boolean {
  if (profile !== situation || framing !== 'content-length') return false
  return sent.kind !== 'cut' || sent.at === Math.floor(body / 2)
}

/** A body as long as that of an assessment. */
const lines = Buffer.alloc(20_000, 'close_notify\n')

/** Without what is of this machine: its ports, paths and messages. */
function keptRun(run: AssessedRun, all: readonly AssessedRun[]): KeptRun {
  const { profile, framing, sent, exitCode, ms, printed, connections } = run
  const same = all.filter((each) => nameOfRun(each) === nameOfRun(run))
  const verdicts = [...new Set(same.map(({ verdict }) => verdict))]
  const closings = connections.map(({ other }) => other.closing)
  return { profile, framing, sent, exitCode, ms, printed, verdicts, closings }
}
