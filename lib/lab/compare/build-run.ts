// One build in processes of its own: one, unless a scenario crashes it. Then the next process goes on behind that one.
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { commandFor } from '../builds.js'
import type { Build } from '../builds.js'
import { credentialsFor } from '../credentials.js'
import type { Crash, ScenarioResult } from './comparison.js'
import { isReport } from './messages.js'
import type { Order, Report, Run } from './messages.js'

/** Whether a build could be loaded, and a result for each run if so. */
export interface BuildOutcome {
  readonly load: Loaded | NotLoaded | { readonly type: 'crashed'; readonly crash: Crash }
  readonly results: readonly ScenarioResult[]
  readonly crashedAtExit?: Crash
}

type Loaded = Extract<Report, { type: 'loaded' }>
type NotLoaded = Extract<Report, { type: 'not-loaded' }>

/** Rejects with the signal's reason when that aborts; the process is gone by then. */
export async function runBuild(
  build: Build,
  runs: readonly Run[],
  signal: AbortSignal,
  onResult: (result: ScenarioResult) => void,
): Promise<BuildOutcome> {
  const credentials = await credentialsFor('localhost')
  const results: ScenarioResult[] = []
  const add = (result: ScenarioResult): void => {
    results.push(result)
    onResult(result)
  }
  let loaded: Loaded | undefined
  for (;;) {
    signal.throwIfAborted()
    let notLoaded: NotLoaded | undefined
    const order: Order = { type: 'order', ...paths(build), credentials, runs: runs.slice(results.length) }
    const crash = await runProcess(build, order, signal, (report) => {
      if (report.type === 'loaded') loaded ??= report
      else if (report.type === 'not-loaded') notLoaded = report
      else add(report.result)
    })
    signal.throwIfAborted()
    if (loaded === undefined) return { load: notLoaded ?? { type: 'crashed', crash: crash ?? silentEnd }, results }
    if (results.length === runs.length) return { load: loaded, results, ...(crash && { crashedAtExit: crash }) }
    // It ended within the run whose result is missing.
    add({ kind: 'crashed', crash: crash ?? silentEnd })
    if (results.length === runs.length) return { load: loaded, results }
  }
}

const silentEnd: Crash = { how: 'exit code 0', said: '' }

function paths({ libssl, libcrypto }: Build): Pick<Order, 'libssl' | 'libcrypto'> {
  return { ...(libssl !== undefined && { libssl }), ...(libcrypto !== undefined && { libcrypto }) }
}

const program = fileURLToPath(new URL('build-process.js', import.meta.url))

/** A process that says nothing for so long hangs. A scenario takes milliseconds. */
const silenceLimit = 60_000

/** ms: a Ctrl-C goes to the whole group, and the death of a child can be heard before our own signal. */
const ownSignalDelay = 300

/** Resolves when the process is gone, with how it ended if that was not as it should. */
function runProcess(
  build: Build,
  order: Order,
  signal: AbortSignal,
  onReport: (report: Report) => void,
): Promise<Crash | undefined> {
  const { command, args } = commandFor(build, [program])
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  let said = ''
  let ended: string | undefined
  const end = (how: string): void => {
    ended ??= how
    child.kill('SIGKILL')
  }
  const onAbort = (): void => end('aborted')
  const silence = setTimeout(() => end(`no answer for ${silenceLimit / 1000} s`), silenceLimit)

  signal.addEventListener('abort', onAbort)
  child.stderr?.on('data', (data: Buffer) => {
    said = (said + data.toString()).slice(-4096)
  })
  child.on('message', (message) => {
    silence.refresh()
    if (isReport(message)) onReport(message)
  })
  // Where it cannot be sent the process is ending, and 'close' reports that.
  child.send(order, () => {})

  return new Promise((resolve) => {
    child.on('error', (error) => end(`it could not be started: ${error.message}`))
    child.on('close', (code, killedBy) => {
      clearTimeout(silence)
      signal.removeEventListener('abort', onAbort)
      if (code === 0) {
        resolve(undefined)
        return
      }
      const crash = { how: ended ?? killedBy ?? `exit code ${code}`, said: said.trim() }
      if (killedBy !== 'SIGINT' && killedBy !== 'SIGTERM') resolve(crash)
      else void sleep(ownSignalDelay).then(() => resolve(crash))
    })
  })
}
